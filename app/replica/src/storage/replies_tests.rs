use shared::clock::Stamp;
use shared::crdt::RecordState;
use shared::domain::photo::Photo;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::worker::Role;
use shared::domain::{FieldMap, Household};
use shared::ids::{DeviceId, EpochId, PhotoHash, WorkerId};
use shared::protocol::set_aside::as_extension;
use shared::protocol::v1::PROTOCOL_VERSION;
use uuid::Uuid;

use super::*;
use crate::storage::operations;
use crate::storage::recorder;
use crate::storage::recorder::Author;
use crate::storage::{Home, prepare};

const NOW: u64 = 1_800_000_000_000;
const DAY: u64 = 86_400_000;

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

fn here() -> AreaCode {
    area("130803001001-01")
}

fn household() -> RecordRef {
    RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_u128(7))
}

/// A device that is assigned an area.
fn device() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    let transaction = connection.transaction().unwrap();
    assigned::begin(&transaction, &here()).unwrap();
    transaction.commit().unwrap();
    connection
}

/// Records a household, by a clock that shows `now_ms`.
fn record(connection: &mut Connection, area: &AreaCode, now_ms: u64) {
    let fields = Household {
        door: "3-2-501".to_owned(),
        ..Household::default()
    };
    record_as(connection, area, household(), fields.to_fields(), now_ms);
}

fn record_as(connection: &mut Connection, area: &AreaCode, record: RecordRef, fields: FieldMap, now_ms: u64) {
    let author = Author {
        device: DeviceId(Uuid::from_u128(1)),
        worker: WorkerId(Uuid::from_u128(2)),
        role: Role::Member,
        now_ms,
    };
    let change = RecordState::change_to(record.kind, None, fields);
    let transaction = connection.transaction().unwrap();
    recorder::perform(&transaction, author, area, record, change).unwrap();
    transaction.commit().unwrap();
}

fn hear(connection: &mut Connection, life: u128, through_seq: u64, applied_at: u64) -> SyncReply {
    let chain = own_operations::chain_at(connection, through_seq).unwrap();
    SyncReply {
        protocol: PROTOCOL_VERSION,
        epoch: EpochId(Uuid::from_u128(life)),
        now_ms: applied_at,
        receipt: Receipt {
            through_seq,
            chain: chain.unwrap_or_default(),
            applied_at,
            applied_from_seq: 1,
        },
        parked: Vec::new(),
        scope: vec![here()],
        pages: Vec::new(),
        directory: None,
        extensions: Vec::new(),
    }
}

fn keep(connection: &mut Connection, told: &SyncReply) {
    let transaction = connection.transaction().unwrap();
    apply(&transaction, told, NOW).unwrap();
    transaction.commit().unwrap();
}

fn dated(connection: &Connection) -> u64 {
    let state = records::load(connection, household()).unwrap().unwrap();
    let Stamp { ms, .. } = state.origin().stamp;
    ms
}

/// Seed 933 of the simulation: a phone whose clock ran ahead showed the date of the life that was lost.
#[test]
fn a_restored_server_dates_anew() {
    let mut connection = device();
    record(&mut connection, &here(), NOW + 10 * DAY);
    let first = hear(&mut connection, 1, 1, NOW);
    keep(&mut connection, &first);
    assert_eq!(dated(&connection), NOW, "ten days ahead counts as now");
    let restored = hear(&mut connection, 2, 0, 0);
    keep(&mut connection, &restored);
    assert_eq!(operations::count_waiting(&connection).unwrap(), 1);
    let second = hear(&mut connection, 2, 1, NOW + 20 * DAY);
    keep(&mut connection, &second);
    assert_eq!(
        dated(&connection),
        NOW + 10 * DAY,
        "when it comes again its time is past"
    );
}

/// Seed 2019 of the simulation: a form was finished after its area had gone to somebody else, and stayed for ever.
#[test]
fn what_is_recorded_where_the_area_has_gone_is_removed_once_receipted() {
    let mut connection = device();
    record(&mut connection, &area("130803001001-02"), NOW);
    let before = hear(&mut connection, 1, 0, NOW);
    keep(&mut connection, &before);
    assert!(
        records::load(&connection, household()).unwrap().is_some(),
        "it is not sent"
    );
    let receipted = hear(&mut connection, 1, 1, NOW);
    keep(&mut connection, &receipted);
    assert!(records::load(&connection, household()).unwrap().is_none());
}

/// Also where nothing is handed out: the area may be another's by then.
#[test]
fn the_photo_of_what_was_set_aside_is_tried_again_when_its_record_has_come() {
    let mut connection = device();
    let hash = PhotoHash::of(b"lamp");
    let photo = Photo {
        owner: RecordRef::new(RecordKind::VISIT, Uuid::from_u128(9)),
        hash,
        taken_at: NOW,
        size: 4,
        width: 64,
        height: 48,
        thumbnail: Vec::new(),
    };
    let record = RecordRef::new(RecordKind::PHOTO, Uuid::from_u128(8));
    record_as(&mut connection, &here(), record, photo.to_fields(), NOW);
    let refused = |connection: &Connection| -> u64 {
        let count = "SELECT count(*) FROM photo_upload WHERE code <> ''";
        connection.query_row(count, [], |row| row.get(0)).unwrap()
    };
    uploads::refuse(&connection, hash, "photo.unknown").unwrap();
    let mut told = hear(&mut connection, 1, 1, NOW);
    keep(&mut connection, &told);
    assert_eq!(refused(&connection), 1);
    told.extensions = vec![as_extension(&[1]).unwrap()];
    keep(&mut connection, &told);
    assert_eq!(refused(&connection), 0);
}

#[test]
fn what_was_set_aside_is_uploaded_when_its_record_has_come() {
    let mut connection = device();
    record(&mut connection, &here(), NOW);
    let mut parked = hear(&mut connection, 1, 1, NOW);
    parked.parked = vec![ParkedNotice {
        seq: 1,
        code: "reference.unknown".to_owned(),
    }];
    keep(&mut connection, &parked);
    assert_eq!(operations::set_aside(&connection, 9).unwrap(), [1]);
    let mut applied = hear(&mut connection, 1, 1, NOW);
    applied.extensions = vec![as_extension(&[1]).unwrap()];
    keep(&mut connection, &applied);
    assert_eq!(operations::set_aside(&connection, 9).unwrap(), [0_u64; 0]);
    assert_eq!(operations::count_waiting(&connection).unwrap(), 0);
}
