//! Writes a register that was read: as operations of a built-in device, through the same path as everybody's.
//!
//! What the register says is compared with what *the register said the last time*, not with what stands in
//! the records now: a telephone number that a grid member has corrected since is left alone while the
//! register still says the same, and when the register changes it too, both values are kept as a conflict.
//! A cell that cannot be read says nothing: what was imported before stays.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::change::{AppliedOperation, Operation};
use shared::clock::{Hlc, TimestampMs};
use shared::crdt::RecordState;
use shared::domain::area::Area;
use shared::domain::{FieldId, FieldMap, RecordKind, RecordRef, Resident};
use shared::ids::{AreaCode, AreaLevel, HouseholdId, ResidentId};

use crate::apply::{IncomingPush, PushRefusal};
use crate::import::register_ids::PlannedHousehold;
use crate::import::register_people::{EarlierResident, ids_of};
use crate::storage::{Importer, PushOutcome, Storage, StorageError};

/// Operations written in one transaction.
const OPERATIONS_AT_ONCE: usize = 4_000;

/// Why a register was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterWriteError {
    /// The area is no community.
    #[error("{0} is no community")]
    NoCommunity(AreaCode),
    /// The community is not imported yet.
    #[error("{0} is not among the areas; import them first")]
    UnknownCommunity(AreaCode),
    /// Another import writes at the same time.
    #[error("another import is running; start this one again")]
    Concurrent,
    /// The storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RegisterChanges {
    /// New grids.
    pub grids_added: u64,
    /// New households.
    pub households_added: u64,
    /// Households of an earlier import of which the register says something else now.
    pub households_changed: u64,
    /// New residents.
    pub residents_added: u64,
    /// Residents of an earlier import of whom the register says something else now.
    pub residents_changed: u64,
    /// Households and residents that stay where they were although the register names another grid.
    pub kept_in_grid: u64,
    /// Records of an earlier import that the register does not name any more. They stay.
    pub not_named: u64,
    /// Residents whose year of birth cannot be read and who may be either of several of that name in the household. They
    /// are left as they were.
    pub unclear: u64,
    /// Operations that could not be applied and are parked.
    pub parked: u64,
}

impl RegisterChanges {
    /// How many records are new or changed.
    pub fn records(&self) -> u64 {
        self.households_added + self.households_changed + self.residents_added + self.residents_changed
    }

    fn count(&mut self, what: Said) {
        let count = match (what.kind, what.is_new) {
            (RecordKind::HOUSEHOLD, true) => &mut self.households_added,
            (RecordKind::HOUSEHOLD, false) => &mut self.households_changed,
            (_, true) => &mut self.residents_added,
            (_, false) => &mut self.residents_changed,
        };
        *count += 1;
    }
}

/// Writes what is new in a register.
///
/// # Errors
/// [`RegisterWriteError`]. What was written before stays; importing again goes on from there.
pub async fn write_register(
    storage: &Storage,
    community: &AreaCode,
    planned: &[PlannedHousehold],
    now_ms: TimestampMs,
) -> Result<RegisterChanges, RegisterWriteError> {
    if community.level() != AreaLevel::Community {
        return Err(RegisterWriteError::NoCommunity(community.clone()));
    }
    if storage.area(community).await?.is_none() {
        return Err(RegisterWriteError::UnknownCommunity(community.clone()));
    }
    let mut changes = RegisterChanges {
        grids_added: add_grids(storage, planned).await?,
        ..Default::default()
    };
    let importer = storage.importer(community).await?;
    let earlier = storage.operations_of(importer.device, community).await?;
    let plan = Plan::new(&importer, &earlier, now_ms).of(planned, &mut changes);
    let parked = push(storage, &importer, plan.operations, now_ms).await?;
    changes.parked = parked.len() as u64;
    // Said is what was applied: a record that is parked is not there, however often it is imported.
    for (_, what) in plan.said_by.iter().filter(|(seq, _)| !parked.contains(seq)) {
        changes.count(*what);
    }
    Ok(changes)
}

/// Grids that the register names and nobody made yet.
async fn add_grids(storage: &Storage, planned: &[PlannedHousehold]) -> Result<u64, StorageError> {
    let mut grids: Vec<&AreaCode> = planned.iter().map(|household| &household.area).collect();
    grids.sort_unstable();
    grids.dedup();
    let mut missing = Vec::new();
    for grid in grids {
        let number = grid
            .as_str()
            .rsplit_once('-')
            .and_then(|(_, number)| number.parse::<u8>().ok());
        if let (Some(number), None) = (number, storage.area(grid).await?) {
            missing.push(Area {
                code: grid.clone(),
                name: format!("第{number}网格"),
            });
        }
    }
    Ok(storage.put_areas(&missing).await?.added)
}

struct Plan<'a> {
    importer: &'a Importer,
    /// What earlier imports said, and nobody else.
    said: BTreeMap<RecordRef, RecordState>,
    /// The residents among them, each household's in the order in which they came.
    residents: BTreeMap<HouseholdId, Vec<EarlierResident>>,
    clock: Hlc,
    now_ms: TimestampMs,
    operations: Vec<Operation>,
    /// What each operation, by its number, does when it is applied.
    said_by: Vec<(u64, Said)>,
}

impl<'a> Plan<'a> {
    fn new(importer: &'a Importer, earlier: &[AppliedOperation], now_ms: TimestampMs) -> Self {
        let mut said: BTreeMap<RecordRef, RecordState> = BTreeMap::new();
        let mut clock = Hlc::default();
        let mut in_turn = Vec::new();
        for AppliedOperation {
            operation,
            applied_at,
        } in earlier
        {
            clock.observe(operation.stamp);
            if !said.contains_key(&operation.record) {
                in_turn.push(operation.record);
            }
            said.entry(operation.record)
                .and_modify(|state| state.apply(operation, Some(*applied_at)))
                .or_insert_with(|| RecordState::start(operation, Some(*applied_at)));
        }
        let residents = residents(&said, &in_turn);
        Self {
            importer,
            said,
            residents,
            clock,
            now_ms,
            operations: Vec::new(),
            said_by: Vec::new(),
        }
    }

    fn of(mut self, planned: &[PlannedHousehold], changes: &mut RegisterChanges) -> Self {
        let mut named = 0;
        for household in planned {
            let record = RecordRef::new(RecordKind::HOUSEHOLD, household.id);
            named += u64::from(self.said.contains_key(&record));
            // A household that is here already stays in its grid, and its residents with it.
            let area = self
                .said
                .get(&record)
                .map_or(&household.area, RecordState::area)
                .clone();
            changes.kept_in_grid += u64::from(area != household.area);
            self.say(record, &area, household.household.to_fields(), &household.unread);
            let earlier = self.residents.remove(&household.id).unwrap_or_default();
            let ids = ids_of(&household.residents, &earlier);
            for (planned, id) in household.residents.iter().zip(ids) {
                let Some(id) = id else {
                    changes.unclear += 1;
                    continue;
                };
                let record = RecordRef::new(RecordKind::RESIDENT, id);
                named += u64::from(self.said.contains_key(&record));
                self.say(record, &area, planned.resident.to_fields(), &planned.unread);
            }
        }
        changes.not_named = (self.said.len() as u64).saturating_sub(named);
        self
    }

    /// Makes the operation that says so, when it was not said before. Of what could not be read nothing is said, but
    /// about a new record what was read of it.
    fn say(&mut self, record: RecordRef, area: &AreaCode, mut fields: FieldMap, unread: &BTreeSet<FieldId>) {
        let before = self.said.get(&record);
        if before.is_some() {
            fields = fields
                .into_iter()
                .filter(|(field, _)| !unread.contains(field))
                .collect();
        }
        let change = RecordState::change_to(record.kind, before, fields);
        if change.is_empty() {
            return;
        }
        let said = Said {
            kind: record.kind,
            is_new: before.is_none(),
        };
        let seq = self.importer.held.through_seq + 1 + self.operations.len() as u64;
        self.operations.push(Operation {
            device: self.importer.device,
            seq,
            author: self.importer.worker,
            stamp: self.clock.tick(self.now_ms),
            area: area.clone(),
            record,
            change,
        });
        self.said_by.push((seq, said));
    }
}

/// The residents of each household among what was said.
fn residents(
    said: &BTreeMap<RecordRef, RecordState>,
    in_turn: &[RecordRef],
) -> BTreeMap<HouseholdId, Vec<EarlierResident>> {
    let mut residents: BTreeMap<HouseholdId, Vec<EarlierResident>> = BTreeMap::new();
    for record in in_turn
        .iter()
        .filter(|record| record.kind == RecordKind::RESIDENT)
    {
        let state = said.get(record);
        if let Some(resident) = state.and_then(|state| Resident::from_fields(&state.values())) {
            residents
                .entry(resident.household)
                .or_default()
                .push(EarlierResident {
                    id: ResidentId(record.id),
                    name: resident.name,
                    birth_year: resident.birth_year,
                });
        }
    }
    residents
}

/// What an operation of the import does.
#[derive(Debug, Clone, Copy)]
struct Said {
    kind: RecordKind,
    is_new: bool,
}

/// Pushes as any device does; gives the numbers of the operations that are parked.
async fn push(
    storage: &Storage,
    importer: &Importer,
    operations: Vec<Operation>,
    now_ms: TimestampMs,
) -> Result<BTreeSet<u64>, RegisterWriteError> {
    let mut chain = importer.held.chain;
    let mut parked = BTreeSet::new();
    for chunk in operations.chunks(OPERATIONS_AT_ONCE) {
        let before = chain;
        chain = chunk.iter().fold(chain, |chain, operation| chain.then(operation));
        let refused = |_: PushRefusal| RegisterWriteError::Concurrent;
        let push = IncomingPush::of(before, chain, chunk).map_err(refused)?;
        match storage.apply_push(push, now_ms).await? {
            PushOutcome::Taken(taken) => parked.extend(taken.parked.iter().map(|notice| notice.seq)),
            PushOutcome::Refused(refusal) => return Err(refused(refusal)),
        }
    }
    Ok(parked)
}
