//! What one should know before knocking, who lives at a door already, and what was found, promised and met there.

use replica::api::{
    self, AtDoorEntry, CareDue, DraftBody, DraftSeen, HouseholdPage, HouseholdSummary, VisitDraft,
};
use shared::domain::household::{DoorWarning, NO_VISIT_BEFORE, NOT_ALONE, WARNINGS};
use shared::domain::resident::{NEEDS, PHONES};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{CalendarDate, Household, Need};
use shared::ids::{AreaCode, HouseholdId, ResidentId, VisitId};
use tests::world::{GRID, OTHER_GRID};
use tests::{Phone, World};

const DAY_MS: u64 = 24 * 3_600_000;

async fn one() -> (World, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    (world, amina)
}

fn grid() -> AreaCode {
    AreaCode::new(GRID).expect("a grid")
}

fn home(id: HouseholdId) -> RecordRef {
    RecordRef::new(RecordKind::HOUSEHOLD, id)
}

fn person(id: ResidentId) -> RecordRef {
    RecordRef::new(RecordKind::RESIDENT, id)
}

fn save(
    phone: &mut Phone,
    record: RecordRef,
    fields: impl IntoIterator<Item = (shared::domain::FieldId, Value)>,
) {
    let fields = FieldMap::from_iter(fields);
    phone.call(api::SaveFields { record, fields });
}

fn merge(phone: &mut Phone, record: RecordRef, kept: RecordRef) {
    phone.call(api::MergeInto {
        record,
        kept: kept.id,
    });
}

fn a_household(phone: &mut Phone, household: Household) -> HouseholdId {
    let area = grid();
    HouseholdId(phone.call(api::AddHousehold { area, household }).id)
}

/// Who is to be looked in on.
fn care(phone: &mut Phone) -> Vec<CareDue> {
    let list = phone.call(api::CareToday { shown: 100 });
    list.buildings
        .into_iter()
        .flat_map(|building| building.people)
        .collect()
}

fn row(phone: &mut Phone, id: HouseholdId) -> HouseholdSummary {
    let doors = phone.call(api::Doors {
        area: grid(),
        building: "3".to_owned(),
    });
    doors.into_iter().find(|row| row.id == id).expect("listed")
}

fn at_door(phone: &mut Phone, door: &str, besides: Option<HouseholdId>) -> Vec<AtDoorEntry> {
    let call = api::AtDoor {
        area: grid(),
        door: door.to_owned(),
        besides,
    };
    phone.call(call)
}

struct Met<'a> {
    met: &'a [ResidentId],
    needs: &'a [Need],
    promise: &'a str,
    due: Option<CalendarDate>,
}

const NOBODY: Met<'static> = Met {
    met: &[],
    needs: &[],
    promise: "",
    due: None,
};

fn visit(phone: &mut Phone, household: HouseholdId, what: &Met<'_>) -> VisitId {
    let id = phone.draft_id();
    let body = DraftBody::Visit(VisitDraft {
        household,
        outcome: Some(Outcome::Met),
        met: what.met.to_vec(),
        purpose: Some(Purpose::Routine),
        phrases: Vec::new(),
        note: String::new(),
        needs: what.needs.to_vec(),
        promise: what.promise.to_owned(),
        promise_due: what.due,
        started_at: phone.now_ms.get(),
    });
    phone.call(api::SaveDraft {
        id,
        body,
        seen: DraftSeen::default(),
    });
    phone.call(api::FinishDraft { id });
    VisitId(id.0)
}

fn warned(page: &HouseholdPage) -> (bool, Option<CalendarDate>, Vec<DoorWarning>) {
    let household = &page.household;
    (
        household.not_alone,
        household.no_visit_before,
        household.warnings.clone(),
    )
}

#[tokio::test(flavor = "current_thread")]
async fn merging_keeps_the_warnings_of_both_records_whichever_is_kept_and_separating_undoes_it() {
    let (_world, mut amina) = one().await;
    let day = CalendarDate::of_ms(amina.now_ms.get());
    for keeps_the_warned in [true, false] {
        let one = Household {
            door: "3-2-501".to_owned(),
            no_visit_before: Some(day.plus_days(9)),
            warnings: vec![DoorWarning::Dog],
            note: "门口有台阶".to_owned(),
            ..Household::default()
        };
        let other = Household {
            door: "3-2-501".to_owned(),
            not_alone: true,
            no_visit_before: Some(day.plus_days(3)),
            warnings: vec![DoorWarning::BellBroken],
            note: "敲窗".to_owned(),
            ..Household::default()
        };
        let (one, other) = (a_household(&mut amina, one), a_household(&mut amina, other));
        let (kept, gone) = if keeps_the_warned {
            (one, other)
        } else {
            (other, one)
        };
        merge(&mut amina, home(gone), home(kept));
        let page = amina.household(kept);
        let all = (
            true,
            Some(day.plus_days(9)),
            vec![DoorWarning::Dog, DoorWarning::BellBroken],
        );
        assert_eq!(warned(&page), all);
        assert_eq!(page.besides.len(), 1, "the other record's note is there too");
        let listed = row(&mut amina, kept);
        assert_eq!((listed.not_alone, listed.no_visit_before, listed.warnings), all);

        amina.call(api::Separate { record: home(gone) });
        let alone = (false, Some(day.plus_days(9)), vec![DoorWarning::Dog]);
        assert_eq!(warned(&amina.household(one)), alone);
        let alone = (true, Some(day.plus_days(3)), vec![DoorWarning::BellBroken]);
        assert_eq!(warned(&amina.household(other)), alone);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_warning_that_is_taken_away_is_gone_from_every_record_of_the_household() {
    let (_world, mut amina) = one().await;
    let day = CalendarDate::of_ms(amina.now_ms.get());
    let warned_of = |warnings: &[DoorWarning]| Household {
        door: "3-2-501".to_owned(),
        not_alone: true,
        no_visit_before: Some(day.plus_days(9)),
        warnings: warnings.to_vec(),
        ..Household::default()
    };
    let kept = a_household(&mut amina, warned_of(&[DoorWarning::Dog]));
    let gone = a_household(
        &mut amina,
        warned_of(&[DoorWarning::Dog, DoorWarning::BellBroken]),
    );
    merge(&mut amina, home(gone), home(kept));
    let numbers = |warnings: &[DoorWarning]| {
        let numbers = warnings.iter().map(|warning| warning.number());
        (WARNINGS, Value::numbers(numbers.collect()))
    };
    let wanted = [DoorWarning::BellBroken, DoorWarning::TelephoneFirst];
    let earlier = Some(day.plus_days(2));
    save(
        &mut amina,
        home(kept),
        [
            numbers(&wanted),
            (NOT_ALONE, Value::Null),
            (NO_VISIT_BEFORE, Value::number(earlier.map(CalendarDate::number))),
        ],
    );
    assert_eq!(warned(&amina.household(kept)), (false, earlier, wanted.to_vec()));
    amina.call(api::Separate { record: home(gone) });
    // What the other record alone had said is still its own.
    let left = (false, earlier, vec![DoorWarning::BellBroken]);
    assert_eq!(warned(&amina.household(gone)), left);
    let own = (false, earlier, vec![DoorWarning::TelephoneFirst]);
    assert_eq!(warned(&amina.household(kept)), own);
}

#[tokio::test(flavor = "current_thread")]
async fn merging_two_records_of_a_person_hides_no_need_and_no_telephone_number() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    let kept = amina.add_resident(house, "王秀英", "12000000001");
    let gone = amina.add_resident(house, "王秀英", "12000000002");
    save(
        &mut amina,
        person(gone),
        [(NEEDS, Value::numbers(vec![Need::LivesAlone.number()]))],
    );
    merge(&mut amina, person(gone), person(kept));
    let shown = |phone: &mut Phone| phone.household(house).residents[0].resident.clone();
    assert_eq!(shown(&mut amina).needs, [Need::LivesAlone]);
    assert_eq!(shown(&mut amina).phones, ["12000000001", "12000000002"]);
    assert_eq!(
        care(&mut amina).len(),
        1,
        "who lives alone is looked after under either record"
    );
    assert_eq!(row(&mut amina, house).needs, [Need::LivesAlone]);
    // Met under the record that is not shown any more: met all the same.
    visit(
        &mut amina,
        house,
        &Met {
            met: &[gone],
            ..NOBODY
        },
    );
    assert_eq!(care(&mut amina), []);
    amina.advance(7 * DAY_MS);
    assert!(care(&mut amina)[0].due.last.is_some());
    save(
        &mut amina,
        person(kept),
        [
            (NEEDS, Value::Null),
            (PHONES, Value::texts(&["12000000001".to_owned()])),
        ],
    );
    assert_eq!(shown(&mut amina).needs, []);
    assert_eq!(shown(&mut amina).phones, ["12000000001"]);
    assert_eq!(care(&mut amina), []);
}

#[tokio::test(flavor = "current_thread")]
async fn nobody_is_proposed_for_a_visit_before_the_day_that_either_record_names() {
    let (_world, mut amina) = one().await;
    let day = CalendarDate::of_ms(amina.now_ms.get());
    let kept = amina.add_household("3-2-501");
    let elder = amina.add_resident(kept, "王秀英", "12000000001");
    save(
        &mut amina,
        person(elder),
        [(NEEDS, Value::numbers(vec![Need::LivesAlone.number()]))],
    );
    assert_eq!(care(&mut amina).len(), 1);
    let limited = Household {
        door: "3-2-501".to_owned(),
        no_visit_before: Some(day.plus_days(5)),
        ..Household::default()
    };
    let gone = a_household(&mut amina, limited);
    merge(&mut amina, home(gone), home(kept));
    assert_eq!(care(&mut amina), []);
    amina.call(api::Separate { record: home(gone) });
    assert_eq!(care(&mut amina).len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_door_that_is_there_is_known_in_every_spelling() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3栋2单元501室");
    amina.add_resident(house, "王秀英", "12000000001");
    for typed in ["3-2-501", "3栋2单元501室", "３号楼２单元５０１", " 3-2-501 "] {
        let found = at_door(&mut amina, typed, None);
        assert_eq!(found.len(), 1, "{typed}");
        assert_eq!((found[0].household, found[0].same_grid), (house, true));
        assert_eq!(found[0].names, ["王秀英"]);
    }
    for typed in ["3-2-502", "3-2-50", "3", "", "三楼左手"] {
        assert_eq!(at_door(&mut amina, typed, None), [], "{typed}");
    }
    assert_eq!(at_door(&mut amina, "3-2-501", Some(house)), [], "not itself");
    // In the next grid of the community it is named, and said to lie there.
    let next = amina.add_household_in(OTHER_GRID, "3-2-502");
    let found = at_door(&mut amina, "3-2-502", None);
    assert_eq!((found[0].household, found[0].same_grid), (next, false));
    // One that is shown under another leads there, also by its own door.
    let second = amina.add_household("3-2-503");
    merge(&mut amina, home(second), home(house));
    assert_eq!(at_door(&mut amina, "3-2-503", None)[0].household, house);
    let gone = amina.add_household("3-2-504");
    amina.call(api::Remove { record: home(gone) });
    assert_eq!(at_door(&mut amina, "3-2-504", None), []);
}

#[tokio::test(flavor = "current_thread")]
async fn meeting_somebody_else_of_the_household_is_not_meeting_the_elder() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    let elder = amina.add_resident(house, "王秀英", "12000000001");
    let son = amina.add_resident(house, "王建国", "12000000002");
    save(
        &mut amina,
        person(elder),
        [(NEEDS, Value::numbers(vec![Need::LivesAlone.number()]))],
    );
    let met = |phone: &mut Phone| {
        let page = phone.household(house);
        let of = |id| {
            page.residents
                .iter()
                .find(|entry| entry.id == id)
                .and_then(|entry| entry.last_met_at)
        };
        (
            of(elder),
            of(son),
            row(phone, house).last_met_at,
            page.residents
                .iter()
                .find(|entry| entry.id == elder)
                .and_then(|entry| entry.care.standing.due?.last),
        )
    };
    amina.advance(DAY_MS);
    visit(
        &mut amina,
        house,
        &Met {
            met: &[son],
            ..NOBODY
        },
    );
    let (of_elder, of_son, of_house, due) = met(&mut amina);
    assert_eq!((of_elder, due), (None, None));
    assert!(of_son.is_some() && of_house == of_son);
    amina.advance(DAY_MS);
    visit(&mut amina, house, &NOBODY);
    let (of_elder, still, of_house, due) = met(&mut amina);
    assert_eq!(
        (of_elder, due, still),
        (None, None, of_son),
        "with nobody ticked, the household was met"
    );
    assert!(of_house > of_son);
    amina.advance(DAY_MS);
    visit(
        &mut amina,
        house,
        &Met {
            met: &[son, elder],
            ..NOBODY
        },
    );
    let (of_elder, of_son, of_house, due) = met(&mut amina);
    assert!(of_elder.is_some() && of_elder == of_son && of_elder == of_house);
    assert_eq!(of_elder.map(CalendarDate::of_ms), due);
}

#[tokio::test(flavor = "current_thread")]
async fn needs_found_with_nobody_or_several_are_shown_at_the_household_until_somebody_has_them() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    let elder = amina.add_resident(house, "王秀英", "12000000001");
    let son = amina.add_resident(house, "王建国", "12000000002");
    let found = |phone: &mut Phone| -> Vec<(VisitId, Vec<Need>)> {
        let findings = phone.household(house).findings.into_iter();
        findings.map(|finding| (finding.visit, finding.needs)).collect()
    };
    let both = [Need::Mobility, Need::ChronicIllness];
    let first = visit(
        &mut amina,
        house,
        &Met {
            needs: &both,
            ..NOBODY
        },
    );
    assert_eq!(found(&mut amina), [(first, both.to_vec())]);
    amina.advance(DAY_MS);
    let together = Met {
        met: &[elder, son],
        needs: &[Need::Mobility],
        ..NOBODY
    };
    let second = visit(&mut amina, house, &together);
    let apart = [
        (second, vec![Need::Mobility]),
        (first, vec![Need::ChronicIllness]),
    ];
    assert_eq!(found(&mut amina), apart);
    save(
        &mut amina,
        person(elder),
        [(NEEDS, Value::numbers(vec![Need::Mobility.number()]))],
    );
    assert_eq!(found(&mut amina), [(first, vec![Need::ChronicIllness])]);
    // With one person met it is theirs at once.
    amina.advance(DAY_MS);
    visit(
        &mut amina,
        house,
        &Met {
            met: &[son],
            needs: &[Need::ChronicIllness],
            ..NOBODY
        },
    );
    assert_eq!(found(&mut amina), []);
}

#[tokio::test(flavor = "current_thread")]
async fn a_promise_is_shown_at_its_household_until_it_is_kept() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    let neighbour = amina.add_household("3-2-502");
    let due = Some(CalendarDate::of_ms(amina.now_ms.get()).plus_days(2));
    let promise = Met {
        promise: "带血压计来",
        due,
        ..NOBODY
    };
    let made = visit(&mut amina, house, &promise);
    let page = amina.household(house);
    assert_eq!(
        (page.promises[0].promise.as_str(), page.promises[0].due),
        ("带血压计来", due)
    );
    assert!(amina.household(neighbour).promises.is_empty());
    let kept = (
        shared::domain::visit::PROMISE_KEPT_ON,
        Value::number(due.map(CalendarDate::number)),
    );
    save(&mut amina, RecordRef::new(RecordKind::VISIT, made), [kept]);
    assert!(amina.household(house).promises.is_empty());
}
