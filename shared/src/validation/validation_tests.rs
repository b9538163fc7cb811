use uuid::Uuid;

use super::*;
use crate::change::{MemberEdit, Seen, Write};
use crate::domain::schema::{FieldId, RecordRef};
use crate::domain::visit::{self, Outcome, Purpose, Visit};
use crate::domain::{care_rule, category, household, resident};
use crate::ids::HouseholdId;
use crate::testing::FakeDevice;

fn a_visit() -> Visit {
    Visit {
        household: HouseholdId(Uuid::from_bytes([1; 16])),
        outcome: Outcome::Met,
        met: Vec::new(),
        purpose: Purpose::Routine,
        phrases: Vec::new(),
        note: "楼道灯坏了".into(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        promise_kept_on: None,
        started_at: 1_790_000_000_000,
    }
}

fn check(fields: FieldMap, expect: Result<(), &'static str>) {
    let change = RecordState::change_to(RecordKind::VISIT, None, fields);
    let record = RecordRef::new(RecordKind::VISIT, Uuid::from_bytes([2; 16]));
    let operation = FakeDevice::numbered(1).operation(1_790_000_000_000, record, change);
    assert_eq!(
        validate(&operation, None).map_err(|rejection| rejection.code),
        expect
    );
}

fn with(field: FieldId, value: Value) -> FieldMap {
    let mut fields = a_visit().to_fields();
    fields.insert(field, value);
    fields
}

#[test]
fn a_plain_visit_is_accepted() {
    check(a_visit().to_fields(), Ok(()));
}

#[test]
fn what_a_visit_cannot_be_saved_with() {
    check(with(visit::OUTCOME, Value::Null), Err("visit.outcome_missing"));
    check(with(visit::OUTCOME, Value::Int(99)), Err("visit.outcome_unknown"));
    check(with(visit::OUTCOME, Value::Int(-1)), Err("visit.outcome_unknown"));
    check(with(visit::NOTE, Value::Int(3)), Err("field.wrong_shape"));
    check(
        with(visit::NOTE, Value::Text("长".repeat(2_001))),
        Err("text.too_long"),
    );
    check(
        with(visit::NOTE, Value::text("a\u{0}b")),
        Err("text.control_character"),
    );
    check(
        with(visit::NOTE, Value::text("身份证11010519491231002X")),
        Err("text.identity_number"),
    );
    check(
        with(visit::NEEDS, Value::Numbers(vec![1, 77])),
        Err("need.unknown"),
    );
    check(
        with(visit::PROMISE_DUE, Value::Int(20_261_121)),
        Err("visit.promise_missing"),
    );
    check(
        with(visit::STARTED_AT, Value::Int(i64::MAX)),
        Err("time.out_of_range"),
    );
}

#[test]
fn a_field_of_a_later_version_is_accepted_within_its_bound() {
    check(with(FieldId(200), Value::text("later")), Ok(()));
    check(
        with(FieldId(200), Value::Bytes(vec![0; UNKNOWN_VALUE_BYTES_MAX + 1])),
        Err("field.too_long"),
    );
}

#[test]
fn a_label_that_is_no_need_cannot_be_recorded() {
    let record = RecordRef::new(RecordKind::RESIDENT, Uuid::from_bytes([3; 16]));
    let resident = resident::Resident::named(HouseholdId(Uuid::from_bytes([1; 16])), "单春");
    let mut change = RecordState::change_to(RecordKind::RESIDENT, None, resident.to_fields());
    change.members.push(MemberEdit {
        field: resident::NEEDS,
        member: 11,
        removes: None,
    });
    let operation = FakeDevice::numbered(1).operation(5, record, change);
    assert_eq!(
        validate(&operation, None),
        Err(Rejection::of("need.unknown").at(resident::NEEDS))
    );
}

#[test]
fn nobody_has_seen_their_own_future() {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_bytes([3; 16]));
    let mut device = FakeDevice::numbered(1);
    let seen: Seen = [crdts::Dot::new(device.device, 9)].into_iter().collect();
    let write = Write {
        field: household::DOOR,
        value: Value::text("3-2-501"),
        seen,
    };
    let change = Change {
        writes: vec![write],
        ..Change::default()
    };
    let operation = device.operation(5, record, change);
    assert_eq!(
        validate(&operation, None),
        Err(Rejection::of("change.seen_the_future"))
    );
}

#[test]
fn a_record_is_not_the_same_as_itself() {
    let record = RecordRef::new(RecordKind::HOUSEHOLD, Uuid::from_bytes([3; 16]));
    let into = |id: Uuid| {
        let mut change = RecordState::change_to(
            record.kind,
            None,
            FieldMap::from_iter([(household::DOOR, Value::text("3-2-501"))]),
        );
        let pointer = FieldMap::from_iter([(household::MERGED_INTO, Value::Id(id))]);
        change
            .writes
            .extend(RecordState::change_to(record.kind, None, pointer).writes);
        validate(&FakeDevice::numbered(1).operation(5, record, change), None)
    };
    assert_eq!(into(Uuid::from_bytes([4; 16])), Ok(()));
    let refused = Rejection::of("merge.into_itself");
    assert_eq!(into(record.id), Err(refused));
}

#[test]
fn a_door_is_kept_in_its_canonical_spelling() {
    let fields = |door: &str| FieldMap::from_iter([(household::DOOR, Value::text(door))]);
    assert_eq!(validate_fields(RecordKind::HOUSEHOLD, &fields("3-2-501")), Ok(()));
    let refused = Rejection::of("household.door_not_canonical").at(household::DOOR);
    assert_eq!(
        validate_fields(RecordKind::HOUSEHOLD, &fields("3栋2单元501室")),
        Err(refused)
    );
}

#[test]
fn a_refusal_names_the_field_that_it_concerns() {
    let at = |kind, fields: FieldMap| validate_fields(kind, &fields).unwrap_err().field;
    let resident = |field, value| {
        let named = resident::Resident::named(HouseholdId(Uuid::from_bytes([1; 16])), "单春");
        let mut fields = named.to_fields();
        fields.insert(field, value);
        at(RecordKind::RESIDENT, fields)
    };
    assert_eq!(resident(resident::NAME, Value::Null), Some(resident::NAME));
    assert_eq!(
        resident(resident::NAME, Value::text(&"长".repeat(400))),
        Some(resident::NAME)
    );
    assert_eq!(
        resident(resident::BIRTH_YEAR, Value::Int(0)),
        Some(resident::BIRTH_YEAR)
    );
    let phones = Value::texts(&["转801".to_owned()]);
    assert_eq!(resident(resident::PHONES, phones), Some(resident::PHONES));
    let noted = FieldMap::from_iter([
        (household::DOOR, Value::text("3-2-501")),
        (household::NOTE, Value::text("110101199003078515")),
    ]);
    assert_eq!(at(RecordKind::HOUSEHOLD, noted), Some(household::NOTE));
    assert_eq!(at(RecordKind::HOUSEHOLD, FieldMap::new()), Some(household::DOOR));
}

/// A newer app knows a need more; whoever has this one goes on working with the resident.
#[test]
fn a_member_that_a_later_version_added_stands_in_nobodys_way() {
    let record = RecordRef::new(RecordKind::RESIDENT, Uuid::from_bytes([3; 16]));
    let named = resident::Resident::named(HouseholdId(Uuid::from_bytes([1; 16])), "单春");
    let mut amina = FakeDevice::numbered(1);
    let made = RecordState::change_to(record.kind, None, named.to_fields());
    let mut state = RecordState::start(&amina.operation(5, record, made), None);
    let of_a_later_version = FieldMap::from_iter([(resident::NEEDS, Value::Numbers(vec![99]))]);
    let added = RecordState::change_to(record.kind, Some(&state), of_a_later_version);
    let added = amina.operation(6, record, added);
    assert_eq!(validate(&added, Some(&state)).unwrap_err().code, "need.unknown");
    state.apply(&added, None);
    let renamed = state.settle(resident::NAME, Value::text("单春燕"));
    assert_eq!(
        validate(&amina.operation(7, record, renamed), Some(&state)),
        Ok(())
    );
}

#[test]
fn days_that_contradict_each_other_are_refused_at_the_second_of_them() {
    let category = |accept: i64, finish: i64| {
        let fields = FieldMap::from_iter([
            (category::NAME, Value::text("路灯")),
            (category::BASE, Value::Int(1)),
            (category::ACCEPT_DAYS, Value::Int(accept)),
            (category::FINISH_DAYS, Value::Int(finish)),
        ]);
        validate_fields(RecordKind::CATEGORY, &fields).err()
    };
    assert_eq!(category(2, 2), None);
    let refused = Rejection::of("category.finished_before_accepted").at(category::FINISH_DAYS);
    assert_eq!(category(3, 2), Some(refused));
    let impossible = Rejection::of("days.impossible").at(category::ACCEPT_DAYS);
    assert_eq!(category(0, 2), Some(impossible));
    let rule = |at_least: i64, at_most: i64| {
        let fields = FieldMap::from_iter([
            (care_rule::NEED, Value::Int(1)),
            (care_rule::AT_LEAST_DAYS, Value::Int(at_least)),
            (care_rule::AT_MOST_DAYS, Value::Int(at_most)),
        ]);
        validate_fields(RecordKind::CARE_RULE, &fields).err()
    };
    assert_eq!(rule(30, 30), None);
    let refused = Rejection::of("care_rule.at_most_beyond_at_least").at(care_rule::AT_MOST_DAYS);
    assert_eq!(rule(7, 30), Some(refused));
}

/// What is decided lies in a common area, and nothing else does.
#[test]
fn a_record_lies_where_its_kind_reaches_from() {
    let common = AreaCode::new("130803001001").unwrap().common().unwrap();
    let grid = AreaCode::new("130803001001-01").unwrap();
    let made = |kind, field, value, area: &AreaCode| {
        let record = RecordRef::new(kind, Uuid::from_bytes([9; 16]));
        let fields = FieldMap::from_iter([(field, value)]);
        let change = RecordState::change_to(kind, None, fields);
        let mut operation = FakeDevice::numbered(1).operation(1, record, change);
        operation.area = area.clone();
        validate(&operation, None).err().map(|refused| refused.code)
    };
    let rule = |area| made(RecordKind::CARE_RULE, care_rule::NEED, Value::Int(1), area);
    let household = |area| {
        made(
            RecordKind::HOUSEHOLD,
            household::DOOR,
            Value::text("3-2-501"),
            area,
        )
    };
    assert_eq!((rule(&common), rule(&grid)), (None, Some("area.other_reach")));
    assert_eq!(
        (household(&common), household(&grid)),
        (Some("area.other_reach"), None)
    );
}
