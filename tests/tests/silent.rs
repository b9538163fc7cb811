//! A device that was silent for more than a year comes back with unsent work (F29).
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::rc::Rc;

use replica::api::{self, SyncPhase};
use shared::domain::Household;
use shared::domain::worker::Role;
use shared::ids::AreaCode;
use sync_server::testing::{TEST_START_MS, TestServer};
use tests::driven::{Address, DrivenPhone};
use tests::processes::COMMUNITY;
use tokio::task::LocalSet;

const DAY_MS: u64 = 24 * 3_600_000;

fn household(phone: &DrivenPhone, door: &str) {
    let household = Household {
        door: door.to_owned(),
        ..Household::default()
    };
    let area = AreaCode::new(COMMUNITY).unwrap();
    phone.call(api::AddHousehold { area, household });
}

fn doors(phone: &DrivenPhone) -> Vec<String> {
    let ask = api::Doors {
        area: AreaCode::new(COMMUNITY).unwrap(),
        building: "1".to_owned(),
    };
    phone
        .call(ask)
        .into_iter()
        .map(|household| household.door)
        .collect()
}

#[tokio::test(flavor = "current_thread")]
async fn a_device_silent_for_400_days_is_taken_as_far_as_it_was_authorised() {
    LocalSet::new()
        .run_until(async {
            let server = TestServer::start().await;
            server.add_area(COMMUNITY, "社区").await;
            server.add_worker("zhao", Role::Member, &[COMMUNITY]).await;
            server.add_worker("qian", Role::Supervisor, &[COMMUNITY]).await;
            let address = Address::of(server).await;
            let now_ms = Rc::new(Cell::new(TEST_START_MS));
            let pass = |ms: u64| {
                now_ms.set(now_ms.get() + ms);
                address.server().clock.set(now_ms.get());
            };
            let office = DrivenPhone::open(None, &address, &now_ms, 2);
            office.sign_in("qian").await;
            let phone = DrivenPhone::open(None, &address, &now_ms, 1);
            phone.sign_in("zhao").await;
            household(&phone, "1-1-101");
            phone.sync().await;
            let device = phone.device();
            // Without signal from here on: the driver gets no chance to speak while nothing is awaited.
            pass(DAY_MS);
            household(&phone, "1-1-102");
            pass(200 * DAY_MS);
            let ended_at = now_ms.get();
            pass(199 * DAY_MS);
            household(&phone, "1-1-103");
            address
                .server()
                .state
                .storage
                .set_areas("zhao", &[], ended_at)
                .await
                .unwrap();
            let state = phone.sync().await;
            assert_eq!((state.phase, state.waiting_operations), (SyncPhase::UpToDate, 0));
            assert_eq!(phone.device(), device, "it goes on under its own identity");
            assert_eq!(
                state.attention, 1,
                "what came after the reassignment is set aside, and said"
            );
            office.sync().await;
            assert_eq!(doors(&office), ["1-1-101", "1-1-102"]);
            let parked = address
                .server()
                .state
                .storage
                .parked_in(&[AreaCode::new(COMMUNITY).unwrap()], 10)
                .await
                .unwrap();
            assert_eq!(parked.len(), 1, "nothing is lost");
        })
        .await;
}
