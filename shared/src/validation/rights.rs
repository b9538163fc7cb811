//! Who may take which step of an issue: the same answer on the phone, which does not offer the others, and on the server,
//! which sets them aside.
//!
//! Working on an issue is everybody's whose area it lies in. Sending it away and ending it is the supervisor's. Whether it
//! was put right is said by somebody else than who did it: by who reported it, or by a supervisor.

use super::{Rejection, refuse};
use crate::change::Operation;
use crate::crdt::{IssueState, RecordState, fold};
use crate::domain::issue::Step;
use crate::domain::worker::Role;
use crate::ids::WorkerId;

/// Checks whether its author may take the step that an operation takes, if it takes one, on a record that stands as
/// `state` (`None`: it makes the record).
///
/// # Errors
/// The [`Rejection`] with which it is set aside.
pub fn check_rights(operation: &Operation, role: Role, state: Option<&RecordState>) -> Result<(), Rejection> {
    let event = operation.change.event.as_ref();
    // Steps of later versions are kept, and move nothing.
    let Some(step) = event.and_then(|event| Step::from_number(event.step)) else {
        return Ok(());
    };
    let reporter = state.map_or(operation.author, |state| state.origin().author);
    let issue = state.map(|state| fold(&state.steps()));
    may_take(step, operation.author, role, reporter, issue.as_ref())
}

/// Checks whether `worker` may take `step` on an issue that `reporter` reported.
///
/// # Errors
/// The [`Rejection`] that says why not.
pub fn may_take(
    step: Step,
    worker: WorkerId,
    role: Role,
    reporter: WorkerId,
    issue: Option<&IssueState>,
) -> Result<(), Rejection> {
    let supervises = matches!(role, Role::Supervisor | Role::Administrator);
    match step {
        Step::Reported
        | Step::HandledOnTheSpot
        | Step::Accepted
        | Step::InProgress
        | Step::Resolved
        | Step::Reopened => Ok(()),
        Step::Assigned | Step::Returned | Step::MergedInto | Step::Closed if supervises => Ok(()),
        Step::Assigned | Step::Returned | Step::MergedInto | Step::Closed => refuse("issue.supervisors_step"),
        Step::Confirmed if issue.is_some_and(|issue| issue.resolved_by.contains(&worker)) => {
            refuse("issue.own_work")
        }
        Step::Confirmed if supervises || worker == reporter => Ok(()),
        Step::Confirmed => refuse("issue.not_reporter"),
    }
}
