//! Phones, a supervisor and the server come to the same state, and nothing entered is lost.

use replica::api::{self, ErrorCode};
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::domain::{household, resident};
use shared::ids::AreaCode;
use shared::protocol::v1::{self, SEGMENT_OPERATIONS, SyncRequest};
use sync_server::testing::TEST_START_MS;
use tests::world::{COMMUNITY, GRID, OTHER_GRID};
use tests::{Phone, World};

async fn three() -> (World, Phone, Phone, Phone) {
    let world = World::new().await;
    let amina = world.phone("amina", Role::Member, &[GRID]).await;
    let joao = world.phone("joao", Role::Member, &[GRID]).await;
    let lin = world.phone("lin", Role::Supervisor, &[COMMUNITY]).await;
    (world, amina, joao, lin)
}

#[tokio::test(flavor = "current_thread")]
async fn visits_made_offline_reach_the_supervisor_and_the_colleague() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let home = amina.add_household("3栋2单元501室");
    amina.visit(home, "楼道灯坏了");
    amina.visit(home, "灯修好了");
    assert_eq!(amina.status().sync.waiting_operations, 3);
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    assert_eq!(amina.status().sync.waiting_operations, 0);
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(phone.log(), ["灯修好了", "楼道灯坏了"]);
        assert_eq!(phone.household(home).household.door, "3-2-501");
        assert_eq!(phone.household(home).visits[0].author, "amina");
    }
    assert_eq!(world.sync(&mut lin).await, 0, "a second sync moves no record");
}

#[tokio::test(flavor = "current_thread")]
async fn two_edits_of_one_number_leave_a_conflict_that_the_supervisor_ends() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    let person = amina.add_resident(home, "单春", "12000000000");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;

    let record = RecordRef::new(RecordKind::RESIDENT, person);
    let phone =
        |number: &str| FieldMap::from_iter([(resident::PHONES, Value::Texts(vec![number.to_owned()]))]);
    amina.call(api::SaveFields {
        record,
        fields: phone("12011111111"),
    });
    joao.advance(60_000);
    joao.call(api::SaveFields {
        record,
        fields: phone("12022222222"),
    });
    let hours = FieldMap::from_iter([(household::PREFERRED_HOURS, Value::text("晚上七点后"))]);
    joao.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, home),
        fields: hours,
    });
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;

    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(home);
        assert_eq!(page.household.preferred_hours, "晚上七点后");
        assert_eq!(page.residents[0].resident.phones, ["12022222222"]);
        let conflict = &page.conflicts[0];
        let authors: Vec<&str> = conflict
            .values
            .iter()
            .map(|value| value.author.as_str())
            .collect();
        assert_eq!(authors, ["joao", "amina"]);
        assert!(conflict.values[0].at > conflict.values[1].at);
    }

    let conflict = lin.conflicts().remove(0);
    let other = conflict.values[1].value.clone();
    lin.call(api::Restore {
        record: conflict.record,
        field: conflict.field,
        value: other,
    });
    world.settle(&mut [&mut lin, &mut amina, &mut joao]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(
            phone.household(home).residents[0].resident.phones,
            ["12011111111"]
        );
        assert!(phone.conflicts().is_empty());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_lost_reply_does_no_harm() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    amina.visit(home, "第一次");
    // The request arrives, the reply does not.
    let request = amina.replica.sync_request(true).unwrap();
    let request = shared::protocol::v1::decode(&request).unwrap();
    world.server.sync(&amina.token, &request).await.unwrap();
    assert_eq!(amina.status().sync.waiting_operations, 2);
    amina.visit(home, "第二次");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    assert_eq!(lin.log(), ["第二次", "第一次"]);
    assert_eq!(amina.log(), ["第二次", "第一次"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_three_days_ahead_wins_nothing_and_says_so() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    let record = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let note = |text: &str| FieldMap::from_iter([(household::NOTE, Value::text(text))]);
    amina.advance(3 * 86_400_000);
    amina.call(api::SaveFields {
        record,
        fields: note("from the future"),
    });
    world.sync(&mut amina).await;
    assert!(amina.status().sync.clock_ahead_ms > 2 * 86_400_000);
    world.server.clock.advance(60_000);
    joao.advance(120_000);
    joao.call(api::SaveFields {
        record,
        fields: note("later and honest"),
    });
    world.settle(&mut [&mut joao, &mut amina, &mut lin]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        assert_eq!(phone.household(home).household.note, "later and honest");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn another_grid_is_not_seen_and_what_is_sent_there_is_set_aside() {
    let (world, mut amina, _, mut lin) = three().await;
    let mut nuo = world.phone("nuo", Role::Member, &[OTHER_GRID]).await;
    let home = amina.add_household("3-2-501");
    amina.visit(home, "只给第1网格");
    world.settle(&mut [&mut amina, &mut nuo, &mut lin]).await;
    assert!(nuo.log().is_empty());
    assert_eq!(
        nuo.try_call(api::Household { id: home }).unwrap_err().code,
        ErrorCode::NotFound
    );

    let strange = nuo.add_household_in(GRID, "9-9-909");
    nuo.visit(strange, "不该在这里");
    world.settle(&mut [&mut nuo, &mut amina, &mut lin]).await;
    assert_eq!(amina.log(), ["只给第1网格"]);
    assert_eq!(nuo.status().sync.attention, 2);
    let outbox = nuo.call(api::Outbox);
    assert_eq!(outbox.attention.len(), 2);
    assert!(outbox.attention.iter().all(|entry| !entry.code.is_empty()));
    // What she can do still flows.
    let own = nuo.add_household_in(OTHER_GRID, "1-1-101");
    nuo.visit(own, "自己的网格");
    world.settle(&mut [&mut nuo, &mut lin]).await;
    assert_eq!(lin.log().len(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_saved_form_is_one_visit_however_often_it_is_tapped() {
    let (world, mut amina, _, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    let visit = amina.visit(home, "一次");
    let again = amina.call(api::FinishDraft {
        id: shared::ids::DraftId(visit.0),
    });
    assert_eq!(again, RecordRef::new(RecordKind::VISIT, visit));
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(lin.log(), ["一次"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_phone_under_another_identity_sends_its_work() {
    let (world, mut amina, _, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut lin]).await;
    amina.visit(home, "撤销前写的");
    // The server gives the phone a new identity; what waited goes out under it.
    let reply = world.server.sign_in("amina").await;
    amina.token.clone_from(&reply.token);
    amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    amina.visit(home, "之后写的");
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(lin.log(), ["之后写的", "撤销前写的"]);
    assert_eq!(amina.status().sync.waiting_operations, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_that_lost_its_last_hours_is_offered_them_again() {
    let (world, mut amina, _, _) = three().await;
    let home = amina.add_household("3-2-501");
    amina.visit(home, "第一次");
    world.sync(&mut amina).await;
    // A server restored to before the visit: its receipt names the household only.
    let mut older = world.round(&mut amina).await.unwrap();
    let held = shared::protocol::v1::Receipt {
        through_seq: 1,
        chain: amina.chain_at(1),
        ..older.receipt.clone()
    };
    older.receipt = held;
    older.epoch = shared::ids::EpochId(uuid::Uuid::from_u128(7));
    amina.replica.keep_reply(&older).unwrap();
    assert_eq!(amina.status().sync.waiting_operations, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_name_and_a_door_together_find_the_person() {
    let (_, mut amina, _, _) = three().await;
    let home = amina.add_household("3-2-501");
    let other = amina.add_household("9-1-101");
    let person = amina.add_resident(home, "王芳", "12000000000");
    amina.add_resident(other, "王芳", "12000000001");
    for typed in ["wang 3-2", "王芳 3栋2单元501"] {
        let hits = amina.call(api::Search {
            text: typed.to_owned(),
            limit: 20,
        });
        let found: Vec<_> = hits.iter().map(|hit| hit.resident).collect();
        assert_eq!(found, [Some(person)], "{typed}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_list_of_uploads_tells_a_new_record_from_an_edited_one() {
    let (world, mut amina, mut joao, _) = three().await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut joao]).await;
    let fields = FieldMap::from_iter([
        (household::PREFERRED_HOURS, Value::text("晚上七点后")),
        (household::NOTE, Value::text("家里有狗")),
    ]);
    joao.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, home),
        fields,
    });
    for (phone, expect) in [(&mut joao, "edited"), (&mut amina, "created")] {
        let outbox = phone.call(api::Outbox);
        let entry = outbox.waiting.iter().chain(&outbox.uploaded).next().unwrap();
        assert_eq!(entry.action, expect);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_new_phone_reads_segments_and_goes_on_where_it_was_cut_off() {
    let (world, mut amina, mut joao, _) = three().await;
    let doors = 2 * SEGMENT_OPERATIONS as usize + 10;
    let grid = AreaCode::new(GRID).unwrap();
    let household = |number: usize| {
        let record = RecordRef::new(RecordKind::HOUSEHOLD, uuid::Uuid::from_u128(number as u128 + 1));
        let door = Value::Text(format!("{}-1-101", number + 1));
        (
            grid.clone(),
            record,
            FieldMap::from_iter([(household::DOOR, door)]),
        )
    };
    amina.replica.record_all((0..doors).map(household)).unwrap();
    world.sync(&mut amina).await;
    let known = RecordRef::new(RecordKind::HOUSEHOLD, uuid::Uuid::from_u128(1));
    let note = FieldMap::from_iter([(household::NOTE, Value::text("按门铃"))]);
    amina.call(api::SaveFields {
        record: known,
        fields: note,
    });
    world.sync(&mut amina).await;

    let reply = world.round(&mut joao).await.unwrap();
    assert!(reply.pages[0].remaining >= u64::from(SEGMENT_OPERATIONS));
    assert!(world.segment(&mut joao, GRID).await);
    // Cut off here: what was read stays read, and the rest comes by whichever way.
    let before = joao.replica.cursor(&grid).unwrap();
    let status = joao.status().sync;
    assert!(status.pull_done <= status.pull_total, "{status:?}");
    assert!(!world.segment(&mut joao, GRID).await || joao.replica.cursor(&grid).unwrap() > before);
    world.sync(&mut joao).await;
    let buildings = joao.call(api::Buildings { area: None }).len();
    assert_eq!(buildings, doors);
    assert_eq!(
        joao.household(shared::ids::HouseholdId(known.id)).household.note,
        "按门铃"
    );
    // Her own operations come back in segments to a phone that begins anew, and change nothing.
    assert!(amina.conflicts().is_empty() && joao.conflicts().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn work_of_ones_own_comes_back_with_an_area_that_is_assigned_again() {
    let (world, mut amina, _joao, _lin) = three().await;
    let home = amina.add_household("3-2-501");
    world.sync(&mut amina).await;
    let assign = async |areas: &[&str]| {
        let areas: Vec<_> = areas.iter().map(|code| AreaCode::new(code).unwrap()).collect();
        let storage = &world.server.state.storage;
        storage.set_areas("amina", &areas, TEST_START_MS).await.unwrap();
    };
    assign(&[OTHER_GRID]).await;
    world.sync(&mut amina).await;
    let gone = amina.try_call(api::Household { id: home }).unwrap_err();
    assert_eq!(gone.code, ErrorCode::NotFound);
    assign(&[GRID]).await;
    world.sync(&mut amina).await;
    assert_eq!(amina.household(home).household.door, "3-2-501");
}

#[tokio::test(flavor = "current_thread")]
async fn the_operation_before_the_first_waiting_one_is_kept_however_old() {
    let (world, mut amina, _joao, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    world.sync(&mut amina).await;
    let request = amina.replica.sync_request(true).unwrap();
    let request = shared::protocol::v1::decode(&request).unwrap();
    world.server.clock.advance(91 * 86_400_000);
    let reply = world.server.sync(&amina.token, &request).await.unwrap();
    // Saved while the reply is on its way, which lets go of what is older than 90 days.
    amina.visit(home, "九十一天以后");
    amina.replica.keep_reply(&reply).unwrap();
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(lin.log(), ["九十一天以后"]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_chain_of_what_is_kept_goes_on_from_the_last_that_was_let_go() {
    let (world, mut amina, _joao, _lin) = three().await;
    let home = amina.add_household("3-2-501");
    amina.visit(home, "很久以前");
    world.sync(&mut amina).await;
    world.server.clock.advance(91 * 86_400_000);
    amina.visit(home, "九十一天以后");
    world.sync(&mut amina).await;
    world.sync(&mut amina).await;
    assert!(amina.replica.chain_at(1).unwrap().is_none());
    // A restored server that holds the first two lacks the third, which must fit behind them.
    assert!(amina.replica.chain_at(2).unwrap().is_some());
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_far_ahead_lets_go_of_no_receipted_work_early() {
    let (world, mut amina, _joao, _lin) = three().await;
    amina.add_household("3-2-501");
    amina.add_household("3-2-502");
    amina.advance(400 * 86_400_000);
    world.sync(&mut amina).await;
    assert!(amina.replica.chain_at(1).unwrap().is_some());
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_revoked_phone_did_stands_once_also_on_itself() {
    let (world, mut amina, mut joao, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    let person = amina.add_resident(home, "单春", "12000000000");
    world.settle(&mut [&mut amina, &mut joao, &mut lin]).await;
    let record = RecordRef::new(RecordKind::RESIDENT, person);
    let needs = |numbers: &[u64]| FieldMap::from_iter([(resident::NEEDS, Value::numbers(numbers.to_vec()))]);
    amina.call(api::SaveFields {
        record,
        fields: needs(&[2]),
    });
    let storage = &world.server.state.storage;
    let device = amina.status().session.unwrap().device;
    storage.revoke_device(device, TEST_START_MS).await.unwrap();
    // The server enrols another device here: the phone does not say which one it was.
    let reply = world.server.sign_in("amina").await;
    amina.token.clone_from(&reply.token);
    amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    world.settle(&mut [&mut amina, &mut joao]).await;
    assert_eq!(joao.household(home).residents[0].resident.needs.len(), 1);
    // Joao has seen the one addition that the server knows, and takes it back.
    joao.call(api::SaveFields {
        record,
        fields: needs(&[]),
    });
    world.settle(&mut [&mut joao, &mut amina, &mut lin]).await;
    for phone in [&mut amina, &mut joao, &mut lin] {
        let page = phone.household(home);
        assert!(page.residents[0].resident.needs.is_empty());
        assert_eq!(page.residents[0].resident.name, "单春");
    }
}

/// A reply was lost just before the phone was revoked: what had arrived must not stand twice.
#[tokio::test(flavor = "current_thread")]
async fn a_revoked_phone_goes_on_under_its_identity_when_its_worker_signs_in_again() {
    let (world, mut amina, _, mut lin) = three().await;
    let home = amina.add_household("3-2-501");
    world.settle(&mut [&mut amina, &mut lin]).await;
    amina.visit(home, "撤销前到了的");
    let request = amina.replica.sync_request(true).unwrap();
    let lost: SyncRequest = v1::decode(&request).unwrap();
    world.server.sync(&amina.token, &lost).await.unwrap();
    let device = amina.status().session.unwrap().device;
    let storage = &world.server.state.storage;
    storage.revoke_device(device, TEST_START_MS).await.unwrap();
    assert!(world.round(&mut amina).await.is_err());
    let reply = world.server.sign_in_on("amina", device).await;
    assert_eq!(reply.device, device);
    amina.token.clone_from(&reply.token);
    amina
        .replica
        .keep_sign_in(String::new(), "amina".to_owned(), &reply)
        .unwrap();
    amina.visit(home, "之后写的");
    world.settle(&mut [&mut amina, &mut lin]).await;
    assert_eq!(lin.log(), ["之后写的", "撤销前到了的"]);
    assert_eq!(amina.status().sync.waiting_operations, 0);
}
