use uuid::Uuid;

use super::*;
use crate::clock::Stamp;
use crate::crdt::Origin;
use crate::domain::issue::{Event, LIFE_CYCLE, Step};
use crate::ids::{DeviceId, WorkerId};

/// A step; every one is another person's.
fn at(ms: u64, step: Step) -> RecordEvent {
    by(ms, ms, step)
}

fn by(author: u64, ms: u64, step: Step) -> RecordEvent {
    let origin = Origin {
        stamp: Stamp { ms, counter: 0 },
        device: DeviceId(Uuid::from_u128(1)),
        seq: ms,
        author: WorkerId(Uuid::from_u128(author.into())),
    };
    RecordEvent {
        event: Event::of(step),
        origin,
    }
}

/// As apps recorded steps that did not say what their author had seen: time decides.
fn without_knowledge(events: &[RecordEvent]) -> Vec<TakenStep<'_>> {
    events
        .iter()
        .map(|event| TakenStep { event, seen: None })
        .collect()
}

fn check(steps: &[Step], expect: Step, reasons: &[&str]) {
    let events: Vec<RecordEvent> = steps
        .iter()
        .enumerate()
        .map(|(ms, step)| at(ms as u64, *step))
        .collect();
    let state = fold(&LIFE_CYCLE, &without_knowledge(&events));
    assert_eq!(state.step, expect.number(), "{steps:?}");
    let given: Vec<&str> = state.timeline.iter().map(|entry| entry.reason).collect();
    assert_eq!(given, reasons, "{steps:?}");
}

#[test]
fn the_whole_life_of_an_issue() {
    use Step::*;
    let life = [
        Reported, Accepted, Assigned, InProgress, Resolved, Confirmed, Closed,
    ];
    check(&life, Closed, &[""; 7]);
    check(&[HandledOnTheSpot, Confirmed], Confirmed, &["", ""]);
}

#[test]
fn what_comes_too_late_stays_in_the_timeline_with_its_reason() {
    use Step::*;
    check(&[Reported, Resolved], Reported, &["", "issue.out_of_order"]);
    check(
        &[Reported, Accepted, Resolved, Resolved],
        Resolved,
        &["", "", "", "issue.already_finished"],
    );
    check(
        &[Reported, MergedInto, Accepted],
        MergedInto,
        &["", "", "issue.merged"],
    );
    check(
        &[Reported, Accepted, Accepted],
        Accepted,
        &["", "", "issue.already_there"],
    );
    check(&[Reported, Reported], Reported, &["", "issue.already_reported"]);
}

fn last_reason(of: &[(u64, Step)]) -> (Step, &'static str) {
    let events: Vec<RecordEvent> = (0..)
        .zip(of)
        .map(|(ms, (author, step))| by(*author, ms, *step))
        .collect();
    let state = fold(&LIFE_CYCLE, &without_knowledge(&events));
    (
        Step::from_number(state.step).unwrap(),
        state.timeline.last().unwrap().reason,
    )
}

#[test]
fn nobody_confirms_what_they_resolved_themselves() {
    use Step::*;
    let (amina, joao) = (1, 2);
    let resolved_by_amina = [(amina, Reported), (amina, Accepted), (amina, Resolved)];
    let and = |step| [&resolved_by_amina[..], &[step]].concat();
    assert_eq!(
        last_reason(&and((amina, Confirmed))),
        (Resolved, "issue.own_work")
    );
    assert_eq!(last_reason(&and((joao, Confirmed))), (Confirmed, ""));
    let on_the_spot = [(amina, HandledOnTheSpot), (amina, Confirmed)];
    assert_eq!(last_reason(&on_the_spot), (HandledOnTheSpot, "issue.own_work"));
    // Both resolved it; the second of the two resolutions changed nothing and is their work all the same.
    let both = [&and((joao, Resolved))[..], &[(joao, Confirmed)]].concat();
    assert_eq!(last_reason(&both), (Resolved, "issue.own_work"));
    // Somebody opened it again, and somebody else put it right.
    let again = [
        &and((joao, Reopened))[..],
        &[(joao, Resolved), (amina, Confirmed)],
    ]
    .concat();
    assert_eq!(last_reason(&again), (Confirmed, ""));
}

#[test]
fn reopening_beats_what_ended_it_before() {
    use Step::*;
    check(
        &[Reported, Accepted, Resolved, Reopened, Resolved],
        Resolved,
        &["", "", "", "", ""],
    );
    check(
        &[Reported, Returned, Reopened, Assigned],
        Assigned,
        &["", "", "", ""],
    );
}

#[test]
fn a_step_of_a_later_version_changes_nothing_and_is_kept() {
    let mut unknown = at(1, Step::Accepted);
    unknown.event.step = 99;
    let first = at(0, Step::Reported);
    let state = fold(&LIFE_CYCLE, &without_knowledge(&[first, unknown]));
    assert_eq!(state.step, Step::Reported.number());
    assert_eq!(state.timeline[1].reason, "issue.unknown_step");
}

#[path = "life_pairs_tests.rs"]
mod pairs;

#[path = "life_recorded_tests.rs"]
mod recorded;
