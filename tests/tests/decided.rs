//! What a community or street decides reaches everybody who works there, offline too, and nobody else.

use replica::api::{self, DraftBody, DraftSeen, RecordDraft, RecordList, RecordPage};
use shared::domain::household;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::unit::{self, UnitSort};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::AreaCode;
use tests::world::{COMMUNITY, GRID, OTHER_GRID, meet};
use tests::{Phone, World};

const STREET: &str = "130803001";
const NEXT_COMMUNITY: &str = "130803001002";
const NEXT_GRID: &str = "130803001002-01";

async fn world() -> World {
    let world = World::new().await;
    world.server.add_area(NEXT_COMMUNITY, "滦河社区").await;
    world.server.add_area(NEXT_GRID, "第1网格").await;
    world
}

fn common(area: &str) -> AreaCode {
    let area = AreaCode::new(area).ok();
    area.and_then(|area| area.common())
        .expect("a community or street")
}

fn units(phone: &mut Phone) -> RecordList {
    let kind = RecordKind::UNIT;
    phone.call(api::Records { kind })
}

fn names(phone: &mut Phone) -> Vec<String> {
    let records = units(phone).records.into_iter();
    records.map(|record| record.title).collect()
}

fn page(phone: &mut Phone, record: RecordRef) -> RecordPage {
    phone.call(api::Record { record })
}

/// A unit by its form.
fn add_unit(phone: &mut Phone, area: &str, name: &str) -> RecordRef {
    let id = phone.draft_id();
    let body = DraftBody::Record(RecordDraft {
        kind: RecordKind::UNIT,
        area: Some(common(area)),
        fields: FieldMap::from_iter([
            (unit::NAME, Value::text(name)),
            (unit::SORT, Value::Int(UnitSort::PropertyCompany.number() as i64)),
            (unit::PHONES, Value::text("0314-2021234、12345")),
        ]),
    });
    let seen = DraftSeen::default();
    phone.call(api::SaveDraft { id, body, seen });
    phone.call(api::FinishDraft { id })
}

fn rename(phone: &mut Phone, record: RecordRef, name: &str) {
    let fields = FieldMap::from_iter([(unit::NAME, Value::text(name))]);
    phone.call(api::SaveFields { record, fields });
}

#[tokio::test(flavor = "current_thread")]
async fn who_works_there_holds_it_and_the_next_community_does_not() {
    let world = world().await;
    let mut street = world.phone("street", Role::Supervisor, &[STREET]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut beside = world.phone("beside", Role::Member, &[NEXT_GRID]).await;
    let mut responder = world.phone("responder", Role::Responder, &[GRID]).await;
    world.settle(&mut [&mut lin, &mut street]).await;
    let ours = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    add_unit(&mut street, STREET, "街道城管所");
    world
        .settle(&mut [&mut lin, &mut street, &mut amina, &mut beside])
        .await;
    world.sync(&mut responder).await;
    assert_eq!(names(&mut amina), ["元宝山物业", "街道城管所"]);
    assert_eq!(names(&mut lin), names(&mut amina));
    assert_eq!(names(&mut street), names(&mut amina));
    assert_eq!(names(&mut beside), ["街道城管所"]);
    let refused = beside.try_call(api::Record { record: ours });
    assert!(refused.is_err(), "the next community's is not theirs");
    assert!(
        responder.try_call(api::Records { kind: ours.kind }).is_err(),
        "nothing is lent to them"
    );

    let shown = page(&mut amina, ours);
    assert_eq!(shown.summary.area_name, "元宝山社区");
    let phones = shown.summary.fields.get(&unit::PHONES).unwrap();
    assert_eq!(phones.as_texts(), ["03142021234", "12345"]);
    assert!(!shown.may_edit && !shown.may_remove);
    assert_eq!(units(&mut amina).places, []);
    assert!(page(&mut lin, ours).may_edit);
    let places = |phone: &mut Phone| {
        let places = units(phone).places.into_iter();
        places.map(|area| area.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(places(&mut lin), [common(COMMUNITY).to_string()]);
    assert_eq!(
        places(&mut street),
        [
            common(STREET).to_string(),
            common(COMMUNITY).to_string(),
            common(NEXT_COMMUNITY).to_string()
        ]
    );
    // Where one works and what is chosen as a grid has nothing to do with it.
    let areas = amina.status().session.unwrap().areas;
    assert_eq!(areas.len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_member_does_not_decide_and_who_supervises_a_grid_does_not_decide_for_the_community() {
    let world = world().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut of_grid = world.phone("ofgrid", Role::Supervisor, &[GRID]).await;
    let ours = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    world.settle(&mut [&mut lin, &mut amina, &mut of_grid]).await;
    let fields = FieldMap::from_iter([(unit::NAME, Value::text("别的物业"))]);
    let record = ours;
    let refused = amina.try_call(api::SaveFields {
        record,
        fields: fields.clone(),
    });
    assert_eq!(refused.unwrap_err().detail, "right.edit");
    assert!(!page(&mut of_grid, ours).may_edit);
    let refused = of_grid.try_call(api::SaveFields { record, fields });
    assert_eq!(refused.unwrap_err().detail, "right.edit");
    // Who decided for the community until a moment ago, and does not know that it is over, is answered by the server.
    world.assign("lin", &[GRID]).await;
    lin.advance(60_000);
    rename(&mut lin, ours, "又一家物业");
    world.server.clock.set(lin.now_ms.get());
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(lin.status().sync.attention, 1);
    assert_eq!(names(&mut amina), ["元宝山物业"]);
}

/// A phone that has read of a move, one that meets another, and one whose server was restored ask where records lie.
#[tokio::test(flavor = "current_thread")]
async fn units_come_also_where_a_household_has_moved_and_after_a_restore() {
    let mut world = World::in_a_file().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let home = lin.add_household("3-2-501");
    world.settle(&mut [&mut lin, &mut amina]).await;
    let to = FieldMap::from_iter([(household::MOVED_TO, Value::text(OTHER_GRID))]);
    lin.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, home),
        fields: to,
    });
    world.settle(&mut [&mut lin, &mut amina]).await;
    world.back_up();
    let ours = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(names(&mut amina), ["元宝山物业"]);
    world.restore().await;
    world.settle(&mut [&mut lin, &mut amina]).await;
    rename(&mut lin, ours, "元宝山新物业");
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(names(&mut amina), ["元宝山新物业"]);
    assert_eq!(lin.status().sync.attention, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn no_household_is_moved_to_where_it_would_reach_everybody() {
    let world = world().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = lin.add_household("3-2-501");
    world.sync(&mut lin).await;
    let record = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let to = Value::text(common(COMMUNITY).as_str());
    let refused = lin.try_call(api::SaveFields {
        record,
        fields: FieldMap::from_iter([(household::MOVED_TO, to.clone())]),
    });
    assert_eq!(refused.unwrap_err().detail, "household.area_impossible");
    // Also where a tool brings it, as the server would see it.
    let brought = lin.replica.record_all([(
        AreaCode::new(GRID).unwrap(),
        record,
        FieldMap::from_iter([(household::MOVED_TO, to)]),
    )]);
    assert_eq!(brought.unwrap_err().detail, "household.area_impossible");
    assert_eq!(lin.household(home).area.as_str(), GRID);
}

#[tokio::test(flavor = "current_thread")]
async fn it_goes_with_the_last_area_to_which_it_reaches_and_comes_back() {
    let world = world().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let ours = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    world.settle(&mut [&mut lin, &mut amina]).await;
    world.assign("amina", &[OTHER_GRID]).await;
    world.sync(&mut amina).await;
    assert_eq!(names(&mut amina), ["元宝山物业"], "the other grid is there, too");
    world.assign("amina", &[NEXT_GRID]).await;
    world.sync(&mut amina).await;
    assert_eq!(names(&mut amina), [""; 0]);
    rename(&mut lin, ours, "元宝山新物业");
    world.sync(&mut lin).await;
    world.assign("amina", &[GRID]).await;
    world.sync(&mut amina).await;
    assert_eq!(names(&mut amina), ["元宝山新物业"]);
}

#[tokio::test(flavor = "current_thread")]
async fn two_who_decide_at_once_are_shown_both_and_a_removal_can_be_taken_back() {
    let world = world().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut street = world.phone("street", Role::Supervisor, &[STREET]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let ours = add_unit(&mut lin, COMMUNITY, "元宝山物业");
    world.settle(&mut [&mut lin, &mut street]).await;
    rename(&mut lin, ours, "甲物业");
    rename(&mut street, ours, "乙物业");
    world.settle(&mut [&mut lin, &mut street, &mut amina]).await;
    let conflicts = page(&mut lin, ours).conflicts;
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].values.len(), 2);
    let counted = |phone: &mut Phone| phone.call(api::Today).conflict_count;
    assert_eq!((lin.conflicts().len(), counted(&mut lin)), (1, 1));
    // Who cannot end it is not troubled with it.
    assert_eq!(page(&mut amina, ours).conflicts, []);
    assert_eq!((amina.conflicts().len(), counted(&mut amina)), (0, 0));
    lin.call(api::Remove { record: ours });
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(names(&mut amina), [""; 0]);
    let removed = |phone: &mut Phone| phone.call(api::Removals).removed.len();
    assert_eq!((removed(&mut lin), removed(&mut amina)), (1, 0));
    lin.call(api::Keep { record: ours });
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(units(&mut amina).records.len(), 1);
}

/// A form is a draft at every letter and is corrected like any other; what it does not take is said at its field.
#[tokio::test(flavor = "current_thread")]
async fn a_form_of_such_a_kind_is_kept_corrected_and_refused_at_its_field() {
    let world = world().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    world.sync(&mut lin).await;
    let id = lin.draft_id();
    let empty = RecordDraft {
        kind: RecordKind::UNIT,
        area: Some(common(COMMUNITY)),
        fields: FieldMap::new(),
    };
    let keep = |lin: &mut Phone, body: &RecordDraft, seen: DraftSeen| {
        let body = DraftBody::Record(body.clone());
        lin.call(api::SaveDraft { id, body, seen }).revision
    };
    let mut form = empty;
    form.fields.insert(unit::PHONES, Value::text("12"));
    let mut refused = Vec::new();
    let mut revision = keep(&mut lin, &form, DraftSeen::default());
    for (field, value) in [
        (unit::PHONES, Value::text("96655")),
        (unit::NAME, Value::text("自来水公司")),
        (unit::SORT, Value::Int(UnitSort::Utility.number() as i64)),
    ] {
        let error = lin.try_call(api::FinishDraft { id }).unwrap_err();
        refused.push((error.field.unwrap(), error.detail));
        form.fields.insert(field, value);
        let seen = DraftSeen {
            revision,
            ..DraftSeen::default()
        };
        revision = keep(&mut lin, &form, seen);
    }
    let refused: Vec<_> = refused
        .iter()
        .map(|(field, code)| (*field, code.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (unit::PHONES, "phone.impossible"),
            (unit::NAME, "field.missing"),
            (unit::SORT, "choice.missing"),
        ]
    );
    let record = lin.call(api::FinishDraft { id });
    let shown = lin.call(api::Draft { id }).unwrap();
    assert_eq!(shown.corrects, Some(record));
    let DraftBody::Record(mut form) = shown.body else {
        panic!("another form")
    };
    assert_eq!(form.fields.get(&unit::PHONES), Some(&Value::text("96655")));
    form.fields.insert(unit::NOTE, Value::text("抢修二十四小时"));
    keep(&mut lin, &form, shown.seen);
    lin.call(api::FinishDraft { id });
    let page = page(&mut lin, record);
    assert_eq!(page.summary.title, "自来水公司");
    assert_eq!(
        page.summary.fields.get(&unit::NOTE),
        Some(&Value::text("抢修二十四小时"))
    );
    // The correction wrote the one field that it changed.
    assert_eq!(lin.status().sync.waiting_operations, 2);
}

#[tokio::test(flavor = "current_thread")]
async fn two_who_meet_without_a_server_hand_it_on() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    world.settle(&mut [&mut lin, &mut amina]).await;
    add_unit(&mut lin, COMMUNITY, "元宝山物业");
    lin.add_household("3-2-501");
    meet(&mut lin.replica, &mut amina.replica);
    assert_eq!(names(&mut amina), ["元宝山物业"]);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(names(&mut amina), ["元宝山物业"]);
}
