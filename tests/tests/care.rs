//! Who is to be looked in on: by the rules that reached the phone, the same on every phone, and with a word about a visit
//! that a colleague made already.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

use replica::api::{self, CareDue, CareList, DraftBody, DraftSeen, MetBy, RecordDraft, VisitDraft};
use shared::domain::care::{DecidedBy, Standing};
use shared::domain::household::NO_VISIT_BEFORE;
use shared::domain::resident::NEEDS;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::{Outcome, Purpose};
use shared::domain::worker::Role;
use shared::domain::{CalendarDate, Need, care_rule};
use shared::ids::{AreaCode, DraftId, HouseholdId, ResidentId};
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};

const STREET: &str = "130803001";
const DAY_MS: u64 = 24 * 3_600_000;

fn common(area: &str) -> Option<AreaCode> {
    AreaCode::new(area).ok()?.common()
}

/// A rule by its form: at least one visit in so many days, and which visits count.
fn decide(phone: &mut Phone, area: &str, need: Need, days: &str, purposes: &[Purpose]) -> RecordRef {
    let id = phone.draft_id();
    let numbers = purposes.iter().map(|purpose| purpose.number()).collect();
    let body = DraftBody::Record(RecordDraft {
        kind: RecordKind::CARE_RULE,
        area: common(area),
        fields: FieldMap::from_iter([
            (care_rule::NEED, Value::Int(need.number() as i64)),
            (care_rule::AT_LEAST_DAYS, Value::text(days)),
            (care_rule::PURPOSES, Value::numbers(numbers)),
        ]),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    phone.call(api::FinishDraft { id })
}

fn save(phone: &mut Phone, record: RecordRef, field: FieldId, value: Value) {
    let fields = FieldMap::from_iter([(field, value)]);
    phone.call(api::SaveFields { record, fields });
}

fn needs(phone: &mut Phone, person: ResidentId, needs: &[Need]) {
    let numbers = needs.iter().map(|need| need.number()).collect();
    let record = RecordRef::new(RecordKind::RESIDENT, person);
    save(phone, record, NEEDS, Value::numbers(numbers));
}

/// Somebody who lives alone behind a door.
fn elder(phone: &mut Phone, grid: &str, door: &str, name: &str) -> (HouseholdId, ResidentId) {
    let house = phone.add_household_in(grid, door);
    let elder = phone.add_resident(house, name, "12000000001");
    needs(phone, elder, &[Need::LivesAlone]);
    (house, elder)
}

/// A form of a visit on which these people are met, half done.
fn begin(phone: &mut Phone, house: HouseholdId, met: &[ResidentId], purpose: Purpose) -> DraftId {
    let id = phone.draft_id();
    let body = DraftBody::Visit(VisitDraft {
        household: house,
        outcome: Some(Outcome::Met),
        met: met.to_vec(),
        purpose: Some(purpose),
        phrases: Vec::new(),
        note: String::new(),
        needs: Vec::new(),
        promise: String::new(),
        promise_due: None,
        started_at: phone.now_ms.get(),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    id
}

fn visit(phone: &mut Phone, house: HouseholdId, met: &[ResidentId]) -> RecordRef {
    let id = begin(phone, house, met, Purpose::Care);
    phone.call(api::FinishDraft { id })
}

fn list(phone: &mut Phone) -> CareList {
    phone.call(api::CareToday { shown: 1_000 })
}

fn people(list: &CareList) -> Vec<&CareDue> {
    list.buildings
        .iter()
        .flat_map(|building| &building.people)
        .collect()
}

fn standing(phone: &mut Phone, house: HouseholdId) -> Standing {
    phone.household(house).residents[0].care.standing
}

fn today(phone: &Phone) -> CalendarDate {
    CalendarDate::of_ms(phone.now_ms.get())
}

/// Until the rule comes, what is shipped holds; from then on the rule, also where there is no signal.
#[tokio::test(flavor = "current_thread")]
async fn a_rule_of_the_community_reaches_a_member_and_holds_offline() {
    let world = World::new().await;
    let mut street = world.phone("street", Role::Supervisor, &[STREET]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let (house, person) = elder(&mut amina, GRID, "3-2-501", "王秀英");
    let due = people(&list(&mut amina))[0].due;
    assert_eq!(
        (due.every_days, due.decided_by, due.last),
        (7, DecidedBy::Shipped, None)
    );
    visit(&mut amina, house, &[person]);
    assert_eq!(list(&mut amina), CareList::default());
    amina.advance(7 * DAY_MS);
    let waiting = list(&mut amina);
    assert_eq!((waiting.total, waiting.overdue), (1, 0));
    world.settle(&mut [&mut amina, &mut street, &mut lin]).await;
    decide(&mut street, STREET, Need::LivesAlone, "9", &[]);
    world.settle(&mut [&mut street, &mut lin, &mut amina]).await;
    // Nothing is synchronised from here on.
    assert_eq!(list(&mut amina).total, 0, "nine days are not over");
    amina.advance(2 * DAY_MS);
    let due = people(&list(&mut amina))[0].due;
    assert_eq!((due.every_days, due.decided_by), (9, DecidedBy::Street));
    let ours = decide(&mut lin, COMMUNITY, Need::LivesAlone, "14", &[]);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(
        list(&mut amina).total,
        0,
        "the community decides before its street"
    );
    amina.advance(6 * DAY_MS);
    let late = list(&mut amina);
    assert_eq!((late.total, late.overdue), (1, 1), "due yesterday");
    assert_eq!(people(&late)[0].due.decided_by, DecidedBy::Community);
    // Given up, it leaves the street's.
    lin.call(api::Remove { record: ours });
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(people(&list(&mut amina))[0].due.every_days, 9);
}

#[tokio::test(flavor = "current_thread")]
async fn only_visits_of_the_purposes_of_the_rule_count() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    decide(
        &mut lin,
        COMMUNITY,
        Need::LivesAlone,
        "7",
        &[Purpose::Care, Purpose::Hospital],
    );
    let (house, person) = elder(&mut lin, GRID, "3-2-501", "王秀英");
    let id = begin(&mut lin, house, &[person], Purpose::Opinions);
    lin.call(api::FinishDraft { id });
    assert_eq!(
        people(&list(&mut lin))[0].due.last,
        None,
        "was asked for opinions only"
    );
    visit(&mut lin, house, &[person]);
    assert_eq!(list(&mut lin).total, 0);
    lin.advance(7 * DAY_MS);
    let id = begin(&mut lin, house, &[person], Purpose::Opinions);
    lin.call(api::FinishDraft { id });
    let due = people(&list(&mut lin))[0].due;
    assert_eq!(due.last, Some(today(&lin).plus_days(-7)));
    assert_eq!(standing(&mut lin, house).due, Some(due), "page and list agree");
}

/// Two members and a supervisor, each with work of their own, in every order in which it can arrive.
#[tokio::test(flavor = "current_thread")]
async fn today_is_the_same_on_two_phones_in_whatever_order_all_arrived() {
    let mut seen: Option<Vec<(String, i64, u16)>> = None;
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let mut phones = [
            world.phone("amina", Role::Member, &[GRID]).await,
            world.phone("joao", Role::Member, &[GRID]).await,
            world.phone("lin", Role::Supervisor, &[COMMUNITY]).await,
        ];
        let [amina, joao, lin] = &mut phones;
        let (first, wang) = elder(amina, GRID, "10-1-101", "王秀英");
        let (second, li) = elder(amina, GRID, "2-1-101", "李桂芳");
        world.sync(amina).await;
        world.sync(joao).await;
        world.sync(lin).await;
        // Each on their own from here on.
        visit(amina, first, &[wang]);
        joao.advance(3 * DAY_MS);
        visit(joao, first, &[wang]);
        needs(joao, li, &[Need::LivesAlone, Need::ChronicIllness]);
        elder(joao, GRID, "2-2-301", "张淑兰");
        decide(lin, COMMUNITY, Need::LivesAlone, "10", &[]);
        visit(lin, second, &[li]);
        world.server.clock.set(joao.now_ms.get());
        for phone in order {
            world.sync(&mut phones[phone]).await;
        }
        let now = phones[1].now_ms.get() + 12 * DAY_MS;
        let mut lists = Vec::new();
        for phone in &mut phones {
            world.sync(phone).await;
            phone.now_ms.set(now);
            lists.push(list(phone));
        }
        assert_eq!(lists[0], lists[1], "{order:?}");
        assert_eq!(lists[0], lists[2], "{order:?}");
        let said: Vec<(String, i64, u16)> = people(&lists[0])
            .iter()
            .map(|due| {
                (
                    due.name.clone(),
                    due.due.on.days_since(today(&phones[0])),
                    due.due.every_days,
                )
            })
            .collect();
        assert_eq!(seen.get_or_insert_with(|| said.clone()), &said, "{order:?}");
    }
    let expect = [("李桂芳", -5, 10), ("张淑兰", 0, 10), ("王秀英", -2, 10)];
    let expect = expect.map(|(name, over, days)| (name.to_owned(), over, days));
    assert_eq!(seen.unwrap_or_default(), expect, "building 2 before building 10");
}

#[tokio::test(flavor = "current_thread")]
async fn a_colleagues_visit_that_arrives_while_the_form_is_open_is_said_and_stops_nobody() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let (house, person) = elder(&mut amina, GRID, "3-2-501", "王秀英");
    world.settle(&mut [&mut amina, &mut joao]).await;
    let form = begin(&mut joao, house, &[person], Purpose::Care);
    assert_eq!(standing(&mut joao, house).too_soon, None);
    let theirs = visit(&mut amina, house, &[person]);
    let of_own = amina.household(house).residents[0].care.clone();
    assert_eq!(of_own.met_by, Some(MetBy::Oneself));
    world.settle(&mut [&mut amina, &mut joao]).await;
    let care = joao.household(house).residents[0].care.clone();
    let too_soon = care.standing.too_soon.expect("amina was there");
    assert_eq!(care.met_by, Some(MetBy::Colleague("amina".to_owned())));
    assert_eq!(
        (too_soon.last, too_soon.until),
        (today(&joao), today(&joao).plus_days(3))
    );
    // Taken back, it is as if it had not been; and nothing ever hinders a visit.
    amina.call(api::Remove { record: theirs });
    world.settle(&mut [&mut amina, &mut joao]).await;
    assert_eq!(standing(&mut joao, house).too_soon, None);
    amina.call(api::Keep { record: theirs });
    world.settle(&mut [&mut amina, &mut joao]).await;
    assert!(standing(&mut joao, house).too_soon.is_some());
    joao.call(api::FinishDraft { id: form });
    assert_eq!(joao.household(house).visits.len(), 2);
    joao.advance(3 * DAY_MS);
    assert_eq!(standing(&mut joao, house).too_soon, None);
    // When a visit is due nobody is told to stay away.
    joao.advance(4 * DAY_MS);
    let standing = standing(&mut joao, house);
    assert!(standing.due_by(today(&joao)).is_some() && standing.too_soon.is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn whoever_asked_not_to_be_visited_is_counted_and_not_listed() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let (house, _) = elder(&mut amina, GRID, "3-2-501", "王秀英");
    elder(&mut amina, GRID, "3-2-502", "李桂芳");
    let home = RecordRef::new(RecordKind::HOUSEHOLD, house);
    let until = today(&amina).plus_days(2);
    save(&mut amina, home, NO_VISIT_BEFORE, Value::Int(until.number()));
    let waiting = list(&mut amina);
    assert_eq!((waiting.total, waiting.held_back), (1, 1));
    assert_eq!(people(&waiting)[0].name, "李桂芳");
    amina.advance(2 * DAY_MS);
    let waiting = list(&mut amina);
    assert_eq!((waiting.total, waiting.held_back), (2, 0));
}

/// What is not listed is counted: of all, and of a building that is listed in part.
#[tokio::test(flavor = "current_thread")]
async fn nothing_is_cut_off_without_being_counted() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    for floor in 1..=15 {
        elder(&mut amina, GRID, &format!("10-1-{floor}01"), "王秀英");
        elder(&mut amina, GRID, &format!("9-1-{floor}01"), "李桂芳");
        elder(&mut amina, OTHER_GRID, &format!("1-1-{floor}01"), "张淑兰");
    }
    let shown = |phone: &mut Phone, shown| {
        let list = phone.call(api::CareToday { shown });
        let buildings = list.buildings.into_iter();
        let said = buildings.map(|one| (one.building, one.count, one.people.len()));
        (list.total, said.collect::<Vec<_>>())
    };
    let of = |name: &str, listed| (name.to_owned(), 15, listed);
    assert_eq!(shown(&mut amina, 20), (45, vec![of("9", 15), of("10", 5)]));
    assert_eq!(
        shown(&mut amina, 40),
        (45, vec![of("9", 15), of("10", 15), of("1", 10)])
    );
    assert_eq!(shown(&mut amina, 0), (45, vec![]));
    let doors: Vec<String> = list(&mut amina).buildings[0]
        .people
        .iter()
        .map(|due| due.door.clone())
        .collect();
    assert_eq!(doors[..3], ["9-1-101", "9-1-201", "9-1-301"]);
    assert_eq!(doors[14], "9-1-1501");
}
