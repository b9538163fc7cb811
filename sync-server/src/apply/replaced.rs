//! What the log can do without: operations that later ones have replaced whole (D7).
//!
//! A record keeps the operation that made it, those of which something stands, and the last of each device. What is
//! left folds to the same state, clocks included. So whoever reads the log from any position on, and whoever has read
//! an operation that went, ends with the same record.

use std::collections::BTreeMap;

use shared::change::{AppliedOperation, Operation};
use shared::crdt::RecordState;
use shared::ids::DeviceId;
use shared::validation::writes_move;

/// The places of those of a record's operations that can go. `all` are all of them, in any order; `may_go` says
/// of which it is allowed. None of them when the rest would not tell the same.
pub fn replaced(all: &[AppliedOperation], may_go: impl Fn(&AppliedOperation) -> bool) -> Vec<usize> {
    let Some(whole) = fold(all.iter()) else {
        return Vec::new();
    };
    let mut last: BTreeMap<DeviceId, u64> = BTreeMap::new();
    for AppliedOperation { operation, .. } in all {
        let seq = last.entry(operation.device).or_default();
        *seq = operation.seq.max(*seq);
    }
    let goes = |applied: &AppliedOperation| {
        let operation = &applied.operation;
        may_go(applied)
            && last.get(&operation.device) != Some(&operation.seq)
            && only_writes(operation)
            && !stands(&whole, operation)
    };
    let (going, staying): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(_, applied)| goes(applied));
    let rest = fold(staying.into_iter().map(|(_, applied)| applied));
    let tells_the_same = going.first().zip(rest).is_some_and(|((_, first), rest)| {
        let kind = first.operation.record.kind;
        rest.pack_whole(kind) == whole.pack_whole(kind)
    });
    match tells_the_same {
        true => going.into_iter().map(|(place, _)| place).collect(),
        false => Vec::new(),
    }
}

fn fold<'a>(mut operations: impl Iterator<Item = &'a AppliedOperation>) -> Option<RecordState> {
    let first = operations.next()?;
    let mut state = RecordState::start(&first.operation, Some(first.applied_at));
    for AppliedOperation {
        operation,
        applied_at,
    } in operations
    {
        state.apply(operation, Some(*applied_at));
    }
    Some(state)
}

/// Members, steps and removals are told by their operations. So is where a household went.
fn only_writes(operation: &Operation) -> bool {
    let change = &operation.change;
    change.members.is_empty()
        && change.event.is_none()
        && change.removal.is_none()
        && writes_move(operation).is_none()
}

/// Whether it made the record or wrote a value that is there.
fn stands(state: &RecordState, operation: &Operation) -> bool {
    let name = (operation.device, operation.seq);
    let made = (state.origin().device, state.origin().seq) == name;
    let wrote = |field| {
        let values = state.values_of(field);
        values
            .iter()
            .any(|written| (written.origin.device, written.origin.seq) == name)
    };
    made || operation.change.writes.iter().any(|write| wrote(write.field))
}

#[cfg(test)]
#[path = "replaced_tests.rs"]
mod tests;
