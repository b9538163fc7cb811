//! An issue that is sent to a unit is held by its people, offline too, as long as it is sent there; nothing else of the
//! area is.

use axum::http::{Method, StatusCode};
use replica::api::{self, DraftBody, DraftSeen, ErrorCode, IssueDraft, IssueFilter, RecordDraft, StepDraft};
use replica::storage::peers::PeerError;
use replica::sync::transport::Standing;
use replica::sync::upload::Outcome as Uploaded;
use shared::domain::household;
use shared::domain::issue::{self, Category, Event, Step};
use shared::domain::life_cycle::LENT_AFTER_CLOSING_MS;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::unit::{self, UnitSort};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DraftId, HouseholdId, IssueId, PhotoHash};
use shared::protocol::verify::Verified;
use sync_server::clock::Clock;
use sync_server::jobs::end_lending;
use sync_server::testing::a_jpeg;
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};
use uuid::Uuid;

const HOUR: u64 = 3_600_000;
const NEXT_COMMUNITY: &str = "130803001002";

/// All clocks agree from here on.
fn at_the_same_time(world: &World, phones: &[&Phone]) {
    let latest = phones.iter().map(|phone| phone.now_ms.get()).max().unwrap_or(0);
    let latest = latest.max(world.server.clock.now_ms());
    for phone in phones {
        phone.now_ms.set(latest + 60_000);
    }
    world.server.clock.set(latest + 60_000);
}

fn add_unit(phone: &mut Phone, community: &str, name: &str) -> RecordRef {
    // Drafts of these phones are numbered; units are told apart by the end of their ids.
    let [first, ..] = PhotoHash::of(name.as_bytes()).0.map(u128::from);
    let id = DraftId(Uuid::from_u128(phone.draft_id().0.as_u128() << 32 | first));
    let area = AreaCode::new(community).ok().and_then(|area| area.common());
    let body = DraftBody::Record(RecordDraft {
        kind: RecordKind::UNIT,
        area,
        fields: FieldMap::from_iter([
            (unit::NAME, Value::text(name)),
            (unit::SORT, Value::Int(UnitSort::PropertyCompany.number() as i64)),
        ]),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    phone.call(api::FinishDraft { id })
}

fn report(phone: &mut Phone, household: Option<HouseholdId>, title: &str, place: &str) -> IssueId {
    let id = phone.draft_id();
    let body = DraftBody::Issue(IssueDraft {
        area: AreaCode::new(GRID).ok(),
        category: Some(Category::Facilities),
        title: title.to_owned(),
        note: String::new(),
        household,
        place: place.to_owned(),
        visit: None,
        handled_on_the_spot: false,
        started_at: phone.now_ms.get(),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    IssueId(phone.call(api::FinishDraft { id }).id)
}

fn try_take(phone: &mut Phone, issue: IssueId, step: Step, target: &str) -> Result<RecordRef, api::ApiError> {
    let event = Event {
        target: target.to_owned(),
        ..Event::of(step)
    };
    phone.try_call(api::AddEvent { issue, event })
}

fn take(phone: &mut Phone, issue: IssueId, step: Step) {
    try_take(phone, issue, step, "").expect("the step is taken");
}

fn send(phone: &mut Phone, issue: IssueId, unit: RecordRef) {
    try_take(phone, issue, Step::Assigned, &unit.id.to_string()).expect("it is sent");
}

/// The titles of the issues that are here.
fn titles(phone: &mut Phone) -> Vec<String> {
    let issues = phone.call(api::Issues {
        filter: IssueFilter::default(),
        after: None,
        limit: 100,
    });
    let mut titles: Vec<String> = issues.into_iter().map(|issue| issue.issue.title).collect();
    titles.sort();
    titles
}

fn state(phone: &mut Phone, id: IssueId) -> Step {
    phone.call(api::Issue { id }).summary.state
}

fn is_here(phone: &mut Phone, id: IssueId) -> bool {
    match phone.try_call(api::Issue { id }) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code, ErrorCode::NotFound);
            false
        }
    }
}

/// A member, a supervisor, a unit and somebody who works for it.
struct Four {
    world: World,
    amina: Phone,
    lin: Phone,
    wu: Phone,
    unit: RecordRef,
}

async fn four() -> Four {
    of(World::new().await).await
}

async fn of(world: World) -> Four {
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    world.settle(&mut [&mut lin]).await;
    let unit = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    world.settle(&mut [&mut lin, &mut amina]).await;
    let at = AreaCode::of_unit(unit.id);
    let mut wu = world.phone("wu", Role::Responder, &[at.as_str()]).await;
    world.settle(&mut [&mut wu]).await;
    Four {
        world,
        amina,
        lin,
        wu,
        unit,
    }
}

/// What is wrong with the server's tables.
async fn faults(world: &World) -> Vec<String> {
    world
        .server
        .state
        .storage
        .check()
        .await
        .expect("it is looked at")
        .faults
}

/// Every phone is compared with the server, and nothing differs.
async fn nothing_differs(world: &World, phones: &mut [&mut Phone]) {
    for phone in phones {
        phone.replica.verify_soon().expect("it is noted");
        world.sync(phone).await;
        let reply = world.round(phone).await.expect("the server accepts the round");
        let verified = Verified::in_reply(&reply.extensions).expect("it is compared");
        assert_eq!(verified, Verified::default());
    }
}

/// A step with a photo, by its form. Gives the bytes.
fn take_with_photo(phone: &mut Phone, issue: IssueId, step: Step, seed: u64) -> Vec<u8> {
    let id = StepDraft::id(issue, step.number());
    let body = DraftBody::Step(StepDraft {
        issue,
        household: None,
        event: Event::of(step),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    let modified_at = phone.now_ms.get();
    let file = a_jpeg(32, 24, seed);
    let photo = phone.call(api::AddPhoto {
        draft: id,
        file,
        modified_at,
    });
    phone.call(api::FinishDraft { id });
    let begun = Uploaded::Stands(Standing {
        place: "/v1/uploads/1".to_owned(),
        offset: 0,
    });
    let noted = phone.replica.keep_upload_answer(photo.hash, begun);
    noted.expect("it is noted").expect("it waits");
    let step = phone.replica.next_upload_step(photo.hash);
    let (_, length, bytes) = step.expect("it is read").expect("it is there");
    assert_eq!(length, bytes.len() as u64);
    bytes
}

/// Sends a photo whole, as a tool does.
async fn put(world: &World, phone: &mut Phone, bytes: &[u8]) -> StatusCode {
    let hash = PhotoHash::of(bytes);
    let path = format!("/v1/photos/{hash}");
    let body = ("image/jpeg", bytes.to_vec());
    let answer = world
        .server
        .call(Method::PUT, &path, Some(&phone.token), body)
        .await;
    if answer.status.is_success() {
        let noted = phone.replica.keep_upload_answer(hash, Uploaded::Whole);
        noted.expect("it is noted").expect("it waited");
    }
    answer.status
}

async fn get(world: &World, phone: &Phone, bytes: &[u8]) -> StatusCode {
    let path = format!("/v1/photos/{}", PhotoHash::of(bytes));
    world.server.get(&path, Some(&phone.token)).await.status
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_sent_to_a_unit_is_held_there_with_its_photos_and_nothing_else_is() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let home = amina.add_household("3-2-501");
    amina.add_resident(home, "王秀英", "12000000001");
    amina.visit(home, "第一次");
    let lamp = report(&mut amina, Some(home), "楼道灯不亮", "");
    let other = report(&mut amina, None, "门口垃圾", "3号楼门口");
    let before = take_with_photo(&mut amina, lamp, Step::Accepted, 1);
    world.settle(&mut [&mut amina, &mut lin, &mut wu]).await;
    assert_eq!(put(&world, &mut amina, &before).await, StatusCode::CREATED);
    assert_eq!(titles(&mut wu), [""; 0]);
    assert_eq!(get(&world, &wu, &before).await, StatusCode::NOT_FOUND);

    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu, &mut amina]).await;
    assert_eq!(titles(&mut wu), ["楼道灯不亮"]);
    let page = wu.call(api::Issue { id: lamp });
    assert_eq!(page.summary.issue.place, "3-2-501", "where it is stands in it");
    assert_eq!(page.summary.area, AreaCode::of_unit(unit.id));
    assert_eq!((page.summary.door.as_str(), page.summary.photos.len()), ("", 1));
    assert_eq!(page.timeline.len(), 3);
    assert!(page.timeline.iter().all(|step| !step.author.is_empty()));
    assert_eq!(get(&world, &wu, &before).await, StatusCode::OK);
    assert!(wu.try_call(api::Household { id: home }).is_err());
    assert_eq!(wu.log(), [""; 0]);

    // Offline they work on it and say that it is done, with a photo.
    take(&mut wu, lamp, Step::InProgress);
    let after = take_with_photo(&mut wu, lamp, Step::Resolved, 2);
    assert_eq!(
        put(&world, &mut wu, &after).await,
        StatusCode::NOT_FOUND,
        "records first"
    );
    world.settle(&mut [&mut wu, &mut amina, &mut lin]).await;
    assert_eq!(wu.status().sync.attention, 0);
    assert_eq!(put(&world, &mut wu, &after).await, StatusCode::CREATED);
    for phone in [&mut amina, &mut lin] {
        assert_eq!(state(phone, lamp), Step::Resolved);
        let page = phone.call(api::Issue { id: lamp });
        assert_eq!(page.summary.area.as_str(), GRID);
        assert_eq!(page.summary.photos.len(), 2);
        let last = page.timeline.last().expect("a step");
        assert_eq!(last.author, "wu");
        assert_eq!(get(&world, phone, &after).await, StatusCode::OK);
    }
    let refused = try_take(&mut wu, lamp, Step::Confirmed, "");
    assert!(refused.is_err(), "nobody says so of their own work");
    assert!(!is_here(&mut wu, other));
    // What a colleague adds beside it comes, too.
    let more = take_with_photo(&mut lin, lamp, Step::Confirmed, 3);
    world.settle(&mut [&mut lin, &mut wu, &mut amina]).await;
    assert_eq!(put(&world, &mut lin, &more).await, StatusCode::CREATED);
    assert_eq!(get(&world, &wu, &more).await, StatusCode::OK);
    assert_eq!(state(&mut wu, lamp), Step::Confirmed);
    nothing_differs(&world, &mut [&mut wu, &mut amina, &mut lin]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_returned_goes_from_there_after_its_receipt_and_late_steps_are_taken() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let mut zhou = world
        .phone("zhou", Role::Responder, &[AreaCode::of_unit(unit.id).as_str()])
        .await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    let gate = report(&mut amina, None, "大门坏了", "南门");
    take_with_photo(&mut amina, lamp, Step::Accepted, 1);
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    send(&mut lin, gate, unit);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou]).await;
    assert_eq!(titles(&mut zhou), ["大门坏了", "路灯不亮"]);

    // By themselves, offline: it stays until that is receipted.
    at_the_same_time(&world, &[&amina, &lin, &wu, &zhou]);
    take(&mut wu, lamp, Step::Returned);
    assert!(is_here(&mut wu, lamp));
    world.sync(&mut wu).await;
    assert_eq!(titles(&mut wu), ["大门坏了"]);
    world.settle(&mut [&mut zhou, &mut lin, &mut amina]).await;
    assert_eq!(titles(&mut zhou), ["大门坏了"]);
    assert_eq!(state(&mut amina, lamp), Step::Returned);
    assert_eq!(amina.call(api::Issue { id: lamp }).summary.photos.len(), 1);

    // The supervisor takes the other one back while they work on it.
    at_the_same_time(&world, &[&amina, &lin, &wu, &zhou]);
    let photo = take_with_photo(&mut wu, gate, Step::InProgress, 2);
    at_the_same_time(&world, &[&amina, &lin, &wu, &zhou]);
    take(&mut lin, gate, Step::Returned);
    world.settle(&mut [&mut lin]).await;
    world.sync(&mut zhou).await;
    assert_eq!(titles(&mut zhou), [""; 0]);
    world
        .settle(&mut [&mut wu, &mut zhou, &mut lin, &mut amina])
        .await;
    assert_eq!((wu.status().sync.attention, lin.status().sync.attention), (0, 0));
    // It was begun beside that: it counts, and it is theirs again, on all their phones.
    assert_eq!(state(&mut amina, gate), Step::InProgress);
    assert_eq!(titles(&mut wu), ["大门坏了"]);
    assert_eq!(titles(&mut zhou), ["大门坏了"]);
    assert_eq!(zhou.call(api::Issue { id: gate }).summary.photos.len(), 1);
    assert_eq!(put(&world, &mut wu, &photo).await, StatusCode::CREATED);
    take(&mut lin, gate, Step::Returned);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou]).await;
    assert_eq!((titles(&mut wu), titles(&mut zhou)), (vec![], vec![]));
    nothing_differs(&world, &mut [&mut wu, &mut zhou, &mut lin, &mut amina]).await;
    // One that begins now reads nothing of it.
    let mut xu = world
        .phone("xu", Role::Responder, &[AreaCode::of_unit(unit.id).as_str()])
        .await;
    world.sync(&mut xu).await;
    assert_eq!(titles(&mut xu), [""; 0]);
    nothing_differs(&world, &mut [&mut xu]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_done_offline_after_it_was_returned_there_is_taken_in_time() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    take_with_photo(&mut wu, lamp, Step::Returned, 1);
    world.settle(&mut [&mut wu, &mut lin, &mut amina]).await;
    assert_eq!((wu.status().sync.attention, titles(&mut wu)), (0, vec![]));
    let page = amina.call(api::Issue { id: lamp });
    assert_eq!(
        (page.summary.state, page.summary.photos.len()),
        (Step::Returned, 1)
    );
    nothing_differs(&world, &mut [&mut wu, &mut lin, &mut amina]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_sent_elsewhere_is_the_other_units_and_a_stranger_gets_nothing() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    world.server.add_area(NEXT_COMMUNITY, "滦河社区").await;
    let other = add_unit(&mut lin, COMMUNITY, "供水公司");
    let mut next = world.phone("next", Role::Supervisor, &[NEXT_COMMUNITY]).await;
    world.settle(&mut [&mut next, &mut lin]).await;
    let stranger = add_unit(&mut next, NEXT_COMMUNITY, "隔壁物业");
    world.settle(&mut [&mut next]).await;
    let mut zhou = world
        .phone("zhou", Role::Responder, &[AreaCode::of_unit(other.id).as_str()])
        .await;
    let mut far = world
        .phone("far", Role::Responder, &[AreaCode::of_unit(stranger.id).as_str()])
        .await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou]).await;
    assert_eq!((titles(&mut wu).len(), titles(&mut zhou).len()), (1, 0));
    send(&mut lin, lamp, other);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou]).await;
    assert_eq!((titles(&mut wu).len(), titles(&mut zhou).len()), (0, 1));
    send(&mut lin, lamp, stranger);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou, &mut far]).await;
    assert_eq!(titles(&mut wu).len() + titles(&mut zhou).len(), 0);
    assert_eq!(titles(&mut far), [""; 0], "it does not reach there");
    try_take(&mut lin, lamp, Step::Assigned, "街道办").expect("in words");
    world.settle(&mut [&mut lin, &mut wu, &mut zhou, &mut far]).await;
    assert_eq!(
        titles(&mut wu).len() + titles(&mut zhou).len() + titles(&mut far).len(),
        0
    );
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu, &mut zhou, &mut far]).await;
    assert_eq!(titles(&mut wu), ["路灯不亮"]);
    // Withdrawn, it is nobody's.
    let record = RecordRef::new(RecordKind::ISSUE, lamp);
    lin.call(api::Remove { record });
    world.settle(&mut [&mut lin, &mut wu]).await;
    assert!(!is_here(&mut wu, lamp));
    lin.call(api::Keep { record });
    world.settle(&mut [&mut lin, &mut wu]).await;
    assert_eq!(titles(&mut wu), ["路灯不亮"]);
    nothing_differs(&world, &mut [&mut wu, &mut zhou, &mut far, &mut lin]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn a_household_takes_it_along_and_the_unit_keeps_it() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let mut joao = world.phone("joao", Role::Member, &[OTHER_GRID]).await;
    let home = amina.add_household("3-2-501");
    let lamp = report(&mut amina, Some(home), "楼道灯不亮", "");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu, &mut amina]).await;
    at_the_same_time(&world, &[&amina, &lin, &wu, &joao]);
    take_with_photo(&mut wu, lamp, Step::InProgress, 1);
    at_the_same_time(&world, &[&amina, &lin, &wu, &joao]);
    lin.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, home),
        fields: FieldMap::from_iter([(household::MOVED_TO, Value::text(OTHER_GRID))]),
    });
    world
        .settle(&mut [&mut lin, &mut wu, &mut joao, &mut amina])
        .await;
    assert!(!is_here(&mut amina, lamp));
    assert_eq!(state(&mut joao, lamp), Step::InProgress);
    assert_eq!(joao.call(api::Issue { id: lamp }).summary.photos.len(), 1);
    assert_eq!(titles(&mut wu), ["楼道灯不亮"]);
    at_the_same_time(&world, &[&amina, &lin, &wu, &joao]);
    take_with_photo(&mut wu, lamp, Step::Resolved, 2);
    world.settle(&mut [&mut wu, &mut joao, &mut lin]).await;
    assert_eq!(wu.status().sync.attention, 0);
    assert_eq!(joao.call(api::Issue { id: lamp }).summary.photos.len(), 2);
    nothing_differs(&world, &mut [&mut wu, &mut joao, &mut lin, &mut amina]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn who_does_not_work_for_the_unit_any_more_holds_nothing_of_it() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let at = AreaCode::of_unit(unit.id);
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    at_the_same_time(&world, &[&amina, &lin, &wu]);
    take_with_photo(&mut wu, lamp, Step::InProgress, 1);
    at_the_same_time(&world, &[&amina, &lin, &wu]);
    world.assign("wu", &[]).await;
    world.settle(&mut [&mut wu, &mut lin, &mut amina]).await;
    assert_eq!(
        state(&mut amina, lamp),
        Step::InProgress,
        "what was done before counts"
    );
    assert!(!is_here(&mut wu, lamp));
    world.assign("wu", &[at.as_str()]).await;
    world.settle(&mut [&mut wu]).await;
    assert_eq!(titles(&mut wu), ["路灯不亮"]);
    // A member's phone never gets a unit's area.
    let unknown = world
        .server
        .state
        .storage
        .set_areas("amina", std::slice::from_ref(&at), 0)
        .await;
    assert_eq!(unknown.expect("the storage answers"), Some(vec![at]));
    nothing_differs(&world, &mut [&mut wu, &mut lin, &mut amina]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn thirty_days_after_it_was_confirmed_it_goes_and_comes_when_it_is_opened_again() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    take_with_photo(&mut wu, lamp, Step::Resolved, 1);
    world.settle(&mut [&mut wu, &mut lin]).await;
    take(&mut lin, lamp, Step::Confirmed);
    world.settle(&mut [&mut lin, &mut wu]).await;
    let closed_at = lin.now_ms.get();
    for (passed, is_held) in [
        (LENT_AFTER_CLOSING_MS - HOUR, true),
        (LENT_AFTER_CLOSING_MS + HOUR, false),
    ] {
        for phone in [&amina, &lin, &wu] {
            phone.now_ms.set(closed_at + passed);
        }
        world.server.clock.set(closed_at + passed);
        world.settle(&mut [&mut lin, &mut wu, &mut amina]).await;
        assert_eq!(is_here(&mut wu, lamp), is_held);
        nothing_differs(&world, &mut [&mut wu]).await;
    }
    assert_eq!(end_lending(&world.server.state).await, 1);
    world.settle(&mut [&mut wu]).await;
    nothing_differs(&world, &mut [&mut wu, &mut lin]).await;
    take(&mut amina, lamp, Step::Reopened);
    world.settle(&mut [&mut amina, &mut wu]).await;
    assert_eq!(state(&mut wu, lamp), Step::Reopened);
    assert_eq!(wu.call(api::Issue { id: lamp }).summary.photos.len(), 1);
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_server_lends_again_what_is_offered_again() {
    let Four {
        mut world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = of(World::in_a_file().await).await;
    let home = amina.add_household("3-2-501");
    let lamp = report(&mut amina, Some(home), "楼道灯不亮", "");
    let gate = report(&mut amina, None, "大门坏了", "南门");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, gate, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    world.back_up();
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    take_with_photo(&mut wu, lamp, Step::InProgress, 1);
    take(&mut wu, gate, Step::Returned);
    world.settle(&mut [&mut wu, &mut lin, &mut amina]).await;
    assert_eq!(titles(&mut wu), ["楼道灯不亮"]);
    world.restore().await;
    // Before the supervisor's phone has spoken, the unit's does.
    world.settle(&mut [&mut wu]).await;
    assert_eq!(titles(&mut wu), ["楼道灯不亮"]);
    world.settle(&mut [&mut lin, &mut amina, &mut wu]).await;
    assert_eq!(titles(&mut wu), ["楼道灯不亮"]);
    assert_eq!(wu.call(api::Issue { id: lamp }).summary.photos.len(), 1);
    assert_eq!(wu.status().sync.attention, 0);
    assert_eq!(state(&mut lin, lamp), Step::InProgress);
    assert_eq!(state(&mut lin, gate), Step::Returned);
    assert_eq!(lin.call(api::Issue { id: lamp }).summary.photos.len(), 1);
    nothing_differs(&world, &mut [&mut wu, &mut lin, &mut amina]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

/// Neither listens to the other, and the first words say nothing of what is there.
#[tokio::test(flavor = "current_thread")]
async fn who_works_for_a_unit_meets_nobody() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    take(&mut wu, lamp, Step::InProgress);
    take(&mut lin, lamp, Step::InProgress);
    let said = [&lin, &wu].map(|phone| phone.replica.bundle(None, 0).expect("it has words"));
    assert!(said.iter().all(|words| words.through_seq.is_none()));
    for (phone, words) in [(&mut wu, &said[0]), (&mut lin, &said[1])] {
        let refused = phone.replica.take_bundle(&words.bytes);
        assert!(matches!(refused, Err(PeerError::UnknownWorker)), "{refused:?}");
    }
}

/// A device that was silent while much was sent and returned ends with what is lent, and reads it in any pages.
#[tokio::test(flavor = "current_thread")]
async fn a_silent_phone_reads_what_was_lent_and_ended_meanwhile() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let mut issues = Vec::new();
    for number in 0..12 {
        issues.push(report(&mut amina, None, &format!("事件{number:02}"), "路口"));
    }
    world.settle(&mut [&mut amina, &mut lin]).await;
    for issue in &issues[..8] {
        send(&mut lin, *issue, unit);
    }
    world.settle(&mut [&mut lin, &mut wu]).await;
    assert_eq!(titles(&mut wu).len(), 8);
    for issue in &issues[8..] {
        send(&mut lin, *issue, unit);
    }
    world.sync(&mut lin).await;
    // Done, opened again and returned, all while nobody there looks.
    for issue in [issues[0], issues[9]] {
        take(&mut lin, issue, Step::Resolved);
        take(&mut amina, issue, Step::Accepted);
        world.settle(&mut [&mut lin, &mut amina]).await;
        take(&mut amina, issue, Step::Reopened);
        world.settle(&mut [&mut amina, &mut lin]).await;
        take(&mut lin, issue, Step::Returned);
        world.settle(&mut [&mut lin]).await;
    }
    wu.replica.ask_for_less().expect("less is asked for");
    world.sync(&mut wu).await;
    assert_eq!(titles(&mut wu).len(), 10);
    assert!(!is_here(&mut wu, issues[0]) && !is_here(&mut wu, issues[9]));
    nothing_differs(&world, &mut [&mut wu]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

/// Who works for two units holds an issue wherever of the two it is, and records where it is.
#[tokio::test(flavor = "current_thread")]
async fn who_works_for_two_units_keeps_what_goes_from_one_to_the_other() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let other = add_unit(&mut lin, COMMUNITY, "供水公司");
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    take_with_photo(&mut amina, lamp, Step::Accepted, 1);
    world.settle(&mut [&mut amina, &mut lin]).await;
    let of = |unit: RecordRef| AreaCode::of_unit(unit.id);
    world.assign("wu", &[of(unit).as_str(), of(other).as_str()]).await;
    for to in [unit, other, unit] {
        send(&mut lin, lamp, to);
        world.settle(&mut [&mut lin, &mut wu]).await;
        let page = wu.call(api::Issue { id: lamp });
        assert_eq!((page.summary.area, page.summary.photos.len()), (of(to), 1));
        nothing_differs(&world, &mut [&mut wu]).await;
    }
    take_with_photo(&mut wu, lamp, Step::Resolved, 2);
    world.settle(&mut [&mut wu, &mut lin]).await;
    assert_eq!(
        (state(&mut lin, lamp), wu.status().sync.attention),
        (Step::Resolved, 0)
    );
    nothing_differs(&world, &mut [&mut wu, &mut lin]).await;
    assert_eq!(faults(&world).await, Vec::<String>::new());
}

/// What was replaced leaves the units' logs with the grid's, and a phone that begins then holds the same.
#[tokio::test(flavor = "current_thread")]
async fn a_compacted_log_is_lent_as_it_is() {
    let Four {
        world,
        mut amina,
        mut lin,
        mut wu,
        unit,
    } = four().await;
    let lamp = report(&mut amina, None, "路灯不亮", "3号楼门口");
    world.settle(&mut [&mut amina, &mut lin]).await;
    send(&mut lin, lamp, unit);
    world.settle(&mut [&mut lin, &mut wu]).await;
    for note in ["一", "二", "三"] {
        lin.call(api::SaveFields {
            record: RecordRef::new(RecordKind::ISSUE, lamp),
            fields: FieldMap::from_iter([(issue::NOTE, Value::text(note))]),
        });
        world.settle(&mut [&mut lin, &mut wu]).await;
    }
    let compacted = world.server.state.storage.compact(u64::MAX).await;
    assert!(compacted.expect("the storage answers") > 0);
    let mut zhou = world
        .phone("zhou", Role::Responder, &[AreaCode::of_unit(unit.id).as_str()])
        .await;
    world.settle(&mut [&mut wu, &mut zhou]).await;
    for phone in [&mut wu, &mut zhou] {
        let page = phone.call(api::Issue { id: lamp });
        assert_eq!(page.summary.issue.note, "三");
        nothing_differs(&world, &mut [phone]).await;
    }
    assert_eq!(faults(&world).await, Vec::<String>::new());
}
