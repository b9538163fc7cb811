//! The bytes of every shipped protocol version still decode, and version 1 is still written as it was.
//!
//! A fixture is never changed once shipped. `KOUMEN_WRITE_FIXTURES=1` writes the missing ones of a new version.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use shared::change::encode::{PushOrigin, decode_pull, decode_push, encode_pull, encode_push};
use shared::change::hash::{CHAIN_START, canonical_bytes};
use shared::change::{AppliedOperation, Change, MemberEdit, Operation, Seen, Write};
use shared::crdt::RecordState;
use shared::domain::area::Area;
use shared::domain::issue::{Event, Step};
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::Value;
use shared::domain::visit::{Outcome, Phrase, Purpose, Visit};
use shared::domain::worker::{Role, Worker};
use shared::domain::{CalendarDate, Need, resident};
use shared::ids::{EpochId, HouseholdId, ResidentId, WorkerId};
use shared::protocol::v1::{
    self, AreaPage, Directory, PROTOCOL_VERSION, ParkedNotice, Push, Receipt, SyncReply, SyncRequest,
};
use shared::testing::{FakeDevice, a_grid};
use uuid::Uuid;

fn id(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

/// One operation of every kind of change.
fn operations() -> Vec<Operation> {
    let mut device = FakeDevice::numbered(3);
    let visit = Visit {
        household: HouseholdId(id(1)),
        outcome: Outcome::Met,
        met: vec![ResidentId(id(2))],
        purpose: Purpose::Care,
        phrases: vec![Phrase::AllWell],
        note: "楼道灯坏了,老人夜里看不清台阶".to_owned(),
        needs: vec![Need::LivesAlone, Need::Mobility],
        promise: "周五前换灯".to_owned(),
        promise_due: CalendarDate::parse("2026-11-27"),
        promise_kept_on: None,
        started_at: 1_795_000_000_000,
    };
    let seen: Seen = [crdts::Dot::new(FakeDevice::numbered(4).device, 7)]
        .into_iter()
        .collect();
    let write = |field, value, seen: &Seen| Write {
        field,
        value,
        seen: seen.clone(),
    };
    let edit = Change {
        writes: vec![write(
            resident::PHONES,
            Value::Texts(vec!["12011111111".into()]),
            &seen,
        )],
        members: vec![
            MemberEdit {
                field: resident::NEEDS,
                member: 1,
                removes: None,
            },
            MemberEdit {
                field: resident::NEEDS,
                member: 4,
                removes: Some(seen.clone()),
            },
        ],
        ..Change::default()
    };
    let step = Event {
        step: Step::Assigned.number(),
        note: "请尽快".into(),
        target: "物业".into(),
    };
    let later = Change {
        writes: vec![write(FieldId(200), Value::Bytes(vec![1, 2, 3]), &Seen::default())],
        ..Change::default()
    };
    let visit_change = RecordState::change_to(RecordKind::VISIT, None, visit.to_fields());
    vec![
        device.operation(
            1_795_000_000_001,
            RecordRef::new(RecordKind::VISIT, id(5)),
            visit_change,
        ),
        device.operation(
            1_795_000_000_002,
            RecordRef::new(RecordKind::RESIDENT, id(2)),
            edit,
        ),
        device.operation(
            1_795_000_000_002,
            RecordRef::new(RecordKind::ISSUE, id(6)),
            Change {
                event: Some(step),
                ..Change::default()
            },
        ),
        device.operation(
            1_795_000_000_003,
            RecordRef::new(RecordKind::RESIDENT, id(2)),
            Change {
                removal: Some(seen),
                ..Change::default()
            },
        ),
        device.operation(
            1_795_000_000_004,
            RecordRef {
                kind: RecordKind(77),
                id: id(8),
            },
            later,
        ),
    ]
}

fn applied() -> Vec<AppliedOperation> {
    let applied = |operation: Operation| AppliedOperation {
        applied_at: 1_795_000_100_000 + operation.seq,
        operation,
    };
    operations().into_iter().map(applied).collect()
}

fn request() -> SyncRequest {
    let operations = operations();
    SyncRequest {
        protocol: PROTOCOL_VERSION,
        epoch: Some(EpochId(id(9))),
        push: Some(Push {
            first_seq: 1,
            chain_before: CHAIN_START,
            chain_after: operations
                .iter()
                .fold(CHAIN_START, |chain, operation| chain.then(operation)),
            page: encode_push(&operations),
        }),
        cursors: BTreeMap::from([(a_grid(), 42)]),
        directory_version: 3,
        operations_max: 4_000,
        extensions: vec![(1, vec![7])],
    }
}

fn reply() -> SyncReply {
    let chain = operations()
        .iter()
        .fold(CHAIN_START, |chain, operation| chain.then(operation));
    SyncReply {
        protocol: PROTOCOL_VERSION,
        epoch: EpochId(id(9)),
        now_ms: 1_795_000_200_000,
        receipt: Receipt {
            through_seq: 5,
            chain,
            applied_at: 1_795_000_100_000,
            applied_from_seq: 2,
        },
        parked: vec![ParkedNotice {
            seq: 4,
            code: "area.not_assigned".into(),
        }],
        scope: vec![a_grid()],
        pages: vec![AreaPage {
            area: a_grid(),
            page: encode_pull(&applied()),
            cursor: 47,
            remaining: 3,
        }],
        directory: Some(Directory {
            version: 4,
            areas: vec![Area {
                code: a_grid(),
                name: "第1网格".into(),
            }],
            workers: vec![Worker {
                id: WorkerId(id(10)),
                name: "赵网格".into(),
                role: Role::Member,
            }],
        }),
        extensions: Vec::new(),
    }
}

fn fixture(name: &str, written: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/protocol/v1")
        .join(name);
    if !path.exists() && std::env::var_os("KOUMEN_WRITE_FIXTURES").is_some() {
        fs::create_dir_all(path.parent().expect("the path has a folder")).expect("the folder is made");
        fs::write(&path, written).expect("the fixture is written");
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_pushed_page_is_written_and_read_as_in_version_1() {
    let written = encode_push(&operations());
    let frozen = fixture("push_page.bin", &written);
    assert_eq!(written, frozen);
    let device = FakeDevice::numbered(3);
    let origin = PushOrigin {
        device: device.device,
        author: device.worker,
        first_seq: 1,
    };
    assert_eq!(decode_push(&frozen, origin), Ok(operations()));
}

#[test]
fn a_pulled_page_is_written_and_read_as_in_version_1() {
    let written = encode_pull(&applied());
    let frozen = fixture("pull_page.bin", &written);
    assert_eq!(written, frozen);
    assert_eq!(decode_pull(&frozen), Ok(applied()));
}

#[test]
fn the_bytes_that_are_hashed_are_those_of_version_1() {
    let written: Vec<u8> = operations().iter().flat_map(canonical_bytes).collect();
    assert_eq!(written, fixture("canonical_operations.bin", &written));
    let chain = operations()
        .iter()
        .fold(CHAIN_START, |chain, operation| chain.then(operation));
    assert_eq!(chain.0.to_vec(), fixture("chain.bin", &chain.0));
}

#[test]
fn a_request_and_a_reply_are_read_as_in_version_1() {
    // The frame's packing may improve; what is unpacked may not change.
    let written = v1::encode(&request());
    let frozen = fixture("sync_request.bin", &written);
    assert_eq!(v1::decode::<SyncRequest>(&frozen), Ok(request()));
    let written = v1::encode(&reply());
    let frozen = fixture("sync_reply.bin", &written);
    assert_eq!(v1::decode::<SyncReply>(&frozen), Ok(reply()));
}
