//! Operations that are applied one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::RecordState;
use shared::domain::schema::Reach;
use shared::domain::value::Value;
use shared::domain::{RecordKind, RecordRef, photo};
use shared::ids::AreaCode;
use shared::validation::{Rejection, check_rights, validate};

use super::{
    AssignmentSpan, Changed, FormerAreas, Held, Loaded, OTHER_AREA, Prepared, RECORD_BYTES_MAX, Sender,
    TOO_LATE, WaitsFor, Written, beside, kind_in, kinds_named, made_by, move_target, named, park,
};

/// Operations being applied one after the other to records in memory.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Asked several times for each operation, and never gone through.
    records: HashMap<RecordRef, Held<'a>>,
    areas: BTreeSet<AreaCode>,
    sender: Sender,
    former: FormerAreas,
    applied_at: TimestampMs,
    /// Some more than once.
    changed: Vec<RecordRef>,
    /// New records that were recorded where they do not lie.
    late: BTreeSet<RecordRef>,
    /// The areas of units that are here.
    unit_areas: BTreeSet<AreaCode>,
}

impl<'a> Batch<'a> {
    /// A batch over what was read: of the records and areas in [`Needs`](super::Needs) those that exist.
    pub fn new(
        records: HashMap<RecordRef, Held<'a>>,
        areas: BTreeSet<AreaCode>,
        sender: Sender,
        former: FormerAreas,
        applied_at: TimestampMs,
    ) -> Self {
        Self {
            records,
            areas,
            sender,
            former,
            applied_at,
            changed: Vec::new(),
            late: BTreeSet::new(),
            unit_areas: BTreeSet::new(),
        }
    }

    /// The same beside units with these areas: no two have one.
    pub fn beside_units(mut self, areas: BTreeSet<AreaCode>) -> Self {
        self.unit_areas = areas;
        self
    }

    /// Applies one operation, or says with which code it is parked. Returns the area of its record.
    ///
    /// # Errors
    /// The [`Rejection`] with which it is parked; nothing changed.
    pub fn take(&mut self, prepared: &'a Prepared) -> Result<AreaCode, Rejection> {
        let operation = &prepared.operation;
        let home = self.authorise(operation)?;
        let Sender { role, vouches, .. } = self.sender;
        // Who vouches for an operation must be allowed it, too: nobody approves their own work by another's hand.
        let check_rights = |state: Option<&RecordState>| {
            let mut people = std::iter::once(operation.author).chain(vouches);
            people
                .try_for_each(|who| check_rights(operation.record.kind, &operation.change, who, role, state))
        };
        let applied_at = Some(self.applied_at);
        let too_large = |size_bytes| match size_bytes > RECORD_BYTES_MAX {
            true => park("record.too_large"),
            false => Ok(()),
        };
        if let Some(loaded) = self.loaded(operation.record) {
            validate(operation, Some(&loaded.state))?;
            check_rights(Some(&loaded.state))?;
            let size_bytes = loaded.size_bytes.saturating_add(prepared.body.len());
            too_large(size_bytes)?;
            loaded.state.apply(operation, applied_at);
            loaded.size_bytes = size_bytes;
        } else {
            validate(operation, None)?;
            check_rights(None)?;
            too_large(prepared.body.len())?;
            if home.is_unit() {
                // Nothing lies where it is only lent.
                return Err(OTHER_AREA);
            }
            // Its area is a part of its id: who makes one to look like another's would hold what is lent to that.
            let is_unit = operation.record.kind == RecordKind::UNIT;
            if is_unit && !self.unit_areas.insert(AreaCode::of_unit(operation.record.id)) {
                return park("unit.area_taken");
            }
            if home != operation.area
                && let Some(beside) = beside(operation)
            {
                self.former.inherit(operation.record, beside);
                self.late.insert(operation.record);
            }
            let made = Held::Created {
                area: home.clone(),
                by: prepared,
            };
            self.records.insert(operation.record, made);
        }
        self.changed.push(operation.record);
        Ok(home)
    }

    /// A record that is changed. One that this batch made is folded when somebody touches it again.
    fn loaded(&mut self, record: RecordRef) -> Option<&mut Loaded> {
        let held = self.records.get_mut(&record)?;
        if let Held::Created { area, by } = held {
            *held = Held::Loaded(Box::new(Loaded {
                state: made_by(&by.operation, area.clone(), self.applied_at),
                size_bytes: by.body.len(),
            }));
        }
        match held {
            Held::Loaded(loaded) => Some(loaded),
            _ => None,
        }
    }

    /// Whose supervisors see an operation when it is parked: those of its area when the author ever worked
    /// there, else those of the author's own area. Nobody can fill a stranger's list.
    pub fn shown_in(&self, operation: &Operation) -> Option<AreaCode> {
        if !self.sender.has_area(&operation.area) {
            return self.sender.spans.first().map(|span| span.area.clone());
        }
        // What was recorded in a unit's area about what is or was lent there is shown where that lies.
        let is_lent = operation.area.is_unit() && self.left_at(operation).is_some();
        match is_lent {
            true => Some(self.home(operation)),
            false => Some(operation.area.clone()),
        }
    }

    /// What a parked operation waits for: records that it names or changes and that are not here, until they come; or,
    /// when they lie in another area, until they are moved.
    pub fn waits_for(&self, operation: &Operation, rejection: Rejection) -> WaitsFor {
        let writes = operation.change.writes.iter();
        let named = writes.flat_map(|write| named(operation.record.kind, write));
        let records = std::iter::once(operation.record).chain(named);
        let (here, missing) = records.partition(|record| self.records.contains_key(record));
        match rejection {
            OTHER_AREA => WaitsFor::Move(here),
            // Nothing that comes makes it earlier.
            TOO_LATE => WaitsFor::Record(Vec::new()),
            _ => WaitsFor::Record(missing),
        }
    }

    /// The records that changed, in order.
    pub fn into_changed(mut self) -> Vec<Changed> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let left = |record| match self.late.contains(&record) {
            true => self.former.of(record),
            false => BTreeMap::new(),
        };
        let applied_at = self.applied_at;
        let mut records = std::mem::take(&mut self.records);
        let mut written = |record: RecordRef| {
            let (area, written, state) = match records.remove(&record)? {
                Held::Named(_) => return None,
                Held::Loaded(loaded) => {
                    let written = Written::Packed(loaded.state.pack_whole(record.kind));
                    (loaded.state.area().clone(), written, Some(loaded.state))
                }
                Held::Created { area, by } => {
                    let Operation { device, seq, .. } = by.operation;
                    let state = (record.kind == RecordKind::PHOTO)
                        .then(|| made_by(&by.operation, area.clone(), applied_at));
                    (area, Written::Made { device, seq }, state)
                }
            };
            // What one operation made has not been sent anywhere.
            let lent = match (record.kind, &state) {
                (RecordKind::ISSUE, Some(state)) => state.lent(record.kind),
                _ => None,
            };
            Some(Changed {
                record,
                area,
                written,
                photo: state.filter(|_| record.kind == RecordKind::PHOTO),
                lent,
                left: left(record),
            })
        };
        changed.into_iter().filter_map(&mut written).collect()
    }

    /// Where the record of an operation lies, when its author may write there.
    fn authorise(&self, operation: &Operation) -> Result<AreaCode, Rejection> {
        let ms = operation.stamp.ms;
        self.check_assigned(&operation.area, ms)?;
        if !self.areas.contains(&operation.area) {
            return park("area.unknown");
        }
        let home = self.home(operation);
        if operation.area.is_unit() && self.is_beside_what_is_not_lent(operation) {
            return Err(OTHER_AREA);
        }
        if home != operation.area {
            // Recorded where the household lay before it was moved: in time, or by somebody who has both areas.
            let in_time = |left_at| ms <= left_at && self.sender.known_until <= left_at;
            let left_at = self.left_at(operation);
            if !left_at.is_some_and(|left_at| in_time(left_at) || self.check_assigned(&home, ms).is_ok()) {
                return Err(OTHER_AREA);
            }
        }
        if let Some(target) = move_target(operation) {
            // Nobody takes back what another area has now.
            if self.check_assigned(&home, ms).is_err() {
                return Err(OTHER_AREA);
            }
            if !self.areas.contains(&target) {
                return park("area.unknown");
            }
            self.check_assigned(&target, ms)?;
        }
        self.check_named(operation, &home)?;
        Ok(home)
    }

    /// Checks whether an area was assigned to the author at a time of the device's clock, ms.
    fn check_assigned(&self, area: &AreaCode, ms: TimestampMs) -> Result<(), Rejection> {
        let spans = self.sender.spans.iter();
        let mut by_then = spans
            .filter(|span| area.is_within(&span.area) && span.ended_at.is_none_or(|ended_at| ms <= ended_at));
        let Some(first) = by_then.next() else {
            return park("area.not_assigned");
        };
        let is_known = |span: &AssignmentSpan| {
            span.ended_at
                .is_some_and(|ended_at| ended_at < self.sender.known_until)
        };
        match is_known(first) && by_then.all(is_known) {
            true => Err(TOO_LATE),
            false => Ok(()),
        }
    }

    /// Where the record of an operation lies: a new one beside the record that it names, when that has left the
    /// area. What lies elsewhere for another reason is as good as nowhere.
    fn home(&self, operation: &Operation) -> AreaCode {
        let is_new = !self.records.contains_key(&operation.record);
        if is_new && self.former.is_empty() {
            return operation.area.clone();
        }
        let lies = if is_new {
            beside(operation)
        } else {
            Some(operation.record)
        };
        let lies = lies.and_then(|record| self.records.get(&record));
        match lies {
            Some(held) if !is_new || self.left_at(operation).is_some() => held.area().clone(),
            _ => operation.area.clone(),
        }
    }

    /// Whether an operation puts a new record beside one that is here and was never lent to the unit in whose area it was
    /// recorded: it may be one day, as after a restored backup.
    fn is_beside_what_is_not_lent(&self, operation: &Operation) -> bool {
        let is_here = |record| self.records.contains_key(&record);
        !is_here(operation.record)
            && beside(operation).is_some_and(is_here)
            && self.left_at(operation).is_none()
    }

    /// When the record of an operation, or the one beside which it puts a new one, left the operation's area.
    fn left_at(&self, operation: &Operation) -> Option<TimestampMs> {
        if self.former.is_empty() {
            return None;
        }
        let is_held = self.records.contains_key(&operation.record);
        let lies = if is_held {
            Some(operation.record)
        } else {
            beside(operation)
        };
        self.former.left_at(lies?, &operation.area)
    }

    /// What an operation names must exist in its record's area, or reach there; elsewhere is as good as nowhere.
    fn check_named(&self, operation: &Operation, home: &AreaCode) -> Result<(), Rejection> {
        let writes = &operation.change.writes;
        let owner_kind = writes
            .iter()
            .find(|write| write.field == photo::OWNER_KIND)
            .and_then(|w| w.value.as_int());
        let half_an_owner = operation.record.kind == RecordKind::PHOTO
            && writes.iter().any(|write| write.field == photo::OWNER) != owner_kind.is_some();
        if half_an_owner {
            return park("photo.owner_missing");
        }
        for write in writes {
            let kind = operation.record.kind;
            let must_exist = !kinds_named(kind, write.field).is_empty() && write.value != Value::Null;
            let is_meant = |record: &RecordRef| match kind_in(kind, write.field) {
                None => true,
                Some(_) => Some(i64::from(record.kind.0)) == owner_kind,
            };
            // What is decided is named by everything to which it reaches.
            let is_near = |record: RecordRef, area: &AreaCode| {
                let reaches = record.kind.spec().is_some_and(|spec| spec.reach == Reach::Down);
                area == home || reaches && home.reached_from().any(|common| common == *area)
            };
            let exists = |record| {
                let held = self.records.get(&record);
                held.is_some_and(|held| is_near(record, held.area()))
            };
            if must_exist && !named(kind, write).filter(is_meant).any(exists) {
                return park("reference.unknown");
            }
        }
        Ok(())
    }
}
