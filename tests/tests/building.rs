//! A building as one stands in front of it: how each door stands, what counts for it, and which door comes next.

use std::time::Instant;

use replica::api::{self, DoorCell, DraftBody, DraftSeen, VisitDraft, WalkOn};
use shared::domain::household::{DoorWarning, Tenure};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, PROMISE_KEPT_ON, Purpose};
use shared::domain::worker::Role;
use shared::domain::{CalendarDate, Household};
use shared::ids::{AreaCode, HouseholdId, VisitId};
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

fn today(phone: &Phone) -> CalendarDate {
    CalendarDate::of_ms(phone.now_ms.get())
}

fn add(phone: &mut Phone, household: Household) -> HouseholdId {
    let area = grid();
    HouseholdId(phone.call(api::AddHousehold { area, household }).id)
}

fn cells(phone: &mut Phone, building: &str) -> Vec<DoorCell> {
    let mut cells = phone.call(api::Building {
        area: grid(),
        building: building.to_owned(),
    });
    cells.sort_by(|a, b| a.door.cmp(&b.door));
    cells
}

fn cell(phone: &mut Phone, building: &str, household: HouseholdId) -> DoorCell {
    let cells = cells(phone, building);
    let found = cells.into_iter().find(|cell| cell.household == household);
    found.expect("the door is drawn")
}

/// How the door stands, and the day that belongs to it.
fn stands(phone: &mut Phone, household: HouseholdId) -> (&'static str, Option<CalendarDate>) {
    let cell = cell(phone, "3", household);
    (cell.state.code(), cell.day)
}

fn visit(
    phone: &mut Phone,
    household: HouseholdId,
    outcome: Outcome,
    promise: Option<Option<CalendarDate>>,
) -> VisitId {
    let id = phone.draft_id();
    let body = DraftBody::Visit(VisitDraft {
        household,
        outcome: Some(outcome),
        met: Vec::new(),
        purpose: Some(Purpose::Routine),
        phrases: Vec::new(),
        note: String::new(),
        needs: Vec::new(),
        promise: promise.map(|_| "带血压计来".to_owned()).unwrap_or_default(),
        promise_due: promise.flatten(),
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

fn next(phone: &mut Phone, building: &str, after: Option<HouseholdId>) -> WalkOn {
    phone.call(api::NextDoor {
        area: grid(),
        building: building.to_owned(),
        after,
    })
}

fn doors(cells: &[DoorCell]) -> Vec<&str> {
    cells.iter().map(|cell| cell.door.as_str()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn a_door_says_how_the_last_visit_went_and_on_which_day() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    assert_eq!(stands(&mut amina, house), ("not_visited", None));
    for outcome in Outcome::ALL {
        amina.advance(DAY_MS);
        visit(&mut amina, house, *outcome, None);
        let day = Some(today(&amina));
        assert_eq!(stands(&mut amina, house), (outcome.code(), day));
    }
    let record = RecordRef::new(RecordKind::VISIT, visit(&mut amina, house, Outcome::Met, None));
    assert_eq!(stands(&mut amina, house).0, "met");
    amina.call(api::Remove { record });
    assert_eq!(
        stands(&mut amina, house).0,
        "postponed",
        "a visit that was taken back"
    );
    let neighbour = amina.add_household("3-2-502");
    assert_eq!(stands(&mut amina, neighbour), ("not_visited", None));
}

#[tokio::test(flavor = "current_thread")]
async fn a_promise_stands_on_the_door_until_it_is_kept_and_is_due_on_its_day() {
    let (_world, mut amina) = one().await;
    let house = amina.add_household("3-2-501");
    let day = today(&amina).plus_days(2);
    let someday = visit(&mut amina, house, Outcome::Met, Some(None));
    assert_eq!(stands(&mut amina, house), ("promised", None));
    let dated = visit(&mut amina, house, Outcome::Met, Some(Some(day)));
    visit(
        &mut amina,
        house,
        Outcome::NotAtHome,
        Some(Some(day.plus_days(3))),
    );
    assert_eq!(
        stands(&mut amina, house),
        ("promised", Some(day)),
        "the first one due"
    );
    amina.advance(2 * DAY_MS);
    assert_eq!(stands(&mut amina, house), ("due", Some(day)));
    let keep = |phone: &mut Phone, visit: VisitId| {
        let record = RecordRef::new(RecordKind::VISIT, visit);
        let fields = FieldMap::from_iter([(PROMISE_KEPT_ON, Value::Int(today(phone).number()))]);
        phone.call(api::SaveFields { record, fields });
    };
    keep(&mut amina, dated);
    assert_eq!(stands(&mut amina, house), ("promised", Some(day.plus_days(3))));
    keep(&mut amina, someday);
    assert_eq!(stands(&mut amina, house), ("promised", Some(day.plus_days(3))));
}

#[tokio::test(flavor = "current_thread")]
async fn who_asked_not_to_be_visited_is_said_before_anything_else_and_ends_on_the_day() {
    let (_world, mut amina) = one().await;
    let day = today(&amina).plus_days(2);
    let house = add(
        &mut amina,
        Household {
            door: "3-2-501".to_owned(),
            no_visit_before: Some(day),
            ..Household::default()
        },
    );
    let empty = add(
        &mut amina,
        Household {
            door: "3-2-502".to_owned(),
            tenure: Some(Tenure::Vacant),
            ..Household::default()
        },
    );
    let promised = Some(Some(today(&amina)));
    visit(&mut amina, house, Outcome::Met, promised);
    assert_eq!(stands(&mut amina, house), ("no_visit", Some(day)));
    assert_eq!(stands(&mut amina, empty), ("vacant", None));
    amina.advance(2 * DAY_MS);
    assert_eq!(stands(&mut amina, house).0, "due");
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_merged_record_knows_counts_for_the_door_that_is_drawn() {
    let (_world, mut amina) = one().await;
    let day = today(&amina).plus_days(9);
    let kept = amina.add_household("3-2-501");
    let gone = add(
        &mut amina,
        Household {
            door: "3-2-501".to_owned(),
            warnings: vec![DoorWarning::Dog],
            not_alone: true,
            ..Household::default()
        },
    );
    amina.add_resident(kept, "王秀英", "12000000001");
    amina.add_resident(gone, "王建国", "12000000002");
    visit(&mut amina, kept, Outcome::NotAtHome, None);
    amina.advance(DAY_MS);
    visit(&mut amina, gone, Outcome::Met, None);
    assert_eq!(cells(&mut amina, "3").len(), 2, "two households behind one door");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, gone);
    amina.call(api::MergeInto { record, kept: kept.0 });
    assert_eq!(cells(&mut amina, "3").len(), 1);
    let drawn = cell(&mut amina, "3", kept);
    assert_eq!(
        drawn.state.code(),
        "met",
        "the later visit, whichever record has it"
    );
    assert_eq!(drawn.warnings, [DoorWarning::Dog]);
    assert!(drawn.not_alone);
    assert_eq!(drawn.names, ["王秀英", "王建国"]);
    visit(&mut amina, gone, Outcome::Met, Some(Some(day)));
    assert_eq!(stands(&mut amina, kept), ("promised", Some(day)));
    amina.call(api::Separate { record });
    assert_eq!(stands(&mut amina, kept).0, "not_at_home");
}

#[tokio::test(flavor = "current_thread")]
async fn a_building_holds_its_own_doors_and_houses_stand_in_rows() {
    let (_world, mut amina) = one().await;
    for door in ["3-2-501", "3-101", "东区·3-2-501", "12号", "9号", "3组·12号"] {
        amina.add_household(door);
    }
    amina.add_household_in(OTHER_GRID, "3-2-502");
    let removed = amina.add_household("3-2-503");
    let record = RecordRef::new(RecordKind::HOUSEHOLD, removed);
    amina.call(api::Remove { record });
    assert_eq!(doors(&cells(&mut amina, "3")), ["3-101", "3-2-501"]);
    assert_eq!(doors(&cells(&mut amina, "东区·3")), ["东区·3-2-501"]);
    assert_eq!(doors(&cells(&mut amina, "号")), ["12号", "9号"]);
    assert_eq!(doors(&cells(&mut amina, "3组")), ["3组·12号"]);
    let listed = amina.call(api::Buildings { area: Some(grid()) });
    let mut names: Vec<_> = listed.into_iter().map(|listed| listed.building).collect();
    names.sort();
    assert_eq!(names, ["3", "3组", "东区·3", "号"]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_walk_goes_to_each_door_once_a_day_and_says_whom_it_passes_by() {
    let (_world, mut amina) = one().await;
    let day = today(&amina).plus_days(9);
    let mut here = None;
    for door in ["3-1-101", "3-1-201", "3-2-101"] {
        amina.add_household(door);
    }
    let left_alone = Household {
        door: "3-1-102".to_owned(),
        no_visit_before: Some(day),
        ..Household::default()
    };
    let empty = Household {
        door: "3-1-202".to_owned(),
        tenure: Some(Tenure::Vacant),
        ..Household::default()
    };
    add(&mut amina, left_alone);
    add(&mut amina, empty);
    let mut walked = Vec::new();
    let mut passed = Vec::new();
    for _ in 0..3 {
        let on = next(&mut amina, "3", here);
        passed.extend(on.passed.into_iter().map(|cell| cell.door));
        let door = on.next.expect("there is another door");
        visit(&mut amina, door.household, Outcome::NotAtHome, None);
        here = Some(door.household);
        walked.push(door.door);
    }
    assert_eq!(walked, ["3-1-101", "3-1-201", "3-2-101"]);
    assert_eq!(passed, ["3-1-102", "3-1-202"]);
    let done = next(&mut amina, "3", here);
    assert_eq!(done.next, None);
    assert_eq!(
        doors(&done.passed),
        ["3-1-102", "3-1-202"],
        "not those that were knocked at"
    );
    // The next morning the walk begins anew.
    amina.advance(DAY_MS);
    let again = next(&mut amina, "3", None);
    assert_eq!(again.next.map(|cell| cell.door).as_deref(), Some("3-1-101"));
    assert_eq!(
        next(&mut amina, "4", None).next,
        None,
        "a building that is not there"
    );
}

/// Tells how long it takes to draw 300 doors with ten visits each; how fast the machine is, is no test's business.
#[tokio::test(flavor = "current_thread")]
async fn three_hundred_doors_are_drawn_at_once() {
    let (_world, mut amina) = one().await;
    let doors = 300;
    for number in 0..doors {
        let (unit, floor, room) = (number / 60 + 1, number / 2 % 30 + 1, number % 2 + 1);
        let house = amina.add_household(&format!("3-{unit}-{floor}{room:02}"));
        amina.add_resident(house, "王秀英", "12000000001");
        for turn in 0..10 {
            let promise = (turn == 3).then_some(None);
            visit(&mut amina, house, Outcome::Met, promise);
        }
    }
    for round in 1..=3 {
        let began = Instant::now();
        let cells = cells(&mut amina, "3");
        println!(
            "{} doors drawn in {:?}, round {round}",
            cells.len(),
            began.elapsed()
        );
        assert_eq!(cells.len(), doors);
        assert!(cells.iter().all(|cell| cell.state.code() == "promised"));
    }
}
