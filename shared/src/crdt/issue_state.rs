//! The state of an issue: a pure fold of its steps, the same on every device in whatever order they came.
//!
//! State: the steps with what their authors had seen. Operations: append a step. Rule: a step comes after
//! everything that its author had seen; of steps taken without knowing of each other, `rank` says which
//! comes first, then (time, counter, device). Each either moves the issue on or stays in the timeline with
//! the reason why it did not. Owes: the same answer for the same set. The rules are the tables in
//! `docs/data-model.md`, "Issue steps" and "Steps taken at the same time".
//!
//! ```text
//!   resolved ──► reopened (new evidence)         the phone that resolves again had seen neither:
//!       └──────► resolved again, in a basement   reopened stands, and the reason says so
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::record::{Origin, RecordEvent};
use crate::change::Seen;
use crate::domain::issue::Step;
use crate::ids::WorkerId;

/// The most steps of one issue; a real one has a dozen.
pub const STEPS_PER_ISSUE_MAX: usize = 200;

/// A step, and which other steps its author had seen.
#[derive(Debug, Clone, Copy)]
pub struct TakenStep<'a> {
    /// The step.
    pub event: &'a RecordEvent,
    /// The steps that its author had seen; `None` when an app recorded it that did not say. Then time decides.
    pub seen: Option<&'a Seen>,
}

/// Where an issue stands and how it came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueState {
    /// Where it stands.
    pub step: Step,
    /// Who has said since it was opened last that they resolved it, also where their step did not count.
    pub resolved_by: BTreeSet<WorkerId>,
    /// Every event by time.
    pub timeline: Vec<TimelineStep>,
}

/// One event and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineStep {
    /// The event.
    pub event: RecordEvent,
    /// Empty when it moved the issue; else the code of the reason why it did not, or does not count any more.
    pub reason: &'static str,
}

/// Folds the steps of one issue, given in any order.
pub fn fold(steps: &[TakenStep<'_>]) -> IssueState {
    let order = order(steps);
    let mut state = Step::Reported;
    // What was applied, with its place in `steps`.
    let mut applied: Vec<(Step, TakenStep<'_>, usize)> = Vec::new();
    let mut reasons = vec![""; steps.len()];
    let mut resolved_by = BTreeSet::new();
    for (place, (index, taken)) in order.into_iter().enumerate() {
        let next = Step::from_number(taken.event.event.step);
        let author = taken.event.origin.author;
        let reason = match next {
            None => "issue.unknown_step",
            Some(_) if place == 0 => "",
            // Nobody says of their own work that it is done well, whatever their phone had seen.
            Some(Step::Confirmed) if resolved_by.contains(&author) => "issue.own_work",
            Some(next) => refusal(state, next, taken, &applied),
        };
        if let (Some(next), "") = (next, reason) {
            if let Some(earlier) = replaced(next, taken, &applied) {
                set(&mut reasons, earlier, "issue.assigned_elsewhere");
            }
            state = next;
            applied.push((next, taken, index));
        }
        match (next, reason) {
            (Some(Step::Reopened), "") => resolved_by.clear(),
            (Some(Step::Resolved | Step::HandledOnTheSpot), _) => {
                resolved_by.insert(author);
            }
            _ => {}
        }
        set(&mut reasons, index, reason);
    }
    let mut timeline: Vec<TimelineStep> = steps
        .iter()
        .zip(reasons)
        .map(|(taken, reason)| TimelineStep {
            event: taken.event.clone(),
            reason,
        })
        .collect();
    timeline.sort_by_key(|step| step.event.origin);
    IssueState {
        step: state,
        resolved_by,
        timeline,
    }
}

fn set(reasons: &mut [&'static str], index: usize, reason: &'static str) {
    if let Some(place) = reasons.get_mut(index) {
        *place = reason;
    }
}

/// The steps in the order in which they count: each behind all that its author had seen.
///
/// Claims that contradict each other (each says to have seen the other) count as not made.
fn order<'a>(steps: &[TakenStep<'a>]) -> Vec<(usize, TakenStep<'a>)> {
    let key = |taken: &TakenStep<'_>| -> (u8, Origin) {
        let step = Step::from_number(taken.event.event.step);
        (step.map_or(u8::MAX, rank), taken.event.origin)
    };
    let mut waits_for: Vec<usize> = steps
        .iter()
        .map(|later| steps.iter().filter(|earlier| knows(later, earlier)).count())
        .collect();
    let ready = |waits_for: &[usize]| {
        let free = waits_for.iter().enumerate().filter(|(_, count)| **count == 0);
        free.filter_map(|(index, _)| Some(Reverse((key(steps.get(index)?), index))))
            .collect::<BinaryHeap<_>>()
    };
    let mut heap = ready(&waits_for);
    let mut order: Vec<(usize, TakenStep<'a>)> = Vec::with_capacity(steps.len());
    let mut placed = vec![false; steps.len()];
    while order.len() < steps.len() {
        let next = heap.pop().map(|Reverse((_, index))| index).or_else(|| {
            // A circle of claims: the first by rank and time goes on.
            let left = steps
                .iter()
                .enumerate()
                .filter(|(index, _)| placed.get(*index) == Some(&false));
            left.min_by_key(|(index, taken)| (key(taken), *index))
                .map(|(index, _)| index)
        });
        let Some((index, taken)) = next.and_then(|index| Some((index, *steps.get(index)?))) else {
            break;
        };
        match placed.get_mut(index) {
            Some(done) if !*done => *done = true,
            _ => continue,
        }
        order.push((index, taken));
        for (other, later) in steps.iter().enumerate() {
            if let Some(count) = waits_for.get_mut(other)
                && knows(later, &taken)
            {
                *count -= 1;
                if *count == 0 {
                    heap.push(Reverse((key(later), other)));
                }
            }
        }
    }
    order
}

/// Whether the author of `later` had seen `earlier`.
fn knows(later: &TakenStep<'_>, earlier: &TakenStep<'_>) -> bool {
    let (a, b) = (later.event.origin, earlier.event.origin);
    if (a.device, a.seq) == (b.device, b.seq) {
        return false;
    }
    match (later.seen, earlier.seen) {
        (Some(_), Some(_)) if a.device == b.device => b.seq < a.seq,
        (Some(seen), Some(_)) => seen.get(&b.device) >= b.seq,
        _ => b < a,
    }
}

/// Of steps taken at the same time, which comes first: the lower rank. What says more comes later, except that
/// reopening comes before everything that it forbids.
fn rank(step: Step) -> u8 {
    match step {
        Step::Reported | Step::HandledOnTheSpot => 0,
        Step::Reopened => 1,
        Step::Accepted => 2,
        Step::Assigned => 3,
        Step::InProgress => 4,
        Step::Resolved => 5,
        Step::Confirmed => 6,
        Step::Closed => 7,
        Step::MergedInto => 8,
        Step::Returned => 9,
    }
}

/// Why `next` does not move an issue that stands at `state`; empty when it does.
fn refusal(
    state: Step,
    next: Step,
    taken: TakenStep<'_>,
    applied: &[(Step, TakenStep<'_>, usize)],
) -> &'static str {
    let meanwhile = |steps: &[Step]| {
        let beside = |other: &TakenStep<'_>| !knows(&taken, other) && !knows(other, &taken);
        applied
            .iter()
            .any(|(step, other, _)| steps.contains(step) && beside(other))
    };
    let ends = is_finished(next);
    if ends && meanwhile(&[Step::Reopened]) {
        // An issue that is open once too often costs a look; one that is closed wrongly is forgotten.
        return "issue.reopened_meanwhile";
    }
    if next == Step::Returned && meanwhile(&[Step::Accepted, Step::Assigned, Step::InProgress]) {
        return "issue.taken_up_meanwhile";
    }
    let same_department = |(step, other, _): &(Step, TakenStep<'_>, usize)| {
        *step == Step::Assigned
            && !knows(&taken, other)
            && other.event.event.target == taken.event.event.target
    };
    if next == Step::Assigned && applied.last().is_some_and(same_department) {
        return "issue.already_there";
    }
    refusal_by_state(state, next)
}

/// The earlier of two dispatches to different departments: the later one holds.
fn replaced(next: Step, taken: TakenStep<'_>, applied: &[(Step, TakenStep<'_>, usize)]) -> Option<usize> {
    let (_, other, index) = applied.last().filter(|(step, ..)| *step == Step::Assigned)?;
    (next == Step::Assigned && !knows(&taken, other)).then_some(*index)
}

/// The steps that may follow `step`, in the order in which screens offer them.
pub fn next_steps(step: Step) -> &'static [Step] {
    use Step::{
        Accepted, Assigned, Closed, Confirmed, HandledOnTheSpot, InProgress, MergedInto, Reopened, Reported,
        Resolved, Returned,
    };
    match step {
        Reported => &[Accepted, Assigned, Returned, MergedInto],
        Accepted => &[Assigned, InProgress, Resolved, Returned, MergedInto],
        Assigned => &[InProgress, Resolved, Assigned, Returned, MergedInto],
        InProgress => &[Resolved, Assigned, Returned, MergedInto],
        Resolved | HandledOnTheSpot => &[Confirmed, Reopened],
        Confirmed => &[Closed, Reopened],
        Closed => &[Reopened],
        Returned => &[Reopened],
        Reopened => &[Accepted, Assigned, InProgress, Resolved, Returned, MergedInto],
        MergedInto => &[Reopened],
    }
}

/// Whether the issue needs nothing more from the people who handle it.
pub fn is_finished(step: Step) -> bool {
    use Step::{Closed, Confirmed, HandledOnTheSpot, MergedInto, Resolved, Returned};
    matches!(
        step,
        Resolved | HandledOnTheSpot | Confirmed | Closed | Returned | MergedInto
    )
}

fn refusal_by_state(step: Step, next: Step) -> &'static str {
    use Step::{HandledOnTheSpot, MergedInto, Reported};
    if next_steps(step).contains(&next) {
        ""
    } else if matches!(next, Reported | HandledOnTheSpot) {
        "issue.already_reported"
    } else if step == MergedInto {
        "issue.merged"
    } else if is_finished(step) {
        "issue.already_finished"
    } else if next == step {
        "issue.already_there"
    } else {
        "issue.out_of_order"
    }
}

#[cfg(test)]
#[path = "issue_state_tests.rs"]
mod tests;
