//! Nothing is typed twice: needs that a visit found with the one person met become that person's needs. When the visit is
//! corrected or taken back, what it had given goes again, unless somebody else says it too.

use rusqlite::params;
use shared::crdt::RecordState;
use shared::domain::resident;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value, field};
use shared::domain::visit::{self, Visit};
use shared::ids::{AreaCode, ResidentId};

use super::forms::Changes;
use crate::queries::households::parse_needs;
use crate::replica::Replica;
use crate::storage::{StorageResult, records};

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
    let mut people: Vec<ResidentId> = before.person().into_iter().chain(now.person()).collect();
    people.dedup();
    let mut changes = Changes::new();
    for id in people {
        let person = RecordRef::new(RecordKind::RESIDENT, id);
        let Some(state) = records::load(&replica.connection, person)? else {
            continue;
        };
        let (said, says) = (before.of(id), now.of(id));
        let mut needs: Vec<u64> = field(&state.values(), resident::NEEDS).as_numbers().to_vec();
        needs.extend(says.iter().filter(|need| !said.contains(need)));
        for need in said.iter().filter(|need| !says.contains(need)) {
            let is_its = visit.1.is_some_and(|visit| is_given_by(visit, &state, *need));
            if is_its && !is_found_elsewhere(replica, visit.0, id, *need)? {
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
/// visit's, as saving a form records them.
fn is_given_by(visit: &RecordState, person: &RecordState, need: u64) -> bool {
    let fields = RecordKind::VISIT.spec().map_or(&[][..], |spec| spec.fields);
    let written = fields.iter().filter_map(|field| visit.written(field.id));
    let mut behind: Vec<_> = written
        .map(|written| (written.origin.device, written.origin.seq))
        .collect();
    behind.extend(visit.given_by(visit::NEEDS, need));
    let given = person.given_by(resident::NEEDS, need);
    !given.is_empty()
        && given
            .iter()
            .all(|(device, seq)| behind.contains(&(*device, seq.saturating_sub(1))))
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
