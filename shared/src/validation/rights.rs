//! Who may do what: the same answer on the phone, which does not keep the rest, and on the server, which sets it aside.
//! What is whose stands in the [rights](crate::domain::rights) of the kinds and in the rules of the
//! [steps](crate::domain::life_cycle); where, the assignments say.

use super::Rejection;
use crate::change::Change;
use crate::crdt::{LifeState, RecordState};
use crate::domain::life_cycle::{Does, LifeCycle, STEPS_SEEN};
use crate::domain::rights::Roles;
use crate::domain::schema::{KindSpec, RecordKind};
use crate::domain::worker::Role;
use crate::ids::WorkerId;
use crate::rejection::refuse;

/// Checks whether `author` may make a change to a record of a kind that stands as `state` (`None`: it makes the record).
/// Of a kind that this version does not know it knows no rights: whoever works in the area.
///
/// # Errors
/// The [`Rejection`] with which it is set aside.
pub fn check_rights(
    kind: RecordKind,
    change: &Change,
    author: WorkerId,
    role: Role,
    state: Option<&RecordState>,
) -> Result<(), Rejection> {
    let Some(spec) = kind.spec() else {
        return Roles::WORKERS
            .contains(role)
            .then_some(())
            .ok_or(Rejection::of("right.none"));
    };
    check_parts(spec, change, role, state.is_none())?;
    let Some((event, cycle)) = change.event.as_ref().zip(spec.life_cycle) else {
        return Ok(());
    };
    let maker = state.map_or(author, |state| state.origin().author);
    let life = state.and_then(|state| state.life(kind));
    may_take(cycle, event.step, author, role, maker, life.as_ref())
}

/// All of a change but its step.
fn check_parts(spec: &KindSpec, change: &Change, role: Role, is_new: bool) -> Result<(), Rejection> {
    let rights = spec.rights;
    if !rights.hold.contains(role) {
        return refuse("right.none");
    }
    if is_new && !rights.create.contains(role) {
        return refuse("right.create");
    }
    let written = change.writes.iter().map(|write| write.field);
    for field in written.chain(change.members.iter().map(|edit| edit.field)) {
        // Who makes a record fills it, but for what is another role's.
        if is_new && rights.fields.iter().all(|(other, _)| *other != field) {
            continue;
        }
        let is_of_step = field == STEPS_SEEN && change.event.is_some();
        if spec.kept_after_removal == Some(field) && !rights.remove.contains(role) {
            return refuse("right.remove");
        }
        if !is_of_step && !rights.edit_field(field).contains(role) {
            return refuse("right.edit");
        }
    }
    match change.removal.is_none() || rights.remove.contains(role) {
        true => Ok(()),
        false => refuse("right.remove"),
    }
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
        return match Roles::WORKERS.contains(role) {
            true => Ok(()),
            false => refuse("right.none"),
        };
    };
    if life.is_none() && !rule.does.makes() {
        return refuse(cycle.reasons.out_of_order);
    }
    let is_own_work = life.is_some_and(|life| life.done_by.contains(&worker));
    if rule.does == Does::Approves && is_own_work {
        return refuse(cycle.reasons.own_work);
    }
    let is_makers = rule.or_its_maker && worker == maker && Roles::WORKERS.contains(role);
    match rule.taken_by.contains(role) || is_makers {
        true => Ok(()),
        false if rule.or_its_maker => refuse(cycle.reasons.makers_step),
        false => refuse(cycle.reasons.others_step),
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
