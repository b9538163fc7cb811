//! Where a record stands in its life: a pure fold of its steps, the same on every device in whatever order they came.
//!
//! State: the steps with what their authors had seen. Operations: append a step. Rule: a step comes after
//! everything that its author had seen; of steps taken without knowing of each other, the rank of their
//! [rules](crate::domain::life_cycle) says which comes first, then (time, counter, device). Each either moves the record
//! on or stays in the timeline with the reason why it did not. Owes: the same answer for the same set. For issues the
//! rules are the tables in `docs/data-model.md`, "Issue steps" and "Steps taken at the same time".
//!
//! ```text
//!   resolved ──► reopened (new evidence)         the phone that resolves again had seen neither:
//!       └──────► resolved again, in a basement   reopened stands, and the reason says so
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use uuid::Uuid;

use super::record::{Origin, RecordEvent};
use crate::change::Seen;
use crate::clock::TimestampMs;
use crate::domain::life_cycle::{Does, Lends, LifeCycle, StepRule};
use crate::ids::WorkerId;

/// A step, and which other steps its author had seen.
#[derive(Debug, Clone, Copy)]
pub struct TakenStep<'a> {
    /// The step.
    pub event: &'a RecordEvent,
    /// The steps that its author had seen; `None` when an app recorded it that did not say. Then time decides.
    pub seen: Option<&'a Seen>,
}

/// Where a record stands and how it came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeState {
    /// Where it stands.
    pub step: u64,
    /// Who has said since it was opened last that they did the work, also where their step did not count.
    pub done_by: BTreeSet<WorkerId>,
    /// The unit that it is lent to, by the id of its record.
    pub lent_to: Option<Uuid>,
    /// When it was closed, ms, unless it was opened again since. Rating it later is no other closing.
    pub closed_at: Option<TimestampMs>,
    /// Every event by time.
    pub timeline: Vec<TimelineStep>,
}

/// One event and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineStep {
    /// The event.
    pub event: RecordEvent,
    /// Empty when it moved the record; else the code of the reason why it did not, or does not count any more.
    pub reason: &'static str,
}

/// A step that moved the record: its rule, and its place among the given ones.
type Applied<'a> = (&'static StepRule, TakenStep<'a>, usize);

/// Folds the steps of one record, given in any order.
pub fn fold(cycle: &LifeCycle, steps: &[TakenStep<'_>]) -> LifeState {
    let order = order(cycle, steps);
    let mut state = cycle.first;
    let mut applied: Vec<Applied<'_>> = Vec::new();
    let mut reasons = vec![""; steps.len()];
    let mut done_by = BTreeSet::new();
    let (mut lent_to, mut closed_at) = (None, None);
    for (place, (index, taken)) in order.into_iter().enumerate() {
        let author = taken.event.origin.author;
        let Some(next) = cycle.rule(taken.event.event.step) else {
            set(&mut reasons, index, cycle.reasons.unknown_step);
            continue;
        };
        let reason = match next.does {
            _ if place == 0 => "",
            // Nobody says of their own work that it is done well, whatever their phone had seen.
            Does::Approves if done_by.contains(&author) => cycle.reasons.own_work,
            _ => refusal(cycle, state, next, taken, &applied),
        };
        if reason.is_empty() {
            if let Some((earlier, reason)) = replaced(next, taken, &applied) {
                set(&mut reasons, earlier, reason);
            }
            state = next.step;
            match next.lends {
                Lends::Closes => closed_at = closed_at.or(Some(taken.event.origin.stamp.ms)),
                Lends::ToTarget => lent_to = taken.event.event.target.parse().ok(),
                Lends::Ends => lent_to = None,
                Lends::Keeps => {}
            }
            if next.lends != Lends::Closes {
                closed_at = None;
            }
            applied.push((next, taken, index));
        }
        if next.does == Does::Opens && reason.is_empty() {
            done_by.clear();
        } else if next.does.works() {
            done_by.insert(author);
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
    LifeState {
        step: state,
        done_by,
        lent_to,
        closed_at,
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
fn order<'a>(cycle: &LifeCycle, steps: &[TakenStep<'a>]) -> Vec<(usize, TakenStep<'a>)> {
    let key = |taken: &TakenStep<'_>| -> (u8, Origin) {
        let rule = cycle.rule(taken.event.event.step);
        (rule.map_or(u8::MAX, |rule| rule.rank), taken.event.origin)
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

/// Why `next` does not move a record that stands at `state`; empty when it does.
fn refusal(
    cycle: &LifeCycle,
    state: u64,
    next: &StepRule,
    taken: TakenStep<'_>,
    applied: &[Applied<'_>],
) -> &'static str {
    let meanwhile = |steps: &[u64]| {
        let beside = |other: &TakenStep<'_>| !knows(&taken, other) && !knows(other, &taken);
        applied
            .iter()
            .any(|(rule, other, _)| steps.contains(&rule.step) && beside(other))
    };
    if let Some(gives_way) = next.gives_way.iter().find(|other| meanwhile(other.to)) {
        return gives_way.reason;
    }
    let is_repeated = |(rule, other, _): &Applied<'_>| {
        rule.step == next.step
            && !knows(&taken, other)
            && other.event.event.target == taken.event.event.target
    };
    if next.later_holds.is_some() && applied.last().is_some_and(is_repeated) {
        return cycle.reasons.already_there;
    }
    cycle.refusal(state, next)
}

/// Of two steps of which the later one holds, the earlier one, with the reason why it does not count any more.
fn replaced(next: &StepRule, taken: TakenStep<'_>, applied: &[Applied<'_>]) -> Option<(usize, &'static str)> {
    let reason = next.later_holds?;
    let (_, other, index) = applied.last().filter(|(rule, ..)| rule.step == next.step)?;
    (!knows(&taken, other)).then_some((*index, reason))
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
