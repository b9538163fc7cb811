//! The packed clocks of a record (D3): what cannot be read off its row.
//!
//! A field that only the creating operation wrote costs nothing: its value is in the row and its clock is
//! the record's one origin. Everything else is an exception, listed in the blob.

use std::collections::{BTreeMap, BTreeSet};

use crdts::{CmRDT, Dot, orswot};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::record::{MemberSet, Origin, RecordEvent, RecordState, Removal, ranked};
use super::register::Register;
use crate::change::{Seen, Write};
use crate::domain::field_map;
use crate::domain::schema::{FieldId, FieldMerge, RecordKind};
use crate::domain::value::{FieldMap, Value};
use crate::ids::{AreaCode, DeviceId};

/// The blob cannot be read; the row is damaged or of a later major version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the packed clocks of a record cannot be read")]
pub struct PackError;

/// Stands behind [`Packed`] when there is anything in it. Apps that do not know it read the first part only.
#[derive(Default, Serialize, Deserialize)]
struct PackedLater {
    events_seen: BTreeMap<(DeviceId, u64), Seen>,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    origin: Origin,
    fields: BTreeMap<FieldId, Register>,
    members: BTreeMap<(FieldId, u64), MemberSet>,
    events: Vec<RecordEvent>,
    removals: Vec<Removal>,
    /// `None` when it is just the origin.
    edits: Option<Seen>,
}

/// The clocks of a record that only its origin has touched.
pub fn clocks_of_origin(origin: &Origin) -> Vec<u8> {
    let packed = Packed {
        origin: *origin,
        fields: BTreeMap::new(),
        members: BTreeMap::new(),
        events: Vec::new(),
        removals: Vec::new(),
        edits: None,
    };
    postcard::to_stdvec(&packed).unwrap_or_default()
}

/// The origin of a record that nothing else has touched, from its packed clocks; `None` for all others.
pub fn untouched_origin(clocks: &[u8]) -> Option<Origin> {
    let (packed, later): (Packed, _) = postcard::take_from_bytes(clocks).ok()?;
    let is_alone = later.is_empty()
        && packed.fields.is_empty()
        && packed.members.is_empty()
        && packed.events.is_empty()
        && packed.removals.is_empty()
        && packed.edits.is_none();
    is_alone.then_some(packed.origin)
}

/// A record in one blob.
#[derive(Serialize, Deserialize)]
struct Whole {
    area: AreaCode,
    #[serde(with = "field_map")]
    values: FieldMap,
    clocks: Vec<u8>,
}

impl RecordState {
    /// The clocks, for a row that keeps area and [`values`](RecordState::values) in its columns.
    pub fn pack_clocks(&self, kind: RecordKind) -> Vec<u8> {
        let dot = Dot::new(self.origin.device, self.origin.seq);
        let alone = Seen::from(dot);
        // A field with members is packed whole unless it is a set here: its values would be taken for a register's.
        let with_members: BTreeSet<FieldId> = self.members.keys().map(|(field, _)| *field).collect();
        let is_set = |field: &FieldId| {
            kind.spec()
                .and_then(|spec| spec.field(*field))
                .is_some_and(|spec| spec.merge == FieldMerge::Set)
        };
        let in_columns = |field: &FieldId, merge| match merge {
            FieldMerge::Set => is_set(field),
            FieldMerge::Register => !is_set(field) && !with_members.contains(field),
        };
        let plain = |field: &FieldId, register: &Register| {
            let written = ranked(register);
            let only = register.is_first();
            let kept = written
                .iter()
                .all(|w| w.value != Value::Null && w.origin == self.origin);
            only && kept && in_columns(field, FieldMerge::Register)
        };
        let fields = self
            .fields
            .iter()
            .filter(|(field, register)| !plain(field, register));
        let added = |member: u64| {
            let mut set = MemberSet::default();
            set.apply(orswot::Op::Add {
                dot,
                members: vec![member],
            });
            set
        };
        let members = self.members.iter().filter(|((field, member), set)| {
            !(in_columns(field, FieldMerge::Set) && **set == added(*member))
        });
        let packed = Packed {
            origin: self.origin,
            fields: fields
                .map(|(field, register)| (*field, register.clone()))
                .collect(),
            members: members.map(|(key, set)| (*key, set.clone())).collect(),
            events: self.events.values().cloned().collect(),
            removals: self.removals.values().cloned().collect(),
            edits: (self.edits != alone).then(|| self.edits.clone()),
        };
        // Postcard into a growing vector fails only for maps of unknown length; these know theirs.
        if self.events_seen.is_empty() {
            return postcard::to_stdvec(&packed).unwrap_or_default();
        }
        let later = PackedLater {
            events_seen: self.events_seen.clone(),
        };
        postcard::to_stdvec(&(packed, later)).unwrap_or_default()
    }

    /// The state from a row's columns and its clocks.
    ///
    /// # Errors
    /// [`PackError`] when the blob is none of ours.
    pub fn unpack(
        kind: RecordKind,
        area: AreaCode,
        columns: &FieldMap,
        clocks: &[u8],
    ) -> Result<Self, PackError> {
        let (packed, later): (Packed, _) = postcard::take_from_bytes(clocks).map_err(|_| PackError)?;
        let later: PackedLater = match later {
            [] => PackedLater::default(),
            later => postcard::from_bytes(later).map_err(|_| PackError)?,
        };
        let dot = Dot::new(packed.origin.device, packed.origin.seq);
        let mut state = Self::empty(area, packed.origin);
        for (field, value) in columns {
            let spec = kind.spec().and_then(|spec| spec.field(*field));
            match spec.map(|spec| spec.merge) {
                Some(FieldMerge::Set) => {
                    for member in value
                        .as_numbers()
                        .iter()
                        .filter(|m| !packed.members.contains_key(&(*field, **m)))
                    {
                        let set = state.members.entry((*field, *member)).or_default();
                        set.apply(orswot::Op::Add {
                            dot,
                            members: vec![*member],
                        });
                    }
                }
                _ if packed.fields.contains_key(field) => {}
                // Members of what is no set here, e.g. a set of a later version: packed one by one.
                _ if packed.members.keys().any(|(set, _)| set == field) => {}
                _ => state.put_origin(&Write {
                    field: *field,
                    value: value.clone(),
                    seen: Seen::default(),
                }),
            }
        }
        state.fields.extend(packed.fields);
        state.members.extend(packed.members);
        let key = |origin: &Origin| -> (DeviceId, u64) { (origin.device, origin.seq) };
        state.events = packed
            .events
            .into_iter()
            .map(|event| (key(&event.origin), event))
            .collect();
        state.events_seen = later.events_seen;
        state.removals = packed
            .removals
            .into_iter()
            .map(|removal| (key(&removal.origin), removal))
            .collect();
        state.edits = packed.edits.unwrap_or_else(|| Seen::from(dot));
        Ok(state)
    }

    /// State and values in one blob, for a store without columns.
    pub fn pack_whole(&self, kind: RecordKind) -> Vec<u8> {
        let whole = Whole {
            area: self.area.clone(),
            values: self.values(),
            clocks: self.pack_clocks(kind),
        };
        postcard::to_stdvec(&whole).unwrap_or_default()
    }

    /// The state from [`RecordState::pack_whole`].
    ///
    /// # Errors
    /// [`PackError`] when the blob is none of ours.
    pub fn unpack_whole(kind: RecordKind, blob: &[u8]) -> Result<Self, PackError> {
        let whole: Whole = postcard::from_bytes(blob).map_err(|_| PackError)?;
        Self::unpack(kind, whole.area, &whole.values, &whole.clocks)
    }
}
