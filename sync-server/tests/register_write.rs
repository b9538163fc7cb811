//! Writing a register: twice is once, and what people corrected since stays.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::collections::BTreeSet;

use shared::change::encode::decode_pull;
use shared::crdt::RecordState;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::domain::{FieldMap, Household, RecordKind, RecordRef, Resident, Value, household, resident};
use shared::ids::{AreaCode, HouseholdId, ResidentId};
use sync_server::import::register_ids::{PlannedHousehold, PlannedResident};
use sync_server::register_write::{RegisterChanges, RegisterWriteError, write_register};
use sync_server::testing::{TEST_START_MS, TestPhone, TestServer, a_request};
use uuid::Uuid;

const COMMUNITY: &str = "130803001001";
const GRID: &str = "130803001001-03";

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

/// Two households with three residents, in the third grid.
fn a_register() -> Vec<PlannedHousehold> {
    let household = |number: u8, door: &str, names: &[&str]| {
        let id = HouseholdId(Uuid::from_bytes([number; 16]));
        let residents = names.iter().zip(number + 10..).map(|(name, number)| {
            let phones = vec!["13900000001".to_owned()];
            PlannedResident {
                id: ResidentId(Uuid::from_bytes([number; 16])),
                resident: Resident {
                    phones,
                    ..Resident::named(id, name)
                },
                unread: BTreeSet::new(),
            }
        });
        PlannedHousehold {
            id,
            area: area(GRID),
            household: Household {
                door: door.to_owned(),
                ..Household::default()
            },
            unread: BTreeSet::new(),
            residents: residents.collect(),
        }
    };
    vec![
        household(1, "3-2-501", &["王秀英", "李建国"]),
        household(40, "3-2-502", &["张伟"]),
    ]
}

async fn a_server() -> TestServer {
    let server = TestServer::start().await;
    server.add_area(COMMUNITY, "元宝山社区").await;
    server
}

async fn write(server: &TestServer, register: &[PlannedHousehold]) -> RegisterChanges {
    write_register(&server.state.storage, &area(COMMUNITY), register, TEST_START_MS)
        .await
        .unwrap()
}

/// The states that a newly signed-in supervisor sees.
async fn states(server: &TestServer) -> std::collections::BTreeMap<RecordRef, RecordState> {
    let lead = server.sign_in("lead").await;
    let reply = server.sync(&lead.token, &a_request(None)).await.unwrap();
    let mut states = std::collections::BTreeMap::new();
    for applied in decode_pull(&reply.pages[0].page).unwrap() {
        let (operation, at) = (&applied.operation, Some(applied.applied_at));
        states
            .entry(operation.record)
            .and_modify(|state: &mut RecordState| state.apply(operation, at))
            .or_insert_with(|| RecordState::start(operation, at));
    }
    states
}

#[tokio::test]
async fn the_same_register_twice_changes_nothing() {
    let server = a_server().await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    let first = write(&server, &a_register()).await;
    let expected = RegisterChanges {
        grids_added: 1,
        households_added: 2,
        residents_added: 3,
        ..RegisterChanges::default()
    };
    assert_eq!(first, expected);
    assert_eq!(write(&server, &a_register()).await, RegisterChanges::default());
    let grid = server.state.storage.area(&area(GRID)).await.unwrap();
    assert_eq!(
        grid,
        Some(Area {
            code: area(GRID),
            name: "第3网格".to_owned()
        })
    );
    assert_eq!(states(&server).await.len(), 5);
}

#[tokio::test]
async fn what_a_grid_member_corrected_stays_until_the_register_says_something_new() {
    let server = a_server().await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    let mut register = a_register();
    write(&server, &register).await;
    server.add_worker("zhao", Role::Member, &[GRID]).await;
    let zhao = server.sign_in("zhao").await;
    let mut phone = TestPhone::of(&zhao, GRID);
    let record = RecordRef::new(RecordKind::RESIDENT, register[0].residents[0].id);
    let before = states(&server).await.remove(&record).unwrap();
    let phones = |number: &str| Value::texts(&[number.to_owned()]);
    let wanted = FieldMap::from_iter([(resident::PHONES, phones("13911111111"))]);
    phone.record(
        record,
        RecordState::change_to(RecordKind::RESIDENT, Some(&before), wanted),
    );
    server
        .sync(&zhao.token, &a_request(Some(phone.push_from(1))))
        .await
        .unwrap();
    assert_eq!(write(&server, &register).await, RegisterChanges::default());
    let corrected = states(&server).await.remove(&record).unwrap();
    assert_eq!(corrected.values()[&resident::PHONES], phones("13911111111"));
    assert_eq!(corrected.conflicts(), []);
    // The register is corrected too, without knowing of the other correction: both are kept.
    register[0].residents[0].resident.phones = vec!["13922222222".to_owned()];
    let changed = write(&server, &register).await;
    assert_eq!((changed.residents_changed, changed.records()), (1, 1));
    let both = states(&server).await.remove(&record).unwrap();
    assert_eq!(both.conflicts()[0].values.len(), 2);
    assert_eq!(write(&server, &register).await, RegisterChanges::default());
}

#[tokio::test]
async fn what_could_not_be_read_says_nothing_about_what_was_imported_before() {
    let server = a_server().await;
    let mut register = a_register();
    register[0].household.preferred_hours = "晚上".to_owned();
    write(&server, &register).await;
    let (household, resident) = register[0].residents.split_first_mut().unwrap();
    household.resident.phones.clear();
    household.unread = [resident::PHONES].into();
    resident[0].id = ResidentId(Uuid::from_bytes([99; 16]));
    resident[0].unread = [resident::BIRTH_YEAR].into();
    register[0].household.preferred_hours.clear();
    register[0].unread = [household::PREFERRED_HOURS].into();
    assert_eq!(write(&server, &register).await, RegisterChanges::default());
    // What can be read again counts again.
    register[0].residents[0].unread.clear();
    assert_eq!(write(&server, &register).await.residents_changed, 1);
}

#[tokio::test]
async fn nothing_is_erased_or_moved() {
    let server = a_server().await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    let mut register = a_register();
    write(&server, &register).await;
    register.truncate(1);
    register[0].area = area("130803001001-04");
    let changes = write(&server, &register).await;
    assert_eq!(
        (changes.not_named, changes.kept_in_grid, changes.records()),
        (2, 1, 0)
    );
    assert!(
        states(&server)
            .await
            .values()
            .all(|state| state.area().as_str() == GRID)
    );
}

#[tokio::test]
async fn only_a_known_community_has_a_register() {
    let server = a_server().await;
    let write = async |code: &str| {
        write_register(&server.state.storage, &area(code), &a_register(), TEST_START_MS)
            .await
            .unwrap_err()
    };
    assert!(matches!(
        write("130803001002").await,
        RegisterWriteError::UnknownCommunity(_)
    ));
    assert!(matches!(
        write("130803").await,
        RegisterWriteError::NoCommunity(_)
    ));
}

#[tokio::test]
async fn a_record_that_is_parked_is_never_counted_as_written() {
    let server = a_server().await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    let mut register = a_register();
    // The reading lets no such name through; a record may be refused for another reason, though.
    register[0].residents[0].resident.name = "王\u{7f}英".to_owned();
    let changes = write(&server, &register).await;
    assert_eq!((changes.residents_added, changes.parked), (2, 1));
    for _ in 0..2 {
        let again = write(&server, &register).await;
        assert_eq!((again.records(), again.parked), (0, 1));
    }
}
