//! Moves: a household goes to another area, with all that lies beside it.
//!
//! An operation says in which area it was recorded; that is what its author must be allowed. Where its record lies is
//! the server's to say: where it was recorded, until the household is moved. What somebody still recorded in the
//! area before, without knowing of the move, is taken where the record lies now.

use std::collections::BTreeMap;

use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::domain::RecordRef;
use shared::ids::AreaCode;
use shared::validation::writes_move;

/// Whether an operation moves a household, unless a later move holds.
pub fn moves_household(operation: &Operation) -> bool {
    writes_move(operation).is_some()
}

/// The area to which an operation moves a household.
pub fn move_target(operation: &Operation) -> Option<AreaCode> {
    AreaCode::new(writes_move(operation)?.value.as_text()).ok()
}

/// In which areas records lay before, and when they left them, ms of the server's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormerAreas(BTreeMap<RecordRef, BTreeMap<AreaCode, TimestampMs>>);

impl FormerAreas {
    /// Notes an area that a record has left.
    pub fn add(&mut self, record: RecordRef, area: AreaCode, left_at: TimestampMs) {
        self.0.entry(record).or_default().insert(area, left_at);
    }

    /// Whether nothing has left any area.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When a record left an area; `None` when it never lay there.
    pub(super) fn left_at(&self, record: RecordRef, area: &AreaCode) -> Option<TimestampMs> {
        self.0.get(&record)?.get(area).copied()
    }

    /// The areas of a record.
    pub(super) fn of(&self, record: RecordRef) -> BTreeMap<AreaCode, TimestampMs> {
        self.0.get(&record).cloned().unwrap_or_default()
    }

    /// A record that was made late has the past of the one beside which it lies.
    pub(super) fn inherit(&mut self, record: RecordRef, beside: RecordRef) {
        self.0.insert(record, self.of(beside));
    }
}
