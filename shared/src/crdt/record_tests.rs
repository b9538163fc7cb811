use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::schema::RecordRef;
use crate::domain::{household, resident};
use crate::testing::FakeDevice;

fn record() -> RecordRef {
    RecordRef::new(RecordKind::RESIDENT, Uuid::from_bytes([9; 16]))
}

fn phones(number: &str) -> FieldMap {
    FieldMap::from_iter([(resident::PHONES, Value::Texts(vec![number.to_owned()]))])
}

fn edit(device: &mut FakeDevice, state: &RecordState, now: u64, wanted: FieldMap) -> Operation {
    let change = RecordState::change_to(RecordKind::RESIDENT, Some(state), wanted);
    device.operation(now, record(), change)
}

fn created() -> (FakeDevice, RecordState) {
    let mut office = FakeDevice::numbered(1);
    let mut wanted = phones("12000000000");
    wanted.insert(resident::NEEDS, Value::Numbers(vec![1, 4]));
    let change = RecordState::change_to(RecordKind::RESIDENT, None, wanted);
    let operation = office.operation(1_000, record(), change);
    (office, RecordState::start(&operation, Some(1_000)))
}

#[test]
fn two_phones_that_change_the_same_number_leave_one_shown_and_one_conflict() {
    let (_, base) = created();
    let (mut amina, mut joao) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let of_amina = edit(&mut amina, &base, 2_000, phones("12011111111"));
    let of_joao = edit(&mut joao, &base, 3_000, phones("12022222222"));
    let mut left = base.clone();
    left.apply(&of_amina, Some(5_000));
    left.apply(&of_joao, Some(5_000));
    let mut right = base.clone();
    right.apply(&of_joao, Some(5_000));
    right.apply(&of_amina, Some(5_000));
    assert!(left.looks_like(&right));
    assert_eq!(
        left.values()[&resident::PHONES],
        Value::Texts(vec!["12022222222".into()])
    );
    let conflicts = left.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].values.len(), 2);
    assert_eq!(conflicts[0].values[1].origin.author, amina.worker);

    // The supervisor brings the other value back; that is itself an edit, and ends the conflict.
    let mut supervisor = FakeDevice::numbered(4);
    let change = left.settle(resident::PHONES, conflicts[0].values[1].value.clone());
    let restore = supervisor.operation(6_000, record(), change);
    left.apply(&restore, Some(6_000));
    assert_eq!(
        left.values()[&resident::PHONES],
        Value::Texts(vec!["12011111111".into()])
    );
    assert!(left.conflicts().is_empty());
}

#[test]
fn different_fields_both_survive() {
    let (_, base) = created();
    let (mut amina, mut joao) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let mut merged = base.clone();
    merged.apply(&edit(&mut amina, &base, 2_000, phones("12011111111")), None);
    let name = FieldMap::from_iter([(resident::NAME, Value::text("单春"))]);
    merged.apply(&edit(&mut joao, &base, 2_000, name), None);
    assert_eq!(merged.values()[&resident::NAME], Value::text("单春"));
    assert_eq!(
        merged.values()[&resident::PHONES],
        Value::Texts(vec!["12011111111".into()])
    );
    assert!(merged.conflicts().is_empty());
}

#[test]
fn an_addition_beats_a_concurrent_removal_of_the_same_need() {
    let (_, base) = created();
    let (mut amina, mut joao) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let without = FieldMap::from_iter([(resident::NEEDS, Value::Numbers(vec![4]))]);
    let removed = edit(&mut amina, &base, 2_000, without);
    // Joao had not seen need 1 at all and adds it anew.
    let change = Change {
        members: vec![MemberEdit {
            field: resident::NEEDS,
            member: 1,
            removes: None,
        }],
        ..Change::default()
    };
    let added = joao.operation(2_000, record(), change);
    let mut merged = base.clone();
    merged.apply(&removed, None);
    assert_eq!(merged.values()[&resident::NEEDS], Value::Numbers(vec![4]));
    merged.apply(&added, None);
    assert_eq!(merged.values()[&resident::NEEDS], Value::Numbers(vec![1, 4]));
}

#[test]
fn late_edit_survives_a_delete() {
    let (_, base) = created();
    let (mut amina, mut joao) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let removal = amina.operation(2_000, record(), base.removal());
    let edited = edit(&mut joao, &base, 1_500, phones("12022222222"));
    let mut merged = base.clone();
    merged.apply(&removal, None);
    assert!(merged.is_removed());
    merged.apply(&edited, None);
    assert!(!merged.is_removed());
    assert!(merged.is_kept_by_edit(RecordKind::RESIDENT));
    assert_eq!(
        merged.values()[&resident::PHONES],
        Value::Texts(vec!["12022222222".into()])
    );
    assert_eq!(merged.last_removal().unwrap().author, amina.worker);
    assert_eq!(merged.edit_beside_removal().unwrap().author, joao.worker);
}

#[test]
fn who_keeps_a_removed_record_having_seen_the_removal_ends_the_mark() {
    let kind = RecordKind::RESIDENT;
    let (_, base) = created();
    let (mut amina, mut joao) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let removal = amina.operation(2_000, record(), base.removal());
    let edited = edit(&mut joao, &base, 1_500, phones("12022222222"));
    let mut merged = base.clone();
    merged.apply(&removal, None);
    // Brought back without any edit beside it: no mark.
    let mut brought_back = merged.clone();
    let back = joao.operation(2_500, record(), brought_back.keep(kind).unwrap());
    brought_back.apply(&back, None);
    assert!(!brought_back.is_removed() && !brought_back.is_kept_by_edit(kind));

    merged.apply(&edited, None);
    let kept = joao.operation(3_000, record(), merged.keep(kind).unwrap());
    merged.apply(&kept, None);
    assert!(!merged.is_removed() && !merged.is_kept_by_edit(kind));
    // A removal that had not seen the decision marks it again; one that had is final.
    let mut lin = FakeDevice::numbered(4);
    let mut blind = merged.clone();
    blind.apply(&lin.operation(4_000, record(), base.removal()), None);
    assert!(blind.is_kept_by_edit(kind));
    let again = lin.operation(5_000, record(), merged.removal());
    merged.apply(&again, None);
    assert!(merged.is_removed());
}

#[test]
fn a_phone_three_days_ahead_does_not_win_by_it() {
    let (_, base) = created();
    let (mut ahead, mut honest) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let forged = edit(&mut ahead, &base, 3 * 86_400_000, phones("12011111111"));
    let later = edit(&mut honest, &base, 20_000, phones("12022222222"));
    let mut merged = base.clone();
    merged.apply(&forged, Some(10_000));
    merged.apply(&later, Some(21_000));
    assert_eq!(
        merged.values()[&resident::PHONES],
        Value::Texts(vec!["12022222222".into()])
    );
    // Without the server's time (the guard off) the forged one would win.
    let mut unguarded = base.clone();
    unguarded.apply(&forged, None);
    unguarded.apply(&later, None);
    assert_eq!(
        unguarded.values()[&resident::PHONES],
        Value::Texts(vec!["12011111111".into()])
    );
}

#[test]
fn an_own_edit_is_dated_anew_when_the_receipt_says_so() {
    let (_, base) = created();
    let (mut ahead, mut honest) = (FakeDevice::numbered(2), FakeDevice::numbered(3));
    let forged = edit(&mut ahead, &base, 3 * 86_400_000, phones("12011111111"));
    let later = edit(&mut honest, &base, 20_000, phones("12022222222"));
    let mut on_phone = base.clone();
    on_phone.apply(&forged, None);
    on_phone.apply(&later, Some(21_000));
    on_phone.apply(&forged, Some(10_000));
    let mut on_server = base;
    on_server.apply(&forged, Some(10_000));
    on_server.apply(&later, Some(21_000));
    assert!(on_phone.looks_like(&on_server));
}

#[test]
fn an_untouched_record_packs_into_little_more_than_its_origin() {
    let (_, base) = created();
    let clocks = base.pack_clocks(RecordKind::RESIDENT);
    assert!(clocks.len() <= 55, "{}", clocks.len());
}

#[test]
fn a_field_of_a_later_version_is_kept() {
    let mut office = FakeDevice::numbered(1);
    let unknown = FieldMap::from_iter([
        (FieldId(200), Value::text("later")),
        (household::NOTE, Value::text("n")),
    ]);
    let change = RecordState::change_to(RecordKind::HOUSEHOLD, None, unknown.clone());
    let state = RecordState::start(&office.operation(1, record(), change), None);
    assert_eq!(state.values(), unknown);
    let clocks = state.pack_clocks(RecordKind::HOUSEHOLD);
    let back = RecordState::unpack(RecordKind::HOUSEHOLD, state.area().clone(), &unknown, &clocks).unwrap();
    assert!(back.looks_like(&state));
}

/// Three devices edit from what they have seen so far, and exchange now and then.
fn operations(script: &[(u8, u8, u8, bool)]) -> Vec<Operation> {
    let (_, base) = created();
    let mut devices = [
        FakeDevice::numbered(2),
        FakeDevice::numbered(3),
        FakeDevice::numbered(4),
    ];
    let mut states = [base.clone(), base.clone(), base];
    let mut all = Vec::new();
    for (step, (who, what, value, exchange)) in script.iter().enumerate() {
        let who = usize::from(*who % 3);
        let state = &mut states[who];
        let change = match what % 7 {
            5 => {
                let into = Value::Id(Uuid::from_u128(u128::from(value % 3)));
                state.settle(
                    resident::MERGED_INTO,
                    if value % 3 == 0 { Value::Null } else { into },
                )
            }
            6 => state.keep(RecordKind::RESIDENT).unwrap(),
            0 => RecordState::change_to(
                RecordKind::RESIDENT,
                Some(state),
                phones(&format!("1200000000{}", value % 4)),
            ),
            1 => {
                let needs = Value::Numbers((1..=u64::from(value % 4)).collect());
                RecordState::change_to(
                    RecordKind::RESIDENT,
                    Some(state),
                    FieldMap::from_iter([(resident::NEEDS, needs)]),
                )
            }
            2 => state.removal(),
            3 => {
                let event = Event {
                    step: u64::from(value % 12),
                    note: String::new(),
                    target: String::new(),
                };
                let mut change = RecordState::step(Some(state), event);
                // Some come from apps that do not say what was seen.
                change.writes.retain(|_| value % 3 > 0);
                change
            }
            _ => state.settle(
                resident::PHONES,
                Value::Texts(vec![format!("1209999999{}", value % 4)]),
            ),
        };
        let operation = devices[who].operation(2_000 + step as u64 * u64::from(*value), record(), change);
        state.apply(&operation, None);
        all.push(operation);
        if *exchange {
            for other in &all {
                states[who].apply(other, None);
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn any_order_and_repetition_gives_the_same_state(
        script in proptest::collection::vec(any::<(u8, u8, u8, bool)>(), 1..24),
        order in proptest::collection::vec(any::<u16>(), 48),
    ) {
        let all = operations(&script);
        let (_, base) = created();
        let mut forward = base.clone();
        for operation in &all {
            forward.apply(operation, Some(1_000_000));
        }
        let mut shuffled = base.clone();
        for pick in &order {
            shuffled.apply(&all[usize::from(*pick) % all.len()], Some(1_000_000));
        }
        for operation in all.iter().rev() {
            shuffled.apply(operation, Some(1_000_000));
        }
        prop_assert!(forward.looks_like(&shuffled));
        let kind = RecordKind::RESIDENT;
        prop_assert_eq!(forward.is_kept_by_edit(kind), shuffled.is_kept_by_edit(kind));
        prop_assert_eq!(forward.life(RecordKind::ISSUE), shuffled.life(RecordKind::ISSUE));
    }

    #[test]
    fn packing_loses_nothing(script in proptest::collection::vec(any::<(u8, u8, u8, bool)>(), 0..24)) {
        let (_, mut state) = created();
        for operation in operations(&script) {
            state.apply(&operation, Some(1_000_000));
            let clocks = state.pack_clocks(RecordKind::RESIDENT);
            let back = RecordState::unpack(RecordKind::RESIDENT, state.area().clone(), &state.values(), &clocks).unwrap();
            prop_assert!(back.looks_like(&state));
            prop_assert_eq!(&back.edits, &state.edits);
            let whole = RecordState::unpack_whole(RecordKind::RESIDENT, &state.pack_whole(RecordKind::RESIDENT)).unwrap();
            prop_assert!(whole.looks_like(&state));
            state = back;
        }
    }

    #[test]
    fn any_blob_is_refused_without_a_panic(blob in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = RecordState::unpack_whole(RecordKind::RESIDENT, &blob);
    }
}
