//! Operations of others that the server has set aside: what is left of them to do, and doing it (D5).
//!
//! The supervisor's device makes the change again as an operation of its own, on the record as it is now. The
//! parked operation stays with the server as it came, with its author.

use shared::change::Change;
use shared::crdt::RecordState;
use shared::domain::issue;
use shared::domain::value::{Value, field};
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;
use shared::protocol::v1::ParkedOperation;

use crate::api::{ApiError, ErrorCode, ParkedChange, ParkedOfOthers};
use crate::queries;
use crate::replica::{Replica, api_error};
use crate::storage::{keep, records};

/// What of a parked change the record does not hold yet; empty when there is nothing left to do.
fn what_is_left(state: Option<&RecordState>, kind: RecordKind, parked: &ParkedChange) -> Change {
    let mut wanted = parked.values.clone();
    // Said anew by the step that is made again.
    if kind == RecordKind::ISSUE {
        wanted.remove(&issue::STEPS_SEEN);
    }
    let current = state.map(RecordState::values).unwrap_or_default();
    for (id, member, adds) in &parked.members {
        let before = wanted.get(id).unwrap_or_else(|| field(&current, *id));
        let mut members: Vec<u64> = before.as_numbers().to_vec();
        members.retain(|known| known != member);
        if *adds {
            members.push(*member);
        }
        members.sort_unstable();
        wanted.insert(*id, Value::numbers(members));
    }
    let mut change = RecordState::change_to(kind, state, wanted);
    if let Some(event) = &parked.event {
        let taken = state.is_some_and(|state| state.events().iter().any(|known| known.event == *event));
        if !taken {
            let step = RecordState::step(state, event.clone());
            change.writes.extend(step.writes);
            change.event = step.event;
        }
    }
    if let (true, Some(state)) = (parked.removes, state)
        && !state.is_removed()
    {
        change.removal = state.removal().removal;
    }
    change
}

impl Replica {
    /// Parked operations as a supervisor's screen shows them.
    ///
    /// # Errors
    /// A failing database.
    pub fn show_parked(&self, parked: Vec<ParkedOperation>) -> Result<Vec<ParkedOfOthers>, ApiError> {
        let show = |parked: ParkedOperation| {
            let members = parked.members.iter();
            let change = ParkedChange {
                values: parked.fields.clone(),
                members: members.map(|edit| (edit.field, edit.member, edit.adds)).collect(),
                event: parked.event,
                removes: parked.removes,
            };
            let state = records::load(&self.connection, parked.record)?;
            let left = what_is_left(state.as_ref(), parked.record.kind, &change);
            Ok(ParkedOfOthers {
                author: queries::names::worker(&self.connection, parked.author)?,
                area: parked.area,
                record: parked.record,
                code: parked.code,
                parked_at: parked.parked_at,
                fields: queries::names::fields(parked.record.kind, parked.fields),
                mended: left.is_empty() && (state.is_some() || change.removes),
                change,
                next: parked.next,
            })
        };
        parked.into_iter().map(show).collect()
    }
}

/// Makes the change again where the record lies now, or where it was meant to lie when nobody has it.
pub(crate) fn apply(replica: &mut Replica, parked: &ParkedOfOthers) -> Result<RecordRef, ApiError> {
    let state = records::load(&replica.connection, parked.record)?;
    let area: AreaCode = state.as_ref().map_or(&parked.area, RecordState::area).clone();
    if !keep::works_in(&replica.connection, &area)? {
        return Err(api_error(ErrorCode::Invalid, "parked.not_yours"));
    }
    let change = what_is_left(state.as_ref(), parked.record.kind, &parked.change);
    replica.save(vec![(area, parked.record, change)], |_| Ok(()))?;
    Ok(parked.record)
}
