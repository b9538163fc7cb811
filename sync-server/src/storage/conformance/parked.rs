//! What was set aside, taken up by a supervisor.

use std::collections::BTreeSet;

use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::issue::{Event, Step};
use shared::domain::value::{FieldMap, Value};
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, household};

use super::{
    COMMUNITY, GRID, NEIGHBOUR, NOW, OTHER_GRID, a_phone, an_issue, area, id, pull, push, push_at, with_areas,
};
use crate::storage::{ParkedPlace, PushOutcome, Storage, TakenUp};
use crate::testing::TestPhone;

/// The place of the parked operation of a device.
fn place(phone: &TestPhone, seq: u64) -> ParkedPlace {
    ParkedPlace {
        parked_at: NOW,
        device: phone.device,
        seq,
    }
}

/// A supervisor's word puts what was set aside in its place: with its author, its time and its number, and what waited
/// for it comes along.
pub async fn what_a_supervisor_takes_up_is_applied_as_it_was_recorded(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let lin = a_phone(storage, 3, Role::Supervisor, &[COMMUNITY]).await;
    let home = amina.household("3-2-501");
    push(storage, &amina, 1).await;
    let assigned = storage.set_areas("worker1", &[area(OTHER_GRID)], NOW).await;
    assert_eq!(assigned.unwrap(), Some(Vec::new()));
    amina.now_ms = NOW + 10_000;
    let new = amina.household("3-2-502");
    amina.visit(home, "after it was taken away");
    // What a colleague does there waits for the household that nobody else has.
    joao.visit(new, "before its household");
    push_at(storage, &amina, 2, 3, NOW + 20_000).await;
    assert_eq!(storage.parked_of(amina.device, 1, 9).await.unwrap().len(), 2);
    assert_eq!(push(storage, &joao, 1).await.applied, 0);
    let at = NOW + 30_000;
    let taken = storage.take_up_parked(place(&amina, 3), lin.worker, at).await;
    assert_eq!(taken.unwrap(), TakenUp::Applied([area(GRID)].into()));
    let taken = storage.take_up_parked(place(&amina, 2), lin.worker, at).await;
    assert_eq!(taken.unwrap(), TakenUp::Applied([area(GRID)].into()));
    assert_eq!(storage.parked_in(&[area(COMMUNITY)], 9).await.unwrap(), []);
    assert_eq!(
        storage.applied_of(amina.device, vec![2, 3]).await.unwrap(),
        [2, 3]
    );
    let log = &pull(storage, &lin, 0, 100).await.areas[0].operations;
    let log: Vec<_> = log.iter().map(|applied| &applied.operation).collect();
    let [made, second, third] = amina.operations.as_slice() else {
        panic!("three")
    };
    assert_eq!(log, [made, third, second, &joao.operations[0]]);
    // Again nothing happens; the device's chain is as it was, and so is the whole database.
    let again = storage.take_up_parked(place(&amina, 2), lin.worker, at).await;
    assert_eq!(again.unwrap(), TakenUp::Applied(BTreeSet::new()));
    assert_eq!(push(storage, &amina, 1).await.receipt.chain, amina.chain_at(3));
    assert_eq!(pull(storage, &lin, 0, 100).await.areas[0].operations.len(), 4);
    assert_eq!(storage.check().await.unwrap().faults, Vec::<String>::new());
}

/// Rights are the supervisor's own of that moment, and what even they may not do stays as it is.
pub async fn nobody_takes_up_what_is_not_theirs_to_take_up(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let own = a_phone(storage, 3, Role::Supervisor, &[GRID]).await;
    let stranger = a_phone(storage, 4, Role::Supervisor, &[NEIGHBOUR]).await;
    let former = a_phone(storage, 5, Role::Supervisor, &[COMMUNITY]).await;
    let over_all = a_phone(storage, 6, Role::Supervisor, &[COMMUNITY]).await;
    let assigned = storage.set_areas("worker5", &[area(NEIGHBOUR)], NOW).await;
    assert_eq!(assigned.unwrap(), Some(Vec::new()));
    amina.area = area(OTHER_GRID);
    amina.household("9-1-101");
    amina.record(RecordRef::new(RecordKind::VISIT, id(9)), Change::default());
    let parked = push(storage, &amina, 1).await.parked;
    assert_eq!(parked.len(), 2);
    let expected = [
        (own.worker, TakenUp::Refused("parked.not_yours")),
        (stranger.worker, TakenUp::Unknown),
        (former.worker, TakenUp::Unknown),
        (over_all.worker, TakenUp::Applied([area(OTHER_GRID)].into())),
    ];
    for (worker, expected) in expected {
        let taken = storage.take_up_parked(place(&amina, 1), worker, NOW).await;
        assert_eq!(taken.unwrap(), expected);
    }
    // Nobody approves their own work by another's hand.
    let mut maker = a_phone(storage, 7, Role::Member, &[GRID]).await;
    let mut lead = a_phone(storage, 8, Role::Supervisor, &[GRID]).await;
    let issue = lead.make(RecordKind::ISSUE, an_issue().to_fields());
    let mut state = RecordState::start(&lead.operations[0], None);
    lead.record(issue, RecordState::step(Some(&state), Event::of(Step::Accepted)));
    state.apply(&lead.operations[1], None);
    lead.record(issue, RecordState::step(Some(&state), Event::of(Step::Resolved)));
    state.apply(&lead.operations[2], None);
    assert_eq!(push(storage, &lead, 1).await.applied, 3);
    maker.record(issue, RecordState::step(Some(&state), Event::of(Step::Confirmed)));
    assert_eq!(push(storage, &maker, 1).await.parked.len(), 1);
    for (worker, expected) in [
        (lead.worker, TakenUp::Refused("issue.own_work")),
        (over_all.worker, TakenUp::Applied([area(GRID)].into())),
    ] {
        let taken = storage.take_up_parked(place(&maker, 1), worker, NOW).await;
        assert_eq!(taken.unwrap(), expected);
    }
    let nonsense = storage
        .take_up_parked(place(&amina, 2), over_all.worker, NOW)
        .await;
    assert_eq!(nonsense.unwrap(), TakenUp::Refused("change.empty"));
    assert_eq!(storage.parked_of(amina.device, 1, 9).await.unwrap(), parked[1..]);
    let none = storage
        .take_up_parked(place(&amina, 3), over_all.worker, NOW)
        .await;
    assert_eq!(none.unwrap(), TakenUp::Unknown);
}

/// Only what is missing comes along: the supervisor has not seen the rest. And where a household has gone it is for others
/// to say.
pub async fn nothing_is_taken_up_that_was_not_looked_at(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut joao = a_phone(storage, 2, Role::Member, &[GRID, OTHER_GRID]).await;
    let lin = a_phone(storage, 3, Role::Supervisor, &[GRID]).await;
    let home = amina.household("3-2-501");
    push(storage, &amina, 1).await;
    storage
        .set_areas("worker1", &[area(OTHER_GRID)], NOW)
        .await
        .unwrap();
    amina.now_ms = NOW + 10_000;
    let household = RecordRef::new(RecordKind::HOUSEHOLD, home);
    let made = RecordState::start(&amina.operations[0], None);
    let say = |field, text| {
        let fields = FieldMap::from_iter([(field, Value::text(text))]);
        RecordState::change_to(RecordKind::HOUSEHOLD, Some(&made), fields)
    };
    amina.record(household, say(household::NOTE, "nobody has looked at this"));
    amina.visit(home, "after it was taken away");
    push_at(storage, &amina, 2, 3, NOW + 20_000).await;
    let taken = storage
        .take_up_parked(place(&amina, 3), lin.worker, NOW + 30_000)
        .await;
    assert_eq!(taken.unwrap(), TakenUp::Applied([area(GRID)].into()));
    let left = storage.parked_of(amina.device, 1, 9).await.unwrap();
    assert_eq!(left.iter().map(|notice| notice.seq).collect::<Vec<_>>(), [2]);
    // The household goes to another grid; the note was said of it where it lay.
    joao.now_ms = NOW + 40_000;
    joao.record(household, say(household::MOVED_TO, OTHER_GRID));
    assert_eq!(push_at_end(storage, &joao, NOW + 50_000).await, 1);
    let place = place(&amina, 2);
    let taken = storage.take_up_parked(place, lin.worker, NOW + 60_000).await;
    assert_eq!(taken.unwrap(), TakenUp::Refused("record.other_area"));
    let over_all = a_phone(storage, 4, Role::Supervisor, &[COMMUNITY]).await;
    let taken = storage.take_up_parked(place, over_all.worker, NOW + 60_000).await;
    assert_eq!(taken.unwrap(), TakenUp::Applied([area(OTHER_GRID)].into()));
}

async fn push_at_end(storage: &Storage, phone: &TestPhone, now_ms: u64) -> u64 {
    let last = phone.operations.len() as u64;
    match push_at(storage, phone, last, last, now_ms).await {
        PushOutcome::Taken(taken) => taken.applied,
        PushOutcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}
