//! Records that a phone has worked on itself are not named again by 16 bytes each.

use shared::domain::household::NOTE;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::ids::HouseholdId;
use shared::protocol::known::{KNOWN_WORTH_FROM, OwnRange};
use tests::world::{GRID, OTHER_GRID};
use tests::{Phone, World};

use replica::api;

fn note(phone: &mut Phone, households: &[HouseholdId], text: &str) {
    for household in households {
        phone.call(api::SaveFields {
            record: RecordRef::new(RecordKind::HOUSEHOLD, *household),
            fields: FieldMap::from_iter([(NOTE, Value::text(text))]),
        });
    }
}

#[tokio::test(flavor = "current_thread")]
async fn two_phones_that_worked_on_the_same_households_name_them_once() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let count = 2 * KNOWN_WORTH_FROM;
    let homes: Vec<HouseholdId> = (1..=count)
        .map(|number| amina.add_household(&format!("{number}-1-101")))
        .collect();
    world.settle(&mut [&mut amina, &mut joao]).await;
    note(&mut amina, &homes, "甲");
    note(&mut joao, &homes, "乙");
    world.sync(&mut amina).await;
    let reply = world.round(&mut joao).await.unwrap();
    assert_eq!(
        OwnRange::in_reply(&reply.extensions).map(OwnRange::count),
        Some(count as u64)
    );
    let page = &reply.pages[0].page;
    assert!(
        page.len() < count * 16,
        "{} bytes for {count} operations",
        page.len()
    );
    world.settle(&mut [&mut amina, &mut joao]).await;
    for home in &homes {
        assert_eq!(amina.household(*home), joao.household(*home));
        assert_eq!(amina.household(*home).conflicts.len(), 1);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn operations_that_were_set_aside_count_too() {
    let world = World::new().await;
    let mut amina = world.phone("amina", Role::Member, &[GRID]).await;
    let mut joao = world.phone("joao", Role::Member, &[GRID]).await;
    let homes: Vec<HouseholdId> = (1..=KNOWN_WORTH_FROM)
        .map(|number| joao.add_household(&format!("{number}-1-101")))
        .collect();
    let strange = amina.add_household_in(OTHER_GRID, "9-9-901");
    world.sync(&mut joao).await;
    let reply = world.round(&mut amina).await.unwrap();
    assert_eq!(reply.parked.len(), 1);
    assert_eq!(
        OwnRange::in_reply(&reply.extensions).map(OwnRange::count),
        Some(1)
    );
    let has = |phone: &mut Phone, id| phone.try_call(api::Household { id }).is_ok();
    assert!(homes.iter().all(|home| has(&mut amina, *home)) && has(&mut amina, strange));
}
