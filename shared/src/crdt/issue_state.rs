//! The state of an issue: a pure fold of its events, the same on every device in whatever order they came.
//!
//! Events are taken by (time, counter, device). Each either moves the issue on or stays in the timeline
//! with the reason why it did not. The rules are the table in `docs/data-model.md`, "Issue steps".

use super::record::RecordEvent;
use crate::domain::issue::Step;

/// Where an issue stands and how it came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueState {
    /// Where it stands.
    pub step: Step,
    /// Every event in order.
    pub timeline: Vec<TimelineStep>,
}

/// One event and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineStep {
    /// The event.
    pub event: RecordEvent,
    /// Empty when it moved the issue; else the code of the reason why it did not.
    pub reason: &'static str,
}

/// Folds events that are sorted by their origin.
pub fn fold(events: &[&RecordEvent]) -> IssueState {
    let mut step = Step::Reported;
    let mut timeline = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let reason = match Step::from_number(event.event.step) {
            None => "issue.unknown_step",
            Some(_) if index == 0 => "",
            Some(next) => refusal(step, next),
        };
        if let (Some(next), "") = (Step::from_number(event.event.step), reason) {
            step = next;
        }
        timeline.push(TimelineStep {
            event: (*event).clone(),
            reason,
        });
    }
    IssueState { step, timeline }
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

fn refusal(step: Step, next: Step) -> &'static str {
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
