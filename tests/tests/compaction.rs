//! What later operations have replaced leaves the server's log, and nobody sees a difference (D7, F29).

use replica::api;
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, household};
use shared::ids::HouseholdId;
use sync_server::jobs;
use sync_server::testing::TEST_START_MS;
use tests::world::GRID;
use tests::{Phone, World};

const DAY_MS: u64 = 24 * 3_600_000;

/// Says what is to be known of a household now.
fn note(phone: &mut Phone, household: HouseholdId, note: &str) {
    phone.call(api::SaveFields {
        record: RecordRef::new(RecordKind::HOUSEHOLD, household.0),
        fields: FieldMap::from_iter([(household::NOTE, Value::text(note))]),
    });
}

fn at(world: &World, phones: &[&Phone], day: u64) {
    let now_ms = TEST_START_MS + day * DAY_MS;
    world.server.clock.set(now_ms);
    phones.iter().for_each(|phone| phone.now_ms.set(now_ms));
}

/// All that a phone shows of a household, but for the conflicts that ended before its own eyes.
fn page(phone: &mut Phone, household: HouseholdId) -> String {
    let mut page = phone.household(household);
    page.earlier.clear();
    format!("{page:?}")
}

/// Weekly notes about a household for a year; one phone is silent since the tenth week, with a note of its own that
/// waits. After compaction a fresh phone reads a fraction, the silent one comes back, and all have the same.
#[tokio::test]
async fn a_silent_phone_and_a_fresh_one_meet_a_compacted_log() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let household = amina.add_household("3-2-501");
    for week in 1..=52 {
        at(&world, &[&amina, &joao], week * 7);
        note(&mut amina, household, &format!("第{week}周"));
        world.sync(&mut amina).await;
        if week <= 10 {
            world.sync(&mut joao).await;
        }
    }
    // Without signal since: he has seen ten weeks.
    note(&mut joao, household, "换了电话");
    at(&world, &[&amina, &joao], 450);
    let mut before = world.phone("chen", Role::Member, &[GRID]).await;
    let read_before = world.sync(&mut before).await;

    let left = jobs::compact(&world.server.state).await;
    let mut fresh = world.phone("lin", Role::Supervisor, &[GRID]).await;
    let read_after = world.sync(&mut fresh).await;
    println!("{read_before} operations before, {read_after} after, {left} left the log");
    // The log goes back 450 days, of which the last 180 stay as they are.
    assert!(left >= 30, "{left}");
    assert_eq!(read_after + left, read_before);
    assert_eq!(page(&mut fresh, household), page(&mut amina, household));

    world
        .settle(&mut [&mut joao, &mut amina, &mut fresh, &mut before])
        .await;
    let expected = page(&mut amina, household);
    assert!(
        expected.contains("换了电话") && expected.contains("第52周"),
        "both stand: {expected}"
    );
    for phone in [&mut joao, &mut fresh, &mut before] {
        assert_eq!(page(phone, household), expected);
    }
    let report = world.server.state.storage.check().await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
}

/// A device keeps its receipted work for 90 days and offers it again after a restore, however far its log was
/// compacted.
#[tokio::test]
async fn a_restored_server_takes_again_what_its_other_life_had_compacted() {
    let mut world = World::in_a_file().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut fresh = world.phone("lin", Role::Supervisor, &[GRID]).await;
    let household = amina.add_household("3-2-501");
    world.sync(&mut amina).await;
    world.back_up();
    for week in 1..=8 {
        at(&world, &[&amina], week * 7);
        note(&mut amina, household, &format!("第{week}周"));
        world.sync(&mut amina).await;
    }
    let left = world.server.state.storage.compact(u64::MAX).await.unwrap();
    assert_eq!(left, 7);
    let expected = page(&mut amina, household);
    world.restore().await;
    world.settle(&mut [&mut amina, &mut fresh]).await;
    assert_eq!(page(&mut amina, household), expected);
    assert_eq!(page(&mut fresh, household), expected);
}
