//! Pushes, pulls, parked operations, photos.

use std::collections::BTreeMap;

use shared::change::encode::decode_pull;
use shared::change::{Change, Seen, Write};
use shared::crdt::RecordState;
use shared::domain::issue::{Event, Step};
use shared::domain::value::Value;
use shared::domain::worker::Role;
use shared::domain::{RecordKind, RecordRef, visit};
use shared::ids::{DeviceId, EpochId, PhotoHash};
use shared::protocol::gaps::Gaps;
use shared::protocol::v1::{self, AreaPage, Push};

use super::{
    COMMUNITY, GRID, NEIGHBOUR, NOW, OTHER_GRID, a_phone, an_issue, area, enrol, id, pull, push, push_at,
    reached, with_areas,
};
use crate::apply::{AT_ONCE, HeldChain, PushRefusal};
use crate::storage::{
    NewSession, PullRequest, PushOutcome, SEGMENT_OPERATIONS, Storage, StoredPhoto, TokenHash,
};
use crate::testing::TestPhone;

/// The same push again has the same receipt, and nothing is there twice.
pub async fn a_repeated_push_changes_nothing(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let household = amina.household("3-2-501");
    amina.visit(household, "all well");
    let first = push(storage, &amina, 1).await;
    assert_eq!(
        (first.applied, first.receipt.through_seq, first.receipt.chain),
        (2, 2, amina.chain_at(2))
    );
    assert_eq!(
        (first.receipt.applied_from_seq, first.receipt.applied_at),
        (1, NOW)
    );
    assert_eq!(first.areas, [area(GRID)].into());
    let PushOutcome::Taken(again) = push_at(storage, &amina, 1, 2, NOW + 5_000).await else {
        panic!("refused")
    };
    assert_eq!((again.applied, &again.receipt), (0, &first.receipt));
    let PushOutcome::Taken(earlier) = push_at(storage, &amina, 1, 1, NOW + 5_000).await else {
        panic!("refused")
    };
    assert_eq!((earlier.applied, &earlier.receipt), (0, &first.receipt));
    let pulled = pull(storage, &joao, 0, 100).await;
    assert_eq!(pulled.areas[0].operations.len(), 2);
    assert_eq!(pulled.areas[0].operations[1].operation, amina.operations[1]);
    assert_eq!(storage.held(amina.device).await.unwrap().unwrap().through_seq, 2);
}

/// Nothing is taken behind a gap, and what is held stays.
pub async fn a_push_behind_a_gap_is_refused(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    households(&mut amina, 1..=4);
    assert!(matches!(
        push_at(storage, &amina, 1, 1, NOW).await,
        PushOutcome::Taken(_)
    ));
    let PushOutcome::Refused(PushRefusal::Gap { held }) = push_at(storage, &amina, 3, 4, NOW).await else {
        panic!("a gap was taken")
    };
    assert_eq!((held.through_seq, held.chain), (1, amina.chain_at(1)));
    assert_eq!(storage.held(amina.device).await.unwrap(), Some(held));
}

/// A long push is written while it is read: when its end does not fit, nothing of it is left.
pub async fn a_push_that_is_not_whole_leaves_nothing(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let count = AT_ONCE as u64 + 3;
    for number in 1..=count {
        amina.household(&format!("{number}-1-101"));
    }
    let whole = amina.push_of(1, count);
    let chain = Push {
        chain_after: amina.chain_at(1),
        ..whole.clone()
    };
    let cut = Push {
        page: whole.page[..whole.page.len() - 2].to_vec(),
        ..whole.clone()
    };
    for (push, refusal) in [(chain, PushRefusal::Chain), (cut, PushRefusal::Damaged)] {
        let outcome = storage.apply_push(amina.incoming(push), NOW).await.unwrap();
        assert_eq!(outcome, PushOutcome::Refused(refusal));
        assert_eq!(
            storage.held(amina.device).await.unwrap(),
            Some(HeldChain::default())
        );
        assert_eq!(pull(storage, &joao, 0, 10).await.areas[0].operations, []);
    }
    let outcome = storage.apply_push(amina.incoming(whole), NOW).await.unwrap();
    assert!(matches!(outcome, PushOutcome::Taken(taken) if taken.applied == count));
    // Nor is anything else said of it when its numbers do not fit either.
    let altered = Push {
        chain_after: amina.chain_at(1),
        ..amina.push_of(2, 3)
    };
    let outcome = storage.apply_push(amina.incoming(altered), NOW).await.unwrap();
    assert_eq!(outcome, PushOutcome::Refused(PushRefusal::Chain));
}

/// Two phones with one identity are found out, wherever they part.
pub async fn a_fork_is_refused(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut clone = TestPhone::new(amina.device, amina.worker, GRID);
    clone.now_ms += 77;
    for door in 1..=3 {
        amina.household(&format!("1-1-{door}01"));
        clone.household(&format!("2-1-{door}01"));
    }
    clone.household("2-1-401");
    push(storage, &amina, 1).await;
    for (first, last) in [(1, 3), (1, 4), (2, 4), (1, 2), (2, 2), (4, 4)] {
        let outcome = push_at(storage, &clone, first, last, NOW).await;
        assert!(
            matches!(outcome, PushOutcome::Refused(PushRefusal::Fork { .. })),
            "{first}..={last}: {outcome:?}"
        );
    }
    assert_eq!(
        storage.held(amina.device).await.unwrap().unwrap().chain,
        amina.chain_at(3)
    );
}

/// A push whose beginning is held brings the rest.
pub async fn a_push_that_overlaps_brings_only_what_is_new(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    households(&mut amina, 1..=5);
    push_at(storage, &amina, 1, 3, NOW).await;
    let PushOutcome::Taken(taken) = push_at(storage, &amina, 2, 5, NOW + 10).await else {
        panic!("refused")
    };
    assert_eq!((taken.applied, taken.receipt.through_seq), (2, 5));
    assert_eq!(
        (taken.receipt.applied_from_seq, taken.receipt.applied_at),
        (4, NOW + 10)
    );
}

/// A phone whose clock runs ahead and which missed a receipt hears of the time that clamped it before a later
/// receipt covers it; otherwise it would compute another winner than everybody else.
pub async fn a_clamped_time_is_told_before_a_later_one(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.now_ms = NOW + 3_600_000;
    amina.household("1-1-101");
    amina.household("1-1-201");
    push_at(storage, &amina, 1, 1, NOW).await;
    let PushOutcome::Taken(first) = push_at(storage, &amina, 1, 2, NOW + 60_000).await else {
        panic!("refused")
    };
    assert_eq!(
        (first.receipt.through_seq, first.receipt.applied_from_seq),
        (1, 1)
    );
    assert_eq!(first.receipt.applied_at, NOW);
    let PushOutcome::Taken(then) = push_at(storage, &amina, 2, 2, NOW + 60_000).await else {
        panic!("refused")
    };
    assert_eq!((then.receipt.through_seq, then.receipt.applied_from_seq), (2, 2));
    assert_eq!(then.receipt.applied_at, NOW + 60_000);
}

/// One bad operation is kept aside with its code; it blocks nothing, and is held like any other.
pub async fn a_bad_operation_is_parked_and_the_rest_flows(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    amina.household("3-2-501");
    amina.household("no door at all");
    amina.record(RecordRef::new(RecordKind::VISIT, id(9)), Change::default());
    amina.household("3-2-502");
    let taken = push(storage, &amina, 1).await;
    let codes: Vec<_> = taken
        .parked
        .iter()
        .map(|notice| (notice.seq, notice.code.as_str()))
        .collect();
    assert_eq!(codes, [(2, "household.door_not_canonical"), (3, "change.empty")]);
    assert_eq!(
        (taken.applied, taken.receipt.through_seq, taken.receipt.chain),
        (2, 4, amina.chain_at(4))
    );
    assert_eq!(pull(storage, &joao, 0, 100).await.areas[0].operations.len(), 2);
    assert_eq!(push(storage, &amina, 1).await.parked, taken.parked);
    assert_eq!(push(storage, &amina, 3).await.parked, taken.parked[1..]);
    assert_eq!(
        storage.parked_of(amina.device, 1, 1).await.unwrap(),
        taken.parked[..1]
    );
}

/// What is done on a record that is not here yet waits for it, whatever its reason said, and is applied when it
/// comes: after a restored backup the devices offer their work again in any order.
pub async fn what_waited_for_a_record_is_applied_when_it_comes(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let lin = a_phone(storage, 3, Role::Member, &[GRID]).await;
    let household = amina.household("3-2-501");
    let early = joao.visit(household, "before its household");
    let mut seen = Seen::default();
    seen.dots.insert(joao.device, 1);
    let note = Change {
        writes: vec![Write {
            field: visit::NOTE,
            value: Value::text("before its visit"),
            seen,
        }],
        ..Change::default()
    };
    joao.record(early, note);
    joao.record(RecordRef::new(RecordKind::VISIT, id(9)), Change::default());
    let parked = push(storage, &joao, 1).await.parked;
    assert_eq!(
        parked.iter().map(|notice| notice.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        storage.applied_of(joao.device, vec![1, 2, 3]).await.unwrap(),
        [0_u64; 0]
    );
    let taken = push(storage, &amina, 1).await;
    assert_eq!((taken.applied, taken.areas), (1, [area(GRID)].into()));
    assert_eq!(
        storage.applied_of(joao.device, vec![1, 2, 3]).await.unwrap(),
        [1, 2]
    );
    assert_eq!(storage.parked_of(joao.device, 1, 9).await.unwrap(), parked[2..]);
    let log = &pull(storage, &lin, 0, 100).await.areas[0].operations;
    let log: Vec<_> = log.iter().map(|applied| &applied.operation).collect();
    assert_eq!(
        log,
        [&amina.operations[0], &joao.operations[0], &joao.operations[1]]
    );
    // Again nothing happens, and the device's chain is as it was.
    assert_eq!(push(storage, &joao, 1).await.receipt.chain, joao.chain_at(3));
    assert_eq!(pull(storage, &lin, 0, 100).await.areas[0].operations.len(), 3);
}

/// A push of many operations is one: what its end says of records of its beginning holds.
pub async fn the_end_of_a_long_push_knows_its_beginning(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let first = amina.household("9-9-901");
    let early = amina.visit(first, "early");
    for floor in 1..=130 {
        for door in 1..=10 {
            amina.household(&format!("1-1-{floor}{door:02}"));
        }
    }
    amina.visit(first, "late");
    let note = Write {
        field: visit::NOTE,
        value: Value::text("changed"),
        seen: Seen::default(),
    };
    let change = Change {
        writes: vec![note],
        ..Change::default()
    };
    amina.record(early, change);
    let count = amina.operations.len();
    let taken = push(storage, &amina, 1).await;
    let all = count as u64;
    assert_eq!((taken.applied, taken.receipt.through_seq), (all, all));
    assert_eq!(taken.receipt.chain, amina.chain_at(count));
    assert_eq!(taken.parked, []);
    let pulled = pull(storage, &joao, 0, 4_000).await;
    let pulled = pulled.areas[0].operations.iter();
    assert!(pulled.map(|applied| &applied.operation).eq(&amina.operations));
}

/// A server whose clock is set back still stamps later operations with later times.
pub async fn the_time_of_applying_never_goes_back(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    amina.household("1-1-201");
    push_at(storage, &amina, 1, 1, NOW).await;
    let PushOutcome::Taken(taken) = push_at(storage, &amina, 2, 2, NOW - 86_400_000).await else {
        panic!("refused")
    };
    assert_eq!(taken.receipt.applied_at, NOW);
}

/// A community is one sequence over all its grids, without one's own operations, and pages lose nothing.
pub async fn a_community_is_pulled_in_order_and_in_pages(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut joao = a_phone(storage, 2, Role::Member, &[OTHER_GRID]).await;
    let mut stranger = a_phone(storage, 3, Role::Member, &[NEIGHBOUR]).await;
    let mut lead = a_phone(storage, 4, Role::Supervisor, &[COMMUNITY]).await;
    for round in 0..20_u64 {
        for phone in [&mut amina, &mut joao, &mut stranger, &mut lead] {
            phone.household(&format!("1-1-{}01", round + 1));
            push(storage, phone, round + 1).await;
        }
    }
    let whole = pull(storage, &lead, 0, 1_000).await;
    assert_eq!(whole.scope, [area(COMMUNITY), area("130803001000-00")]);
    let whole = &whole.areas[0];
    let authors: Vec<_> = whole
        .operations
        .iter()
        .map(|applied| applied.operation.author)
        .collect();
    let expected: Vec<_> = (0..20).flat_map(|_| [amina.worker, joao.worker]).collect();
    assert_eq!(authors, expected);
    assert_eq!(whole.remaining, 0);
    let (mut cursor, mut paged) = (0, Vec::new());
    loop {
        let page = pull(storage, &lead, cursor, 7).await.areas.remove(0);
        assert!(page.operations.len() <= 7 && (page.cursor > cursor || page.remaining == 0));
        paged.extend(page.operations);
        assert_eq!(page.remaining as usize, whole.operations.len() - paged.len());
        cursor = page.cursor;
        if page.remaining == 0 {
            break;
        }
    }
    assert_eq!(paged, whole.operations);
    assert_eq!(cursor, whole.cursor);
    let after = pull(storage, &lead, cursor, 7).await.areas.remove(0);
    assert_eq!(
        (after.operations.len(), after.cursor, after.remaining),
        (0, cursor, 0)
    );
    let nothing_wanted = pull(storage, &lead, 0, 0).await.areas.remove(0);
    assert_eq!(
        (
            nothing_wanted.operations.len(),
            nothing_wanted.cursor,
            nothing_wanted.remaining
        ),
        (0, 0, 40)
    );
}

/// Only what a request brought just now is left out; earlier work of one's own is handed out like anybody's.
pub async fn earlier_work_of_ones_own_is_handed_out(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    households(&mut amina, 1..=5);
    push(storage, &amina, 1).await;
    for (own_from_seq, operations_max, expected) in [
        (1, 10, (0, 0)),
        (4, 10, (3, 0)),
        (4, 2, (2, 1)),
        (u64::MAX, 10, (5, 0)),
    ] {
        let request = PullRequest {
            worker: amina.worker,
            device: amina.device,
            own_from_seq,
            epoch: None,
            cursors: [].into(),
            operations_max,
            bytes_max: usize::MAX,
        };
        let page = storage.pull(request).await.unwrap().areas.remove(0);
        assert_eq!(
            (page.operations.len(), page.remaining),
            expected,
            "{own_from_seq}"
        );
    }
}

/// Bytes bound a page too, but one operation always fits.
pub async fn a_page_is_bounded_by_bytes(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    households(&mut amina, 1..=5);
    push(storage, &amina, 1).await;
    let epoch = storage.epoch().await.unwrap();
    let ask = |bytes_max| PullRequest {
        worker: joao.worker,
        device: joao.device,
        own_from_seq: 1,
        epoch: Some(epoch),
        cursors: [].into(),
        operations_max: 100,
        bytes_max,
    };
    let one = storage.pull(ask(1)).await.unwrap().areas.remove(0);
    assert_eq!((one.operations.len(), one.remaining), (1, 4));
    let some = storage.pull(ask(300)).await.unwrap().areas.remove(0);
    assert!(
        (1..5).contains(&some.operations.len()),
        "{}",
        some.operations.len()
    );
    assert_eq!(some.operations.len() as u64 + some.remaining, 5);
}

/// A cursor that belongs to another life of the database, or to its future, counts for nothing.
pub async fn a_cursor_of_another_life_starts_over(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    push(storage, &amina, 1).await;
    let epoch = storage.epoch().await.unwrap();
    for (epoch, cursor, expected) in [
        (Some(epoch), 1, 0),
        (Some(epoch), 999, 1),
        (Some(EpochId(id(77))), 1, 1),
        (None, 1, 1),
    ] {
        let request = PullRequest {
            worker: joao.worker,
            device: joao.device,
            own_from_seq: 1,
            epoch,
            cursors: [(area(GRID), cursor)].into(),
            operations_max: 10,
            bytes_max: 10_000,
        };
        let pulled = storage.pull(request).await.unwrap();
        assert_eq!(pulled.areas[0].operations.len(), expected, "{epoch:?} {cursor}");
    }
}

/// Work that was recorded while an area was assigned is taken later too; what came after is set aside.
pub async fn what_was_recorded_before_a_reassignment_is_accepted(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.now_ms = NOW - 10_000;
    amina.household("1-1-101");
    assert_eq!(
        storage
            .set_areas("worker1", &[area(OTHER_GRID)], NOW)
            .await
            .unwrap(),
        Some(Vec::new())
    );
    amina.now_ms = NOW + 10_000;
    amina.household("1-1-201");
    amina.area = area(OTHER_GRID);
    amina.household("1-1-301");
    let taken = push(storage, &amina, 1).await;
    let codes: Vec<_> = taken
        .parked
        .iter()
        .map(|notice| (notice.seq, notice.code.as_str()))
        .collect();
    assert_eq!(codes, [(2, "area.not_assigned")]);
    assert_eq!(pull(storage, &amina, 0, 10).await.scope, reached(OTHER_GRID));
}

const DAY_MS: u64 = 24 * 3_600_000;

/// What becomes of a household that is recorded now with a clock that shows a time before the loss.
async fn backdated(storage: &Storage, phone: &mut TestPhone, now_ms: u64) -> Option<String> {
    let before = phone.operations.len() as u64;
    phone.now_ms = NOW - 10_000 + before;
    phone.household("1-1-101");
    match push_at(storage, phone, before + 1, before + 1, now_ms).await {
        PushOutcome::Taken(taken) => taken.parked.first().map(|notice| notice.code.clone()),
        PushOutcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

/// Work from before a loss is taken however late it comes, from a device that did not know. One that has heard of the
/// loss for a week brings none; nor does its copy.
pub async fn a_device_that_knows_of_the_loss_for_a_week_brings_nothing_from_before(storage: &Storage) {
    with_areas(storage).await;
    let mut silent = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut known = TestPhone::new(
        enrol(storage, silent.worker, None, 2).await.unwrap().device,
        silent.worker,
        GRID,
    );
    storage.note_answered(known.device, NOW - DAY_MS).await.unwrap();
    storage
        .set_areas("worker1", &[area(OTHER_GRID)], NOW)
        .await
        .unwrap();
    // It hears of the loss on the next day, and goes on for some days.
    for day in 1..=6 {
        let now_ms = NOW + day * DAY_MS;
        assert_eq!(backdated(storage, &mut known, now_ms).await, None, "day {day}");
        storage.note_answered(known.device, now_ms).await.unwrap();
    }
    for day in 7..=30 {
        let now_ms = NOW + day * DAY_MS;
        let code = backdated(storage, &mut known, now_ms).await;
        if day >= 14 {
            assert_eq!(code.as_deref(), Some("area.too_late"), "day {day}");
        }
        storage.note_answered(known.device, now_ms).await.unwrap();
    }
    assert_eq!(backdated(storage, &mut silent, NOW + 400 * DAY_MS).await, None);
    let copy = NewSession {
        worker: known.worker,
        device: None,
        device_fresh: DeviceId(id(9)),
        device_name: "copy".to_owned(),
        token: TokenHash([9; 32]),
        parent: Some(known.device),
    };
    let opened = storage.open_session(copy, NOW + 30 * DAY_MS).await.unwrap();
    let mut copy = TestPhone::new(opened.opened().unwrap().device, known.worker, GRID);
    assert_eq!(
        backdated(storage, &mut copy, NOW + 30 * DAY_MS).await.as_deref(),
        Some("area.too_late")
    );
}

/// Who signs in anew brings nothing from a time when the area was theirs.
pub async fn a_new_device_has_no_work_from_before_it_was_enrolled(storage: &Storage) {
    with_areas(storage).await;
    let first = a_phone(storage, 1, Role::Member, &[GRID]).await;
    storage
        .set_areas("worker1", &[area(OTHER_GRID)], NOW - 1_000)
        .await
        .unwrap();
    let fresh = enrol(storage, first.worker, None, 2).await.unwrap().device;
    let mut fresh = TestPhone::new(fresh, first.worker, GRID);
    fresh.now_ms = NOW - 20_000;
    let code = backdated(storage, &mut fresh, NOW).await;
    assert_eq!(code.as_deref(), Some("area.too_late"));
}

/// An issue is resolved and confirmed by two people, and ended by a supervisor.
pub async fn a_step_that_is_not_the_authors_is_set_aside(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut joao = a_phone(storage, 2, Role::Member, &[GRID]).await;
    let mut lin = a_phone(storage, 3, Role::Supervisor, &[GRID]).await;
    let record = amina.make(RecordKind::ISSUE, an_issue().to_fields());
    assert_eq!(push(storage, &amina, 1).await.parked, []);
    let mut told = Vec::new();
    for (who, step) in [
        (0, Step::Accepted),
        (0, Step::Closed),
        (0, Step::Returned),
        (0, Step::Resolved),
        (0, Step::Confirmed),
        (1, Step::Confirmed),
        (2, Step::Reopened),
        (1, Step::Resolved),
        (1, Step::Confirmed),
        (0, Step::Confirmed),
        (0, Step::Closed),
        (2, Step::Closed),
    ] {
        let phone = [&mut amina, &mut joao, &mut lin].into_iter().nth(who).unwrap();
        phone.now_ms = NOW + told.len() as u64 * 1_000;
        let log = storage.pull(PullRequest {
            worker: phone.worker,
            device: DeviceId(id(99)),
            own_from_seq: u64::MAX,
            epoch: None,
            cursors: BTreeMap::new(),
            operations_max: 100,
            bytes_max: 1_000_000,
        });
        let log = log.await.unwrap().areas.remove(0).operations;
        let mut state = RecordState::start(&log[0].operation, None);
        for applied in &log[1..] {
            state.apply(&applied.operation, None);
        }
        phone.record(record, RecordState::step(Some(&state), Event::of(step)));
        let taken = push(storage, phone, phone.operations.len() as u64).await;
        told.push(
            taken
                .parked
                .first()
                .map_or("", |notice| match notice.code.as_str() {
                    "issue.own_work" => "own work",
                    "issue.not_reporter" => "not reporter",
                    "issue.supervisors_step" => "supervisor",
                    other => panic!("{other}"),
                }),
        );
    }
    assert_eq!(
        told,
        [
            "",
            "supervisor",
            "supervisor",
            "",
            "own work",
            "not reporter",
            "",
            "",
            "own work",
            "",
            "supervisor",
            ""
        ]
    );
}

/// Nobody fills the list of a community that they never worked in.
pub async fn parked_operations_show_where_the_author_worked(storage: &Storage) {
    with_areas(storage).await;
    let mut stranger = a_phone(storage, 3, Role::Member, &[NEIGHBOUR]).await;
    stranger.area = area(GRID);
    stranger.household("1-1-101");
    let taken = push(storage, &stranger, 1).await;
    assert_eq!(taken.parked[0].code, "area.not_assigned");
    assert_eq!(storage.parked_in(&[area(COMMUNITY)], 10).await.unwrap(), []);
    let shown = storage.parked_in(&[area(NEIGHBOUR)], 10).await.unwrap();
    assert_eq!(
        (shown.len(), shown[0].author, &shown[0].area),
        (1, stranger.worker, &area(GRID))
    );
    assert_eq!(shown[0].record, stranger.operations[0].record);
    assert_eq!(shown[0].fields.len(), stranger.operations[0].change.writes.len());
}

/// Bytes are seen only in areas for which somebody has sent them.
pub async fn photos_belong_to_areas(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    let mut stranger = a_phone(storage, 3, Role::Member, &[NEIGHBOUR]).await;
    let household = amina.household("1-1-101");
    let visit = amina.visit(household, "");
    let hash = amina.photo(visit, b"lamp");
    push(storage, &amina, 1).await;
    assert_eq!(
        storage.photo_named_in(hash, &[area(COMMUNITY)]).await.unwrap(),
        [area(GRID)]
    );
    assert_eq!(
        storage.photo_named_in(hash, &[area(NEIGHBOUR)]).await.unwrap(),
        []
    );
    assert_eq!(
        storage.photo_stored_in(hash, &[area(COMMUNITY)]).await.unwrap(),
        None
    );
    let stored = StoredPhoto {
        hash,
        size_bytes: 4,
        areas: vec![area(GRID)],
        device: amina.device,
    };
    storage.note_photo(stored.clone(), NOW).await.unwrap();
    storage.note_photo(stored, NOW).await.unwrap();
    assert_eq!(
        storage.photo_stored_in(hash, &[area(COMMUNITY)]).await.unwrap(),
        Some(4)
    );
    // Naming the bytes in a record of one's own does not open them.
    let household = stranger.household("9-9-901");
    let visit = stranger.visit(household, "");
    stranger.photo(visit, b"lamp");
    push(storage, &stranger, 1).await;
    assert_eq!(
        storage.photo_named_in(hash, &[area(NEIGHBOUR)]).await.unwrap(),
        [area(NEIGHBOUR)]
    );
    assert_eq!(
        storage.photo_stored_in(hash, &[area(NEIGHBOUR)]).await.unwrap(),
        None
    );
    assert_eq!(
        storage
            .photo_named_in(PhotoHash([0; 32]), &[area(COMMUNITY)])
            .await
            .unwrap(),
        []
    );
}

/// A photo that was received for two areas is one photo.
pub async fn received_photos_are_listed_once_and_in_pages(storage: &Storage) {
    with_areas(storage).await;
    let amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    assert_eq!(storage.stored_photos(None, 10).await.unwrap(), []);
    for (number, areas) in [
        (3, vec![area(GRID)]),
        (0, vec![area(GRID), area(OTHER_GRID)]),
        (7, vec![area(OTHER_GRID)]),
    ] {
        let stored = StoredPhoto {
            hash: PhotoHash([number; 32]),
            size_bytes: 4,
            areas,
            device: amina.device,
        };
        storage.note_photo(stored, NOW).await.unwrap();
    }
    let [zero, three, seven] = [0, 3, 7].map(|number| PhotoHash([number; 32]));
    assert_eq!(storage.stored_photos(None, 2).await.unwrap(), [zero, three]);
    assert_eq!(storage.stored_photos(Some(three), 2).await.unwrap(), [seven]);
    assert_eq!(storage.stored_photos(Some(seven), 2).await.unwrap(), []);
}

/// A restored backup is the same work in another life.
pub async fn another_life_has_another_epoch_and_the_same_operations(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    push(storage, &amina, 1).await;
    let before = storage.epoch().await.unwrap();
    let next = EpochId(id(77));
    storage.begin_epoch(next).await.unwrap();
    assert_eq!(storage.epoch().await.unwrap(), next);
    assert_ne!(before, next);
    let held = storage.held(amina.device).await.unwrap().unwrap();
    assert_eq!((held.through_seq, held.chain), (1, amina.chain_at(1)));
}

/// A gap is there from the receipt that was shown until the operations have come, and only for those who oversee.
pub async fn gaps_are_known_where_their_workers_are(storage: &Storage) {
    with_areas(storage).await;
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    amina.household("1-1-101");
    push(storage, &amina, 1).await;
    let gaps = async |code: &str| storage.gaps_in(&[area(code)], 10).await.unwrap();
    assert_eq!(gaps(COMMUNITY).await, Gaps::default());
    // Less than what is held is no gap; more is one, however often it is shown.
    storage.note_receipt_shown(amina.device, 1).await.unwrap();
    assert_eq!(gaps(COMMUNITY).await, Gaps::default());
    for through_seq in [4, 3] {
        storage
            .note_receipt_shown(amina.device, through_seq)
            .await
            .unwrap();
    }
    let known = gaps(COMMUNITY).await;
    assert_eq!(known.devices.len(), 1);
    assert_eq!(
        (known.devices[0].device, known.devices[0].worker),
        (amina.device, amina.worker)
    );
    assert_eq!(gaps(NEIGHBOUR).await, Gaps::default());
    assert_eq!(
        storage.gaps_in(&[area(COMMUNITY)], 0).await.unwrap(),
        Gaps::default()
    );
    let household = amina.household("1-1-102");
    let visit = amina.visit(household, "");
    let hash = amina.photo(visit, b"lamp");
    push(storage, &amina, 2).await;
    let known = gaps(COMMUNITY).await;
    assert_eq!((known.devices.len(), known.photos.len()), (0, 1));
    assert_eq!((&known.photos[0].area, known.photos[0].lacking), (&area(GRID), 1));
    let stored = StoredPhoto {
        hash,
        size_bytes: 4,
        areas: vec![area(GRID)],
        device: amina.device,
    };
    storage.note_photo(stored, NOW).await.unwrap();
    assert_eq!(gaps(COMMUNITY).await, Gaps::default());
    storage.forget_photo(hash).await.unwrap();
    assert_eq!(gaps(COMMUNITY).await.photos.len(), 1);
    // A stranger's device is nobody's gap.
    storage.note_receipt_shown(DeviceId(id(99)), 9).await.unwrap();
    assert_eq!(gaps(COMMUNITY).await.devices.len(), 0);
}

fn households(phone: &mut TestPhone, floors: std::ops::RangeInclusive<u8>) {
    for floor in floors {
        phone.household(&format!("1-1-{floor}01"));
    }
}

/// A segment is there when there are enough operations, holds them in order, and what comes later does not change it.
pub async fn a_segment_is_whole_and_stays_the_same(storage: &Storage) {
    with_areas(storage).await;
    let whole = u64::from(SEGMENT_OPERATIONS);
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    for number in 1..=whole {
        amina.household(&format!("{}-1-101", number));
    }
    push(storage, &amina, 1).await;
    // Nothing behind it: it may still grow.
    assert_eq!(storage.segment(&area(GRID), 0).await.unwrap(), None);
    amina.household("9999-1-101");
    push(storage, &amina, whole + 1).await;
    let first = storage.segment(&area(GRID), 0).await.unwrap().unwrap();
    let page: AreaPage = v1::decode(&first).unwrap();
    let operations = decode_pull(&page.page).unwrap();
    assert_eq!(
        (page.area, page.cursor, operations.len() as u64),
        (area(GRID), whole, whole)
    );
    let recorded = amina.operations.iter().take(operations.len());
    assert!(operations.iter().map(|applied| &applied.operation).eq(recorded));
    // From anywhere inside it, and after more was recorded, it is the same.
    amina.household("9998-1-101");
    push(storage, &amina, whole + 2).await;
    assert_eq!(
        storage.segment(&area(GRID), whole - 1).await.unwrap().as_ref(),
        Some(&first)
    );
    assert_eq!(storage.segment(&area(GRID), whole).await.unwrap(), None);
    assert_eq!(storage.segment(&area(OTHER_GRID), 0).await.unwrap(), None);
    let of_community = storage.segment(&area(COMMUNITY), 0).await.unwrap().unwrap();
    let page: AreaPage = v1::decode(&of_community).unwrap();
    assert_eq!(page.area, area(COMMUNITY));
}

/// What is whole is packed before anybody asks, where somebody may ask.
pub async fn segments_are_prepared_where_somebody_works(storage: &Storage) {
    with_areas(storage).await;
    let whole = u64::from(SEGMENT_OPERATIONS);
    let mut amina = a_phone(storage, 1, Role::Member, &[GRID]).await;
    for number in 1..=2 * whole + 1 {
        amina.household(&format!("{number}-1-101"));
    }
    push(storage, &amina, 1).await;
    storage.importer(&area(COMMUNITY)).await.unwrap();
    assert_eq!(storage.prepare_segments().await.unwrap(), 2);
    assert_eq!(storage.prepare_segments().await.unwrap(), 0);
    let first = storage.segment(&area(GRID), 0).await.unwrap().unwrap();
    let page: AreaPage = v1::decode(&first).unwrap();
    assert_eq!((page.area, page.cursor), (area(GRID), whole));
    a_phone(storage, 2, Role::Supervisor, &[COMMUNITY]).await;
    assert_eq!(storage.prepare_segments().await.unwrap(), 2);
}
