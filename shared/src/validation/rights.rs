//! Who may take a step: the same answer on the phone, which does not offer the others, and on the server, which sets them
//! aside. Which step is whose, the [rules](crate::domain::life_cycle) of the steps say.

use super::Rejection;
use crate::change::Operation;
use crate::crdt::{LifeState, RecordState};
use crate::domain::life_cycle::{Does, LifeCycle, TakenBy};
use crate::domain::worker::Role;
use crate::ids::WorkerId;
use crate::rejection::refuse;

/// Checks whether its author may take the step that an operation takes, if it takes one, on a record that stands as
/// `state` (`None`: it makes the record).
///
/// # Errors
/// The [`Rejection`] with which it is set aside.
pub fn check_rights(operation: &Operation, role: Role, state: Option<&RecordState>) -> Result<(), Rejection> {
    let kind = operation.record.kind;
    let Some((event, cycle)) = operation.change.event.as_ref().zip(kind.life_cycle()) else {
        return Ok(());
    };
    let maker = state.map_or(operation.author, |state| state.origin().author);
    let life = state.and_then(|state| state.life(kind));
    may_take(cycle, event.step, operation.author, role, maker, life.as_ref())
}

/// Checks whether `worker` may take a step on a record that `maker` made. Steps of later versions are kept, and move
/// nothing.
///
/// # Errors
/// The [`Rejection`] that says why not.
pub fn may_take(
    cycle: &LifeCycle,
    step: u64,
    worker: WorkerId,
    role: Role,
    maker: WorkerId,
    life: Option<&LifeState>,
) -> Result<(), Rejection> {
    let Some(rule) = cycle.rule(step) else {
        return Ok(());
    };
    let is_own_work = life.is_some_and(|life| life.done_by.contains(&worker));
    if rule.does == Does::Approves && is_own_work {
        return refuse(cycle.reasons.own_work);
    }
    let supervises = matches!(role, Role::Supervisor | Role::Administrator);
    match rule.taken_by {
        TakenBy::Everybody => Ok(()),
        TakenBy::Supervisors | TakenBy::MakerAndSupervisors if supervises => Ok(()),
        TakenBy::Supervisors => refuse(cycle.reasons.supervisors_step),
        TakenBy::MakerAndSupervisors if worker == maker => Ok(()),
        TakenBy::MakerAndSupervisors => refuse(cycle.reasons.makers_step),
    }
}
