//! Nothing is typed twice: needs that a visit found with the one person met become that person's needs. When the visit is
//! corrected or taken back, what it had given goes again, unless somebody else says it too.

use rusqlite::params;
use shared::crdt::{Origin, RecordState};
use shared::domain::resident;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};
use shared::domain::visit::{self, Visit};
use shared::ids::{AreaCode, DeviceId, ResidentId};

use super::values::Changes;
use crate::queries::households::parse_needs;
use crate::replica::Replica;
use crate::storage::meta::Enrolment;
use crate::storage::{StorageResult, earlier, meta, own_operations, records};

/// What a visit says of the one person met: who it is, and what they need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found(Option<(ResidentId, Vec<u64>)>);

impl Found {
    /// Found with nobody ticked, or several, needs are nobody's: the household's page shows them.
    pub(super) fn with(met: &[ResidentId], needs: Vec<u64>) -> Self {
        match met {
            [met] => Self(Some((*met, needs))),
            _ => Self(None),
        }
    }

    /// As the visit says it.
    pub(super) fn by(visit: &Visit) -> Self {
        Self::with(&visit.met, visit.needs.iter().map(|need| need.number()).collect())
    }

    fn of(&self, person: ResidentId) -> &[u64] {
        match &self.0 {
            Some((met, needs)) if *met == person => needs,
            _ => &[],
        }
    }

    fn person(&self) -> Option<ResidentId> {
        self.0.as_ref().map(|(person, _)| *person)
    }
}

/// What people need when a visit said `before` and says `now`. What both say is not looked at: it may have ended since.
pub(super) fn changes(
    replica: &Replica,
    area: &AreaCode,
    visit: (RecordRef, Option<&RecordState>),
    before: &Found,
    now: &Found,
) -> StorageResult<Changes> {
    // Who has it now first: `is_given_by` looks for the operation behind the visit's.
    let mut people: Vec<ResidentId> = now.person().into_iter().chain(before.person()).collect();
    people.dedup();
    let mut changes = Changes::new();
    for id in people {
        let person = RecordRef::new(RecordKind::RESIDENT, id);
        // Whoever was removed is not brought back by what a visit said.
        let state = records::load(&replica.connection, person)?.filter(|state| !state.is_removed());
        let Some(state) = state else {
            continue;
        };
        let (said, says) = (before.of(id), now.of(id));
        let mut needs: Vec<u64> = field(&state.values(), resident::NEEDS).as_numbers().to_vec();
        needs.extend(says.iter().filter(|need| !said.contains(need)));
        for need in said.iter().filter(|need| !says.contains(need)) {
            if let Some(written) = visit.1
                && is_given_by(replica, (visit.0, written), &state, *need)?
                && !is_found_elsewhere(replica, visit.0, id, *need)?
            {
                needs.retain(|kept| kept != need);
            }
        }
        needs.sort_unstable();
        needs.dedup();
        let wanted = FieldMap::from_iter([(resident::NEEDS, Value::numbers(needs))]);
        let change = RecordState::change_to(person.kind, Some(&state), wanted);
        if !change.is_empty() {
            changes.push((area.clone(), person, change));
        }
    }
    Ok(changes)
}

/// Whether a person has a need by this visit alone: the operation that gave it is the one behind an operation of the
/// visit's that said so, as saving a form records them.
fn is_given_by(
    replica: &Replica,
    (visit, state): (RecordRef, &RecordState),
    person: &RecordState,
    need: u64,
) -> StorageResult<bool> {
    let mut said = earlier::written(&replica.connection, visit, visit::NEEDS)?;
    said.extend(state.values_of(visit::NEEDS));
    said.retain(|written| written.value.as_numbers().contains(&need));
    let mut by: Vec<Origin> = said.iter().map(|written| written.origin).collect();
    // The need was there, and this person was met after all; or the visit was brought back.
    let others = [Some(visit::MET), RecordKind::VISIT.kept_after_removal()];
    let others = others.into_iter().flatten().filter_map(|id| state.written(id));
    let was_said = |origin: &Origin| said.iter().any(|written| written.origin.stamp <= origin.stamp);
    by.extend(others.map(|written| written.origin).filter(was_said));
    let given = person.given_by(resident::NEEDS, need);
    let is_behind = |(device, seq): &(DeviceId, u64)| {
        let before = seq.saturating_sub(1);
        by.iter()
            .any(|origin| (origin.device, origin.seq) == (*device, before))
    };
    Ok(!given.is_empty() && given.iter().all(is_behind))
}

/// Of what a visit found, the needs that went with it when it was taken back on this device. Nobody else can tell which of
/// them had not ended before.
pub(super) fn gone_with(replica: &Replica, visit: &RecordState, found: &Found) -> StorageResult<Found> {
    let enrolment: Option<Enrolment> = meta::get(&replica.connection, meta::ENROLMENT)?;
    let removal = visit.last_removal();
    let Some(removal) = removal.filter(|one| enrolment.is_some_and(|own| own.device == one.device)) else {
        return Ok(Found::default());
    };
    let behind = removal.seq.saturating_add(1);
    let behind = own_operations::select(&replica.connection, "WHERE seq = ?1", params![behind])?;
    let mut gone = Vec::new();
    let person = found.person();
    for operation in behind {
        if operation.record.kind == RecordKind::RESIDENT && Some(ResidentId(operation.record.id)) == person {
            let edits = operation.change.members.into_iter();
            gone.extend(edits.filter(|edit| edit.field == resident::NEEDS && edit.removes.is_some()));
        }
    }
    let gone = gone.into_iter().map(|edit| edit.member).collect();
    Ok(Found(person.map(|person| (person, gone))))
}

/// Whether another visit found it with the same person.
fn is_found_elsewhere(
    replica: &Replica,
    visit: RecordRef,
    person: ResidentId,
    need: u64,
) -> StorageResult<bool> {
    let mut statement = replica.connection.prepare_cached(
        "SELECT needs FROM visit WHERE met = ?1 AND id <> ?2 AND removed = 0 AND needs <> ''",
    )?;
    let met = person.0.as_bytes().as_slice();
    let others = statement.query_map(params![met, visit.id], |row| row.get::<_, String>(0))?;
    for needs in others {
        if parse_needs(&needs?).iter().any(|found| found.number() == need) {
            return Ok(true);
        }
    }
    Ok(false)
}
