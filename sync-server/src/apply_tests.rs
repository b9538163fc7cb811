use std::collections::HashMap;

use shared::change::Operation;
use shared::change::hash::ChainHash;
use shared::domain::{FieldMap, Value};
use shared::ids::{DeviceId, HouseholdId, WorkerId};
use uuid::Uuid;

use shared::domain::household;

use super::*;
use crate::testing::TestPhone;

const GRID: &str = "130803001001-01";
const OTHER_GRID: &str = "130803001001-02";

fn a_phone(number: u8, area: &str) -> TestPhone {
    TestPhone::new(
        DeviceId(Uuid::from_bytes([number; 16])),
        WorkerId(Uuid::from_bytes([100 + number; 16])),
        area,
    )
}

/// Takes everything that a phone recorded, in turn, when its worker has these areas; gives the codes, empty for what
/// was applied.
fn take(assigned: &[&str], phone: &TestPhone) -> Vec<&'static str> {
    let push = phone.incoming(phone.push_from(1));
    let operations = push.operations().unwrap().take(usize::MAX).unwrap();
    let mut batch = a_batch(assigned);
    let take = |prepared| batch.take(prepared).err().map_or("", |rejection| rejection.code);
    operations.iter().map(take).collect()
}

fn a_batch(assigned: &[&str]) -> Batch<'static> {
    let code = |text: &&str| AreaCode::new(text).unwrap();
    let areas = [GRID, OTHER_GRID].iter().map(code).collect();
    let spans = assigned
        .iter()
        .map(|area| AssignmentSpan {
            area: code(area),
            ended_at: None,
        })
        .collect();
    Batch::new(
        HashMap::new(),
        areas,
        Sender {
            role: Role::Member,
            spans,
            known_until: 0,
            vouches: None,
        },
        FormerAreas::default(),
        crate::testing::TEST_START_MS,
    )
}

#[test]
fn what_a_record_names_must_exist_in_its_area() {
    let mut phone = a_phone(1, GRID);
    let here = phone.household("1-1-101");
    phone.visit(here, "");
    phone.area = AreaCode::new(OTHER_GRID).unwrap();
    phone.visit(here, "names a household of another grid");
    phone.visit(HouseholdId(Uuid::from_bytes([9; 16])), "names nothing");
    let visit = phone.operations[1].record;
    phone.photo(visit, b"lamp");
    phone.resident(here, "王秀英");
    let codes = take(&["130803001001"], &phone);
    let unknown = "reference.unknown";
    assert_eq!(codes, ["", "", unknown, unknown, unknown, unknown]);
}

#[test]
fn a_household_is_merged_into_one_of_its_own_area_only() {
    let mut phone = a_phone(1, GRID);
    let (one, other) = (phone.household("1-1-101"), phone.household("1-1-101"));
    phone.area = AreaCode::new(OTHER_GRID).unwrap();
    let away = phone.household("1-1-101");
    phone.area = AreaCode::new(GRID).unwrap();
    let record = RecordRef::new(RecordKind::HOUSEHOLD, one);
    for into in [
        Some(other),
        None,
        Some(away),
        Some(HouseholdId(Uuid::from_bytes([9; 16]))),
    ] {
        let into = into.map_or(Value::Null, |id| Value::Id(id.0));
        let same = FieldMap::from_iter([(household::MERGED_INTO, into)]);
        let mut change = RecordState::change_to(RecordKind::HOUSEHOLD, None, same);
        if change.writes.is_empty() {
            change = a_removed_pointer();
        }
        phone.record(record, change);
    }
    let unknown = "reference.unknown";
    let codes = take(&["130803001001"], &phone);
    assert_eq!(codes, ["", "", "", "", "", unknown, unknown]);
    // Whoever works elsewhere may not.
    assert!(
        take(&[OTHER_GRID], &phone)[3..]
            .iter()
            .all(|code| *code == "area.not_assigned")
    );
}

fn a_removed_pointer() -> shared::change::Change {
    shared::change::Change {
        writes: vec![Write {
            field: household::MERGED_INTO,
            value: Value::Null,
            seen: Default::default(),
        }],
        ..Default::default()
    }
}

#[test]
fn a_record_is_changed_only_in_its_own_area() {
    let mut phone = a_phone(1, GRID);
    let household = phone.household("1-1-101");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household);
    let note = FieldMap::from_iter([(shared::domain::household::NOTE, Value::text("moved"))]);
    phone.area = AreaCode::new(OTHER_GRID).unwrap();
    phone.record(record, RecordState::change_to(RecordKind::HOUSEHOLD, None, note));
    assert_eq!(take(&["130803001001"], &phone), ["", "record.other_area"]);
    assert_eq!(take(&[GRID], &phone), ["", "area.not_assigned"]);
}

#[test]
fn an_area_that_nobody_imported_is_unknown() {
    let mut phone = a_phone(1, "130803001001-77");
    phone.household("1-1-101");
    assert_eq!(take(&["130803001001"], &phone), ["area.unknown"]);
}

#[test]
fn a_photo_names_its_owner_and_its_kind_together() {
    let mut phone = a_phone(1, GRID);
    let household = phone.household("1-1-101");
    let visit = phone.visit(household, "");
    phone.photo(visit, b"lamp");
    let photo = phone.operations[2].record;
    let owner = FieldMap::from_iter([(photo_owner(), Value::Id(household.0))]);
    phone.record(photo, RecordState::change_to(RecordKind::PHOTO, None, owner));
    assert_eq!(take(&[GRID], &phone), ["", "", "", "photo.owner_missing"]);
}

fn photo_owner() -> FieldId {
    shared::domain::photo::OWNER
}

#[test]
fn a_record_cannot_grow_without_end() {
    let mut phone = a_phone(1, GRID);
    let household = phone.household("1-1-101");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, household);
    for field in 100..140 {
        let much = FieldMap::from_iter([(FieldId(field), Value::Bytes(vec![field; 16 * 1024]))]);
        phone.record(record, RecordState::change_to(RecordKind::HOUSEHOLD, None, much));
    }
    let codes = take(&[GRID], &phone);
    let applied = codes.iter().filter(|code| code.is_empty()).count();
    assert!((30..33).contains(&applied), "{applied}");
    assert_eq!(codes.last(), Some(&"record.too_large"));
}

#[test]
fn operations_out_of_sequence_or_of_several_devices_are_no_push() {
    let mut phone = a_phone(1, GRID);
    for door in ["1-1-101", "1-1-201", "1-1-301"] {
        phone.household(door);
    }
    let of = |operations: Vec<Operation>| {
        let after = operations
            .iter()
            .fold(ChainHash::default(), |chain, operation| chain.then(operation));
        IncomingPush::of(ChainHash::default(), after, &operations)?
            .operations()?
            .check_rest()
    };
    let [a, b, c] = [0, 1, 2].map(|index: usize| phone.operations[index].clone());
    assert_eq!(of(vec![a.clone(), b.clone()]), Ok(()));
    assert_eq!(of(vec![a.clone(), c.clone()]), Err(PushRefusal::Damaged));
    let foreign = Operation {
        author: WorkerId(Uuid::nil()),
        ..b.clone()
    };
    assert_eq!(of(vec![a.clone(), foreign]), Err(PushRefusal::Damaged));
    assert_eq!(of(vec![]), Err(PushRefusal::Damaged));
    let zero = Operation { seq: 0, ..a.clone() };
    assert_eq!(of(vec![zero]), Err(PushRefusal::Damaged));
    let last = Operation {
        seq: u64::MAX,
        ..a.clone()
    };
    assert_eq!(of(vec![last]), Err(PushRefusal::Damaged));
    let push = IncomingPush::of(ChainHash::default(), ChainHash([7; 32]), &[a]).unwrap();
    assert_eq!(push.operations().unwrap().check_rest(), Err(PushRefusal::Chain));
}
