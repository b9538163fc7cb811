//! Areas, accounts, devices, sessions.

use shared::change::hash::CHAIN_START;
use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, DeviceId, WorkerId};

use super::{
    COMMUNITY, GRID, NEIGHBOUR, NOW, OTHER_GRID, a_phone, area, enrol, id, push, push_at, reached, with_areas,
};
use crate::apply::PushRefusal;
use crate::storage::{
    AddedAccount, AreaChanges, DEVICES_PER_WORKER_MAX, DeviceSummary, NewAccount, NewSession, PushOutcome,
    SessionOutcome, Storage, TokenHash,
};
use crate::testing::TestPhone;

/// An import says what it did, and the same again does nothing.
pub async fn areas_are_added_and_renamed(storage: &Storage) {
    let one = |name: &str| {
        [Area {
            code: area(COMMUNITY),
            name: name.to_owned(),
        }]
    };
    let added = AreaChanges {
        added: 1,
        ..AreaChanges::default()
    };
    assert_eq!(storage.put_areas(&one("东园社区")).await.unwrap(), added);
    let unchanged = AreaChanges {
        unchanged: 1,
        ..AreaChanges::default()
    };
    assert_eq!(storage.put_areas(&one("东园社区")).await.unwrap(), unchanged);
    let renamed = AreaChanges {
        renamed: 1,
        ..AreaChanges::default()
    };
    assert_eq!(storage.put_areas(&one("北园社区")).await.unwrap(), renamed);
    assert_eq!(
        storage.area(&area(COMMUNITY)).await.unwrap().unwrap().name,
        "北园社区"
    );
}

/// Names of the areas inside, of those around up to the district, and of the people who work there.
pub async fn the_directory_names_what_is_around(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[OTHER_GRID]).await;
    let stranger = a_phone(storage, 3, Role::Member, &[NEIGHBOUR]).await;
    let lead = a_phone(storage, 4, Role::Supervisor, &[COMMUNITY]).await;
    let directory = storage.directory(amina.worker, 0).await.unwrap().unwrap();
    let codes: Vec<_> = directory.areas.iter().map(|area| area.code.as_str()).collect();
    let common = ["130803001000-00", "130803001001-00"];
    assert_eq!(
        codes,
        ["130803", "130803001", common[0], COMMUNITY, common[1], GRID]
    );
    let has = |worker: WorkerId| directory.workers.iter().any(|colleague| colleague.id == worker);
    assert!(has(amina.worker) && has(lead.worker) && !has(stranger.worker) && !has(joao.worker));
    assert_eq!(
        storage.directory(amina.worker, directory.version).await.unwrap(),
        None
    );
    let of_lead = storage.directory(lead.worker, 0).await.unwrap().unwrap();
    assert_eq!(of_lead.areas.len(), 7);
    assert!(
        of_lead
            .workers
            .iter()
            .any(|colleague| colleague.id == joao.worker)
    );
    // Whoever leaves keeps their name beside what they recorded.
    storage.remove_account("worker2", NOW).await.unwrap();
    let later = storage
        .directory(lead.worker, of_lead.version)
        .await
        .unwrap()
        .unwrap();
    assert!(later.version > of_lead.version);
    assert!(later.workers.iter().any(|colleague| colleague.id == joao.worker));
}

/// Names are unique while they are in use; removing closes everything.
pub async fn accounts_come_and_go(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let account = |worker: u8, areas: Vec<AreaCode>| NewAccount {
        worker: WorkerId(id(worker)),
        username: "worker1".to_owned(),
        display: "Somebody".to_owned(),
        role: Role::Member,
        areas,
        password: "x".to_owned(),
    };
    assert_eq!(
        storage.add_account(account(50, vec![])).await.unwrap(),
        AddedAccount::NameTaken
    );
    assert_eq!(
        storage.account("worker1").await.unwrap().unwrap().worker.id,
        amina.worker
    );
    let session = storage.session(TokenHash([1; 32])).await.unwrap().unwrap();
    assert_eq!(
        (session.credential.device, session.scope),
        (amina.device, reached(GRID))
    );
    assert!(storage.set_password("worker1", "$other").await.unwrap());
    assert_eq!(
        storage.session(TokenHash([1; 32])).await.unwrap(),
        None,
        "another password signs out"
    );
    enrol(storage, amina.worker, Some(amina.device), 1).await.unwrap();
    assert!(storage.remove_account("worker1", NOW).await.unwrap());
    assert!(!storage.remove_account("worker1", NOW).await.unwrap());
    assert_eq!(storage.session(TokenHash([1; 32])).await.unwrap(), None);
    assert_eq!(storage.account("worker1").await.unwrap(), None);
    assert_eq!(enrol(storage, amina.worker, None, 60).await, None);
    assert!(storage.worker(amina.worker).await.unwrap().is_some());
    let unknown = vec![area("990000")];
    let refused = storage.add_account(account(51, unknown.clone())).await.unwrap();
    assert_eq!(refused, AddedAccount::AreasUnknown(unknown.clone()));
    let areas = vec![area(COMMUNITY), area(GRID)];
    assert_eq!(
        storage.add_account(account(51, areas.clone())).await.unwrap(),
        AddedAccount::Added
    );
    let listed = storage.accounts().await.unwrap();
    assert_eq!((listed.len(), &listed[0].areas), (1, &areas));
    assert_eq!(
        storage.set_areas("worker1", &unknown, NOW).await.unwrap(),
        Some(unknown)
    );
    assert_eq!(storage.set_areas("nobody", &[], NOW).await.unwrap(), None);
    enrol(storage, WorkerId(id(51)), None, 61).await.unwrap();
    let session = storage.session(TokenHash([61; 32])).await.unwrap().unwrap();
    assert_eq!(
        session.assigned,
        [area(COMMUNITY)],
        "a grid inside an assigned community is left out"
    );
}

/// A device that signs in again goes on with its numbers, also one that a restored database has never heard of;
/// somebody else's begins anew.
pub async fn devices_stay_with_their_worker(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    push(storage, &amina, 1).await;
    let again = enrol(storage, amina.worker, Some(amina.device), 70)
        .await
        .unwrap();
    assert_eq!(
        (again.device, again.held.through_seq, again.held.chain),
        (amina.device, 1, amina.chain_at(1))
    );
    assert_eq!(
        storage.session(TokenHash([1; 32])).await.unwrap(),
        None,
        "one session per device"
    );
    let stolen = enrol(storage, joao.worker, Some(amina.device), 71).await.unwrap();
    assert_eq!(
        (stolen.device, stolen.held.through_seq, stolen.held.chain),
        (DeviceId(id(71)), 0, CHAIN_START)
    );
    let unknown = enrol(storage, joao.worker, Some(DeviceId(id(200))), 72)
        .await
        .unwrap();
    assert_eq!((unknown.device, unknown.held.through_seq), (DeviceId(id(200)), 0));
    assert!(storage.close_session(TokenHash([72; 32])).await.unwrap());
    assert!(!storage.close_session(TokenHash([72; 32])).await.unwrap());
    assert_eq!(storage.devices().await.unwrap().len(), 4);
}

/// What a revoked device sent stays; more is not taken.
pub async fn a_revoked_device_sends_nothing(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    amina.household("1-1-201");
    push_at(storage, &amina, 1, 1, NOW).await;
    assert_eq!(
        storage.revoke_device(amina.device, NOW).await.unwrap(),
        [amina.device]
    );
    assert_eq!(storage.session(TokenHash([1; 32])).await.unwrap(), None);
    assert!(storage.is_revoked(TokenHash([1; 32])).await.unwrap());
    assert!(!storage.is_revoked(TokenHash([99; 32])).await.unwrap());
    let outcome = push_at(storage, &amina, 2, 2, NOW).await;
    assert_eq!(outcome, PushOutcome::Refused(PushRefusal::Revoked));
    let revoked = |devices: Vec<DeviceSummary>| {
        let of = devices.into_iter().find(|device| device.through_seq == 1);
        of.map(|device| device.revoked)
    };
    assert_eq!(revoked(storage.devices().await.unwrap()), Some(true));
    // Its worker signs in on it again: it goes on where it was.
    let again = enrol(storage, amina.worker, Some(amina.device), 80)
        .await
        .unwrap();
    assert_eq!((again.device, again.held.through_seq), (amina.device, 1));
    assert!(!storage.is_revoked(TokenHash([1; 32])).await.unwrap());
    assert_eq!(revoked(storage.devices().await.unwrap()), Some(false));
    assert_eq!(push(storage, &amina, 1).await.receipt.through_seq, 2);
}

/// A token lets its holder go on under another identity. Who revokes the device ends that too, however far it went.
pub async fn who_revokes_a_device_revokes_what_was_enrolled_with_its_session(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let fork = async |number: u8, parent: DeviceId| {
        let session = NewSession {
            worker: amina.worker,
            device: None,
            device_fresh: DeviceId(id(number)),
            device_name: "copy".to_owned(),
            token: TokenHash([number; 32]),
            parent: Some(parent),
        };
        storage
            .open_session(session, NOW)
            .await
            .unwrap()
            .opened()
            .unwrap()
            .device
    };
    let child = fork(2, amina.device).await;
    let grandchild = fork(3, child).await;
    let other = enrol(storage, amina.worker, None, 4).await.unwrap().device;
    let copies = storage.gaps_in(&[area(GRID)], 9).await.unwrap().copies;
    let copies: Vec<DeviceId> = copies.into_iter().map(|copy| copy.device).collect();
    assert_eq!(copies, [child, grandchild]);
    let revoked = storage.revoke_device(amina.device, NOW).await.unwrap();
    assert_eq!(revoked, [amina.device, child, grandchild]);
    for (number, is_open) in [(1, false), (2, false), (3, false), (4, true)] {
        let session = storage.session(TokenHash([number; 32])).await.unwrap();
        assert_eq!(session.is_some(), is_open, "{number}");
    }
    assert!(storage.gaps_in(&[area(GRID)], 9).await.unwrap().copies.is_empty());
    // The honest copy signs in again, with the password, and goes on; the others stay out.
    let again = enrol(storage, amina.worker, Some(child), 5).await.unwrap();
    assert_eq!(again.device, child);
    assert!(storage.session(TokenHash([3; 32])).await.unwrap().is_none());
    assert!(
        storage
            .devices()
            .await
            .unwrap()
            .iter()
            .any(|device| device.device == other && !device.revoked)
    );
}

/// Beyond so many devices somebody has to sign out or be revoked; who has a device goes on with it. One that never sent
/// anything, because the answer to its enrolment was lost, makes room.
pub async fn one_person_is_signed_in_on_so_many_devices(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let most = u8::try_from(DEVICES_PER_WORKER_MAX).unwrap();
    let mut unused = amina.device;
    for number in 2..=most + 5 {
        let device = enrol(storage, amina.worker, None, number).await.unwrap().device;
        if number > 2 {
            let mut phone = TestPhone::new(device, amina.worker, GRID);
            phone.household(&format!("1-1-{number}01"));
            push(storage, &phone, 1).await;
        } else {
            unused = device;
        }
        if number == most + 1 {
            assert!(
                storage.session(TokenHash([1; 32])).await.unwrap().is_none(),
                "the first made room"
            );
        }
        if number == most + 2 {
            assert!(
                storage.session(TokenHash([2; 32])).await.unwrap().is_none(),
                "so did {unused}"
            );
            break;
        }
    }
    assert!(enrol(storage, amina.worker, None, most + 3).await.is_none());
    assert!(
        enrol(storage, amina.worker, Some(amina.device), most + 4)
            .await
            .is_some()
    );
    assert!(storage.close_session(TokenHash([3; 32])).await.unwrap());
    assert!(storage.close_session(TokenHash([4; 32])).await.unwrap());
    assert!(enrol(storage, amina.worker, None, most + 5).await.is_some());
}

/// Whoever has stolen a token cannot enrol devices without end, nor throw out those that are read on.
pub async fn a_fork_takes_nobodys_place_and_a_desk_that_reads_is_not_thrown_out(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Supervisor, &[GRID]).await;
    let most = u8::try_from(DEVICES_PER_WORKER_MAX).unwrap();
    storage.note_answered(amina.device, NOW).await.unwrap();
    let open = async |number: u8, parent: Option<DeviceId>| {
        let session = NewSession {
            worker: amina.worker,
            device: None,
            device_fresh: DeviceId(id(number)),
            device_name: "desk".to_owned(),
            token: TokenHash([number; 32]),
            parent,
        };
        storage.open_session(session, NOW).await.unwrap()
    };
    // Each goes on from the one before.
    let mut last = amina.device;
    for number in 2..=most {
        assert!(open(number, Some(last)).await.opened().is_some());
        last = DeviceId(id(number));
    }
    for number in most + 1..most + 4 {
        let refused = open(number, Some(last)).await;
        assert_eq!(refused, SessionOutcome::TooManyDevices);
    }
    // With the password one comes in: the oldest that was never answered goes, not the one that has read.
    assert!(open(90, None).await.opened().is_some());
    for (number, is_open) in [(1, true), (2, false), (3, true), (90, true)] {
        let session = storage.session(TokenHash([number; 32])).await.unwrap();
        assert_eq!(session.is_some(), is_open, "{number}");
    }
    for number in 3..=most {
        storage.note_answered(DeviceId(id(number)), NOW).await.unwrap();
    }
    storage.note_answered(DeviceId(id(90)), NOW).await.unwrap();
    assert_eq!(open(91, None).await, SessionOutcome::TooManyDevices);
}

/// A copy whose phone has no room for the answer asks again and again, and is one device all the same.
pub async fn a_copy_that_asks_again_gets_the_identity_that_it_asked_for(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let ask = async |number: u8| {
        let session = NewSession {
            worker: amina.worker,
            device: None,
            device_fresh: DeviceId(id(number)),
            device_name: "phone".to_owned(),
            token: TokenHash([number; 32]),
            parent: Some(amina.device),
        };
        let opened = storage.open_session(session, NOW).await.unwrap().opened();
        opened.unwrap().device
    };
    let many = u8::try_from(2 * DEVICES_PER_WORKER_MAX).unwrap();
    for number in 2..many {
        assert_eq!(ask(number).await, DeviceId(id(2)));
    }
    assert!(
        storage
            .session(TokenHash([many - 1; 32]))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        storage.session(TokenHash([1; 32])).await.unwrap().is_some(),
        "the other copy works on"
    );
    // Once it has been answered another copy is another device.
    storage.note_answered(DeviceId(id(2)), NOW).await.unwrap();
    assert_eq!(ask(many).await, DeviceId(id(many)));
}

/// An account of before names had one form keeps its name; nobody gets the same in another form.
pub async fn a_name_in_another_form_is_taken(storage: &Storage) {
    with_areas(storage).await;
    let account = |worker: u8, username: &str| NewAccount {
        worker: WorkerId(id(worker)),
        username: username.to_owned(),
        display: "Somebody".to_owned(),
        role: Role::Member,
        areas: vec![],
        password: "x".to_owned(),
    };
    let add = async |worker, username| storage.add_account(account(worker, username)).await.unwrap();
    assert_eq!(add(50, "Zhao").await, AddedAccount::Added);
    assert_eq!(add(51, "zhao").await, AddedAccount::NameTaken);
    assert!(storage.remove_account("Zhao", NOW).await.unwrap());
    assert_eq!(add(52, "zhao").await, AddedAccount::Added);
}

/// Imports are written by one device for the life of the database; nobody signs in as it or revokes it.
pub async fn the_importer_stays_the_same(storage: &Storage) {
    with_areas(storage).await;
    let first = storage.importer(&area(COMMUNITY)).await.unwrap();
    assert_eq!(storage.importer(&area(NEIGHBOUR)).await.unwrap(), first);
    assert_eq!(storage.account("").await.unwrap(), None);
    assert_eq!(storage.revoke_device(first.device, NOW).await.unwrap(), []);
    assert!(storage.accounts().await.unwrap().is_empty() && storage.devices().await.unwrap().is_empty());
    assert_eq!(
        storage
            .operations_of(first.device, &area(COMMUNITY))
            .await
            .unwrap(),
        []
    );
}

/// Nothing found is no error.
pub async fn what_is_not_there_is_none(storage: &Storage) {
    assert_eq!(storage.held(DeviceId(id(9))).await.unwrap(), None);
    assert_eq!(storage.parked_of(DeviceId(id(9)), 1, 9).await.unwrap(), []);
    assert_eq!(storage.parked_in(&[area(COMMUNITY)], 9).await.unwrap(), []);
    assert_eq!(storage.area(&area(COMMUNITY)).await.unwrap(), None);
    assert_eq!(storage.account("nobody").await.unwrap(), None);
    assert_eq!(storage.worker(WorkerId(id(9))).await.unwrap(), None);
    assert_eq!(storage.session(TokenHash([9; 32])).await.unwrap(), None);
    assert!(!storage.set_password("nobody", "x").await.unwrap());
    assert_eq!(storage.revoke_device(DeviceId(id(9)), NOW).await.unwrap(), []);
    assert!(storage.devices().await.unwrap().is_empty());
}
