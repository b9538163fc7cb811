//! A household moves to another grid with all that lies beside it (D6): whole, without losing what others did meanwhile.

use replica::api::{self, DepartedHousehold, ErrorCode};
use shared::domain::household::MOVED_TO;
use shared::domain::resident::NAME;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::{AreaCode, HouseholdId, ResidentId};
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};

fn move_to(phone: &mut Phone, household: HouseholdId, grid: &str) {
    phone.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, household),
        fields: FieldMap::from_iter([(MOVED_TO, Value::text(grid))]),
    });
}

fn is_here(phone: &mut Phone, household: HouseholdId) -> bool {
    match phone.try_call(api::Household { id: household }) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code, ErrorCode::NotFound);
            false
        }
    }
}

fn departed(phone: &mut Phone) -> Vec<DepartedHousehold> {
    phone.call(api::Holdings).departed
}

/// All clocks agree from here on.
fn at_the_same_time(world: &World, phones: &[&Phone]) {
    let latest = phones.iter().map(|phone| phone.now_ms.get()).max().unwrap_or(0);
    for phone in phones {
        phone.now_ms.set(latest + 60_000);
    }
    world.server.clock.set(latest + 60_000);
}

#[tokio::test(flavor = "current_thread")]
async fn it_moves_whole_and_what_was_done_before_comes_after_it() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[OTHER_GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = amina.add_household("3-2-501");
    let stays = amina.add_household("3-2-502");
    let person = amina.add_resident(home, "王秀英", "12000000001");
    amina.visit(home, "第一次");
    amina.visit(stays, "邻居");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;

    // Offline she goes there once more; meanwhile the household is moved.
    at_the_same_time(&world, &[&amina, &joao, &lin]);
    amina.visit(home, "转走以前去的");
    at_the_same_time(&world, &[&amina, &joao, &lin]);
    move_to(&mut lin, home, OTHER_GRID);
    assert_eq!(
        lin.household(home).moving_to.map(|to| to.code.to_string()),
        Some(OTHER_GRID.to_owned())
    );
    assert_eq!(lin.household(home).area.as_str(), GRID, "until the server has it");
    world.settle(&mut [&mut lin, &mut joao]).await;
    assert_eq!(lin.household(home).area.as_str(), OTHER_GRID);
    assert_eq!(lin.household(home).moving_to, None);
    let page = joao.household(home);
    assert_eq!(page.area.as_str(), OTHER_GRID);
    assert_eq!((page.residents[0].id, page.visits.len()), (person, 1));
    assert!(!is_here(&mut joao, stays));

    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    assert_eq!(joao.log(), ["转走以前去的", "第一次"]);
    assert_eq!(lin.log().len(), 3);
    assert!(world.parked(&lin).await.is_empty());
    // She keeps the neighbour, and is told where the other one went.
    assert!(!is_here(&mut amina, home) && is_here(&mut amina, stays));
    assert_eq!(amina.log(), ["邻居"]);
    let gone = departed(&mut amina);
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0].id, gone[0].door.as_str()), (home, "3-2-501"));
    assert_eq!(amina.status().sync.attention, 0);

    // The new holder works on, and it can come back.
    joao.visit(home, "新网格去的");
    world.settle(&mut [&mut joao, &mut lin]).await;
    at_the_same_time(&world, &[&amina, &joao, &lin]);
    move_to(&mut lin, home, GRID);
    world.settle(&mut [&mut lin, &mut joao, &mut amina]).await;
    assert!(!is_here(&mut joao, home));
    assert_eq!(amina.household(home).visits.len(), 3);
    assert_eq!(amina.household(home).residents[0].id, person);
    assert!(departed(&mut amina).is_empty());
    assert!(
        world
            .server
            .state
            .storage
            .check()
            .await
            .unwrap()
            .faults
            .is_empty()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_phone_that_begins_reads_only_what_lies_in_its_grid() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let home = amina.add_household("3-2-501");
    amina.add_resident(home, "王秀英", "12000000001");
    world.settle(&mut [&mut amina]).await;
    move_to(&mut amina, home, OTHER_GRID);
    world.settle(&mut [&mut amina]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let reply = world.round(&mut joao).await.unwrap();
    let page = shared::change::encode::decode_pull(&reply.pages[0].page).unwrap();
    assert_eq!(page.len(), 1, "only that it went");
    assert_eq!(page[0].operation.record.id, home.0);
    assert!(!is_here(&mut joao, home) && departed(&mut joao).is_empty());
    let mut wei = world.phone("wei", Role::Member, &[OTHER_GRID]).await;
    world.settle(&mut [&mut wei]).await;
    assert_eq!(wei.household(home).residents.len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_done_after_it_went_is_kept_for_the_supervisor_and_taken_when_it_comes_back() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut lin]).await;
    at_the_same_time(&world, &[&amina, &lin]);
    move_to(&mut lin, home, OTHER_GRID);
    world.settle(&mut [&mut lin]).await;
    at_the_same_time(&world, &[&amina, &lin]);
    amina.visit(home, "不知道已经转走");
    world.settle(&mut [&mut amina, &mut lin]).await;
    let parked = world.parked(&lin).await;
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].code, "record.other_area");
    assert_eq!(amina.status().sync.attention, 1);
    assert_eq!(amina.log(), ["不知道已经转走"], "it stays where it was written");

    move_to(&mut lin, home, GRID);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert!(world.parked(&lin).await.is_empty());
    assert_eq!(amina.status().sync.attention, 0);
    assert_eq!(amina.household(home).visits.len(), 1);
    assert_eq!(lin.household(home).visits.len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_move_that_the_server_sets_aside_moves_nothing() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = amina.add_household("3-2-501");
    amina.visit(home, "第一次");
    world.settle(&mut [&mut amina, &mut lin]).await;
    at_the_same_time(&world, &[&amina, &lin]);
    world.assign("amina", &[GRID]).await;
    at_the_same_time(&world, &[&amina, &lin]);
    move_to(&mut amina, home, OTHER_GRID);
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(world.parked(&lin).await[0].code, "area.not_assigned");
    assert_eq!(amina.household(home).area.as_str(), GRID);
    assert_eq!(amina.household(home).visits.len(), 1);
    assert_eq!(lin.household(home).area.as_str(), GRID);
    // Nobody can even ask for it where the grid is not theirs.
    let refused = amina.try_call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, home),
        fields: FieldMap::from_iter([(MOVED_TO, Value::text(OTHER_GRID))]),
    });
    assert_eq!(refused.unwrap_err().detail, "household.area_impossible");
}

#[tokio::test(flavor = "current_thread")]
async fn a_move_that_was_set_aside_can_be_made_again() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina]).await;
    at_the_same_time(&world, &[&amina]);
    world.assign("amina", &[GRID]).await;
    at_the_same_time(&world, &[&amina]);
    move_to(&mut amina, home, OTHER_GRID);
    world.settle(&mut [&mut amina]).await;
    assert_eq!(amina.status().sync.attention, 1);
    world.assign("amina", &[GRID, OTHER_GRID]).await;
    world.settle(&mut [&mut amina]).await;
    at_the_same_time(&world, &[&amina]);
    move_to(&mut amina, home, OTHER_GRID);
    world.settle(&mut [&mut amina]).await;
    assert_eq!(amina.household(home).area.as_str(), OTHER_GRID);
    // Where it lies already there is nothing to do.
    let before = amina.status().sync.waiting_operations;
    move_to(&mut amina, home, OTHER_GRID);
    assert_eq!(amina.status().sync.waiting_operations, before);
}

#[tokio::test(flavor = "current_thread")]
async fn more_moves_than_a_push_makes_are_made_all_the_same() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut joao = world.phone("joao", Role::Member, &[OTHER_GRID]).await;
    let homes: Vec<HouseholdId> = (1..=40)
        .map(|number| lin.add_household(&format!("{number}-1-101")))
        .collect();
    for home in &homes {
        lin.visit(*home, "走一走");
        move_to(&mut lin, *home, OTHER_GRID);
    }
    world.settle(&mut [&mut lin, &mut joao]).await;
    assert_eq!(lin.status().sync.waiting_operations, 0);
    assert_eq!(lin.status().sync.attention, 0);
    assert_eq!(joao.log().len(), 40);
    assert!(homes.iter().all(|home| is_here(&mut joao, *home)));
}

#[tokio::test(flavor = "current_thread")]
async fn a_form_that_was_open_when_its_household_moved_can_be_finished() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut lin]).await;
    at_the_same_time(&world, &[&amina, &lin]);
    let form = amina.begin_visit(home, "门口聊了很久");
    move_to(&mut lin, home, OTHER_GRID);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert!(is_here(&mut amina, home), "while the form is open");
    at_the_same_time(&world, &[&amina, &lin]);
    amina.call(api::FinishDraft { id: form });
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(world.parked(&lin).await[0].code, "record.other_area");
    assert_eq!(amina.log(), ["门口聊了很久"]);
    assert!(!is_here(&mut amina, home));
    // It is taken up when the household comes back.
    move_to(&mut lin, home, GRID);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert_eq!(lin.log(), ["门口聊了很久"]);
    assert_eq!(amina.household(home).visits.len(), 1);
    assert_eq!(amina.status().sync.attention, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn taking_the_other_of_two_moves_moves_it_with_what_is_shown_under_it() {
    let world = World::new().await;
    let third = "130803001001-03";
    world.server.add_area(third, "第3网格").await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut wei = world.phone("wei", Role::Supervisor, &[COMMUNITY]).await;
    let (home, twice) = (lin.add_household("3-2-501"), lin.add_household("3-2-501"));
    lin.visit(twice, "记在另一户下");
    lin.call(api::MergeInto {
        record: RecordRef::new(RecordKind::HOUSEHOLD, twice),
        kept: home.0,
    });
    world.settle(&mut [&mut lin, &mut wei]).await;
    at_the_same_time(&world, &[&lin, &wei]);
    move_to(&mut lin, home, OTHER_GRID);
    move_to(&mut wei, home, third);
    world.settle(&mut [&mut lin, &mut wei]).await;
    let conflict = lin
        .conflicts()
        .into_iter()
        .find(|conflict| conflict.record.id == home.0)
        .unwrap();
    let other = conflict.values[1].value.clone();
    lin.call(api::Restore {
        record: conflict.record,
        field: MOVED_TO,
        value: other.clone(),
    });
    world.settle(&mut [&mut lin, &mut wei]).await;
    for phone in [&mut lin, &mut wei] {
        let page = phone.household(home);
        assert_eq!(page.area.as_str(), other.as_text());
        assert_eq!((page.visits.len(), page.duplicates.len()), (1, 1));
        assert_eq!(phone.conflicts().len(), 0);
    }
    assert!(
        world
            .server
            .state
            .storage
            .check()
            .await
            .unwrap()
            .faults
            .is_empty()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_moves_the_later_holds_in_whichever_order_they_arrive() {
    for earlier_arrives_first in [true, false] {
        let world = World::new().await;
        let third = "130803001001-03";
        world.server.add_area(third, "第3网格").await;
        let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
        let mut wei = world.phone("wei", Role::Supervisor, &[COMMUNITY]).await;
        let mut amina = world.phone("amina", Role::Member, &[OTHER_GRID]).await;
        let mut joao = world.phone("joao", Role::Member, &[third]).await;
        let home = lin.add_household("3-2-501");
        lin.visit(home, "第一次");
        world.settle(&mut [&mut lin, &mut wei]).await;
        at_the_same_time(&world, &[&lin, &wei]);
        move_to(&mut lin, home, OTHER_GRID);
        wei.now_ms.set(lin.now_ms.get() + 1_000);
        move_to(&mut wei, home, third);
        at_the_same_time(&world, &[&lin, &wei]);
        let mut phones = [&mut lin, &mut wei];
        if !earlier_arrives_first {
            phones.reverse();
        }
        for phone in phones {
            world.sync(phone).await;
        }
        world
            .settle(&mut [&mut lin, &mut wei, &mut amina, &mut joao])
            .await;
        assert_eq!(lin.household(home).area.as_str(), third);
        assert_eq!(wei.household(home).area.as_str(), third);
        assert!(!is_here(&mut amina, home));
        assert_eq!(joao.household(home).visits.len(), 1);
        assert_eq!(lin.conflicts().len(), 1, "both can still be read and taken");
        assert!(
            world
                .server
                .state
                .storage
                .check()
                .await
                .unwrap()
                .faults
                .is_empty()
        );
    }
}

/// Found by seed 2683.
#[tokio::test(flavor = "current_thread")]
async fn of_two_moves_by_a_phone_whose_clock_runs_ahead_the_second_holds() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let mut wei = world.phone("wei", Role::Supervisor, &[COMMUNITY]).await;
    let home = lin.add_household("3-2-501");
    world.settle(&mut [&mut lin, &mut wei]).await;
    lin.advance(400 * 86_400_000);
    move_to(&mut lin, home, OTHER_GRID);
    lin.advance(60_000);
    move_to(&mut lin, home, GRID);
    world.settle(&mut [&mut lin, &mut wei]).await;
    assert_eq!(lin.household(home).area.as_str(), GRID);
    assert_eq!(wei.household(home).area.as_str(), GRID);
}

/// A resident whom somebody else has recorded.
async fn somebody_adds(world: &World, lin: &mut Phone, amina: &mut Phone, home: HouseholdId) -> ResidentId {
    world.settle(&mut [amina, lin]).await;
    lin.add_resident(home, "王秀英", "12000000001")
}

/// Found by seeds 536 and 5699.
#[tokio::test(flavor = "current_thread")]
async fn a_restored_server_that_knows_nothing_of_the_move_has_the_household_where_it_was() {
    for has_the_visit in [false, true] {
        let mut world = World::in_a_file().await;
        let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
        let mut joao = world.phone("joao", Role::Member, &[OTHER_GRID]).await;
        let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
        let home = amina.add_household("3-2-501");
        let person = somebody_adds(&world, &mut lin, &mut amina, home).await;
        world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
        if !has_the_visit {
            world.back_up();
        }
        amina.visit(home, "第一次");
        amina.call(api::SaveFields {
            record: RecordRef::new(RecordKind::RESIDENT, person),
            fields: FieldMap::from_iter([(NAME, Value::text("王秀英（奶奶）"))]),
        });
        world.settle(&mut [&mut amina, &mut lin]).await;
        if has_the_visit {
            world.back_up();
        }
        move_to(&mut lin, home, OTHER_GRID);
        world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
        assert!(!is_here(&mut amina, home) && is_here(&mut joao, home));

        // The phone that moved it is not seen again.
        world.restore().await;
        world.settle(&mut [&mut amina, &mut joao]).await;
        let page = amina.household(home);
        assert_eq!(page.visits.len(), 1);
        assert_eq!(page.residents[0].resident.name, "王秀英(奶奶)");
        assert!(!is_here(&mut joao, home));
        assert!(departed(&mut amina).is_empty());

        // When it is, it says again that it moved it.
        world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
        assert!(!is_here(&mut amina, home));
        assert_eq!(joao.household(home).visits.len(), 1);
    }
}

/// Found by seed 15712: the form held the household where it was made, with a word of its move that nobody confirmed.
#[tokio::test(flavor = "current_thread")]
async fn what_lay_beside_a_household_that_a_form_held_is_back_on_a_server_without_the_move() {
    let mut world = World::in_a_file().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = lin.add_household_in(GRID, "3-2-501");
    world.settle(&mut [&mut lin, &mut amina]).await;
    world.back_up();
    amina.visit(home, "去过");
    world.settle(&mut [&mut amina, &mut lin]).await;
    amina.begin_visit(home, "还没写完");
    move_to(&mut lin, home, OTHER_GRID);
    world.settle(&mut [&mut lin, &mut amina]).await;
    assert!(
        amina.household(home).visits.is_empty(),
        "it goes, the household stays"
    );

    world.restore().await;
    world.settle(&mut [&mut amina]).await;
    assert_eq!(amina.household(home).visits.len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_move_that_was_set_aside_until_its_household_came_counts_on_the_phone_that_made_it() {
    let mut world = World::in_a_file().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    world.back_up();
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut lin]).await;
    world.restore().await;
    move_to(&mut lin, home, OTHER_GRID);
    world.settle(&mut [&mut lin]).await;
    assert_eq!(
        lin.household(home).area.as_str(),
        GRID,
        "the server has not seen it"
    );
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert!(!is_here(&mut amina, home));
    assert_eq!(lin.household(home).area.as_str(), OTHER_GRID);
    assert_eq!(lin.status().sync.attention, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_shown_under_it_goes_along() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID, OTHER_GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[OTHER_GRID]).await;
    let (home, twice) = (amina.add_household("3-2-501"), amina.add_household("3-2-501"));
    amina.visit(twice, "记在另一户下");
    amina.call(api::MergeInto {
        record: RecordRef::new(RecordKind::HOUSEHOLD, twice),
        kept: home.0,
    });
    move_to(&mut amina, home, OTHER_GRID);
    world.settle(&mut [&mut amina, &mut joao]).await;
    let page = joao.household(home);
    assert_eq!((page.visits.len(), page.duplicates.len()), (1, 1));
}

#[tokio::test(flavor = "current_thread")]
async fn a_household_is_never_moved_to_nowhere() {
    let world = World::new().await;
    let mut lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    let home = lin.add_household("3-2-501");
    let strange = AreaCode::new(COMMUNITY).unwrap().grid(77).unwrap();
    for (nowhere, code) in [
        (Value::text("第二网格"), "household.area_impossible"),
        (Value::Null, "household.area_impossible"),
        (Value::text("130803002001-01"), "household.area_impossible"),
    ] {
        move_to(&mut lin, home, OTHER_GRID);
        let refused = lin.try_call(api::SaveFields {
            record: RecordRef::new(RecordKind::HOUSEHOLD, home),
            fields: FieldMap::from_iter([(MOVED_TO, nowhere)]),
        });
        assert_eq!(refused.unwrap_err().detail, code);
    }
    // An area that nobody imported: the server says so, and the household stays.
    move_to(&mut lin, home, strange.as_str());
    world.settle(&mut [&mut lin]).await;
    assert_eq!(world.parked(&lin).await[0].code, "area.unknown");
    assert_eq!(lin.household(home).area.as_str(), OTHER_GRID);
}
