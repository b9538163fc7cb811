//! What a unit is told of what is lent to it: what it says now. What was overwritten before is nobody else's business, and of
//! what is not lent any more the bare steps say that it has ended.

use std::collections::HashMap;

use shared::change::Operation;
use shared::crdt::RecordState;
use shared::domain::RecordRef;
use shared::domain::life_cycle::STEPS_SEEN;
use shared::ids::AreaCode;
use uuid::Uuid;

use super::tx::Tx;
use super::{lent, records};
use crate::storage::StorageResult;

/// Stands for whom a step named that is not told.
const SOMEBODY: &str = "-";

/// Operations as the log of one area tells them.
pub(super) struct Disclosed<'t> {
    tx: Tx<'t>,
    /// The unit's; `None` for the log of an area in which things lie, which tells everything.
    unit: Option<AreaCode>,
    /// Of records that are lent to the unit, what they say; `None` of those that are not.
    lent: HashMap<RecordRef, Option<RecordState>>,
}

impl<'t> Disclosed<'t> {
    /// For those who read the log of `area`.
    pub(super) fn to(tx: Tx<'t>, area: &AreaCode) -> Self {
        Self {
            tx,
            unit: Some(area).filter(|area| area.is_unit()).cloned(),
            lent: HashMap::new(),
        }
    }

    /// An operation without what is not for them. It folds to the same: as far as they hold the record.
    pub(super) fn operation(&mut self, mut operation: Operation) -> StorageResult<Operation> {
        let Some(unit) = &self.unit else {
            return Ok(operation);
        };
        let record = operation.record;
        if !self.lent.contains_key(&record) {
            let state = match lent::is_lent(self.tx, record, unit)? {
                true => records::load(self.tx, [record])?
                    .pop()
                    .map(|(_, loaded)| loaded.state),
                false => None,
            };
            self.lent.insert(record, state);
        }
        let name = (operation.device, operation.seq);
        let change = &mut operation.change;
        match self.lent.get(&record).and_then(Option::as_ref) {
            Some(state) => {
                // What makes it is needed to read anything of it.
                let makes = record.kind.never_without();
                change.writes.retain(|write| {
                    let values = state.values_of(write.field);
                    let mut wrote = values.iter().map(|value| (value.origin.device, value.origin.seq));
                    write.field == STEPS_SEEN || Some(write.field) == makes || wrote.any(|by| by == name)
                });
            }
            None => {
                change.writes.retain(|write| write.field == STEPS_SEEN);
                change.members.clear();
                if let Some(event) = &mut change.event {
                    event.note.clear();
                    if !event.target.is_empty() && Uuid::parse_str(&event.target).is_err() {
                        SOMEBODY.clone_into(&mut event.target);
                    }
                }
            }
        }
        Ok(operation)
    }
}
