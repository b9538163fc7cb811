//! What a record looks like to everybody, in eight bytes: the same wherever it is held, whatever clocks are kept there.

use serde::Serialize;

use super::record::RecordState;
use crate::domain::issue::Event;
use crate::domain::schema::{FieldId, RecordKind, RecordRef};
use crate::domain::value::{FieldMap, Value};
use crate::ids::AreaCode;

/// Where the record of a kind stands whose steps are not hashed.
const NOT_SAID: u64 = 1;

/// All that is hashed, in this order, in postcard. No clock is in it: a device forgets clocks that the server keeps.
#[derive(Serialize)]
struct Looks<'a> {
    record: RecordRef,
    /// Where it lies.
    area: &'a AreaCode,
    /// The shown value of every field.
    #[serde(serialize_with = "crate::domain::field_map::serialize")]
    values: FieldMap,
    /// Fields with several values, the shown one first.
    conflicts: Vec<(FieldId, Vec<Value>)>,
    /// In order.
    events: Vec<&'a Event>,
    /// Where an issue stands. Of other kinds it follows from the events, and who does not know the kind cannot say it:
    /// [`NOT_SAID`].
    step: u64,
    removed: bool,
    kept_by_edit: bool,
}

impl RecordState {
    /// A fingerprint of what everybody sees of the record: where it lies, its values and conflicts, its events, whether
    /// it is removed or was kept by an edit.
    ///
    /// Shape: the first eight bytes of a BLAKE3 hash, little-endian.
    /// Source: `docs/sync-protocol.md`, "Verification".
    pub fn fingerprint(&self, record: RecordRef) -> u64 {
        let conflicts = self.conflicts().into_iter().map(|conflict| {
            let values = conflict.values.into_iter().map(|written| written.value);
            (conflict.field, values.collect())
        });
        let life = match record.kind {
            RecordKind::ISSUE => self.life(record.kind),
            _ => None,
        };
        let looks = Looks {
            record,
            area: self.area(),
            values: self.values(),
            conflicts: conflicts.collect(),
            events: self.events().into_iter().map(|event| &event.event).collect(),
            step: life.map_or(NOT_SAID, |life| life.step),
            removed: self.is_removed(),
            kept_by_edit: self.is_kept_by_edit(record.kind),
        };
        // Postcard into a growing vector fails only for maps of unknown length; these know theirs.
        let bytes = postcard::to_stdvec(&looks).unwrap_or_default();
        let hash = blake3::hash(&bytes);
        u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap_or(&[0; 8]))
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
