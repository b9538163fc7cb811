//! Edits of records.

use shared::crdt::RecordState;
use shared::domain::issue::Event;
use shared::domain::schema::{FieldId, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Value};
use shared::domain::visit::Visit;
use shared::domain::{Household, Resident, household};
use shared::ids::{AreaCode, IssueId};

use super::needs::{self, Found};
use super::values::{Changes, existing, moves, normalise, texts_as_kept};
use super::{forms, together};
use crate::api::{ApiError, ErrorCode, Notice, api_error};
use crate::replica::Replica;
use crate::storage::{duplicates, record_table, recorder};

pub(crate) fn add_household(
    replica: &mut Replica,
    area: AreaCode,
    household: &Household,
) -> Result<RecordRef, ApiError> {
    let new = forms::new_household(replica, replica.new_id(), area, household)?;
    add(replica, new)
}

pub(crate) fn add_resident(replica: &mut Replica, resident: &Resident) -> Result<RecordRef, ApiError> {
    let new = forms::new_resident(replica, replica.new_id(), resident)?;
    add(replica, new)
}

fn add(replica: &mut Replica, new: forms::Written) -> Result<RecordRef, ApiError> {
    replica.save(new.changes, |_| Ok(()))?;
    Ok(new.record)
}

pub(crate) fn save_fields(
    replica: &mut Replica,
    record: RecordRef,
    mut fields: FieldMap,
) -> Result<RecordRef, ApiError> {
    normalise(record.kind, &mut fields, None, replica.now_ms())?;
    let state = existing(replica, record)?;
    let mut changes = Vec::new();
    if record.kind == RecordKind::HOUSEHOLD
        && let Some(to) = fields.remove(&household::MOVED_TO)
    {
        changes.extend(moves(replica, record, &to)?);
    }
    let (others, change) = together::changes(replica, record, &state, fields, None)?;
    changes.extend(others);
    changes.push((state.area().clone(), record, change));
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

pub(crate) fn remove(replica: &mut Replica, record: RecordRef) -> Result<RecordRef, ApiError> {
    if record.kind == RecordKind::HOUSEHOLD {
        check_nothing_hangs_on(replica, record)?;
    }
    let mut removals = Vec::new();
    // What is shown under it goes too: it is the same person, and would come back as somebody new.
    let group = duplicates::of(&replica.connection, record.id)?;
    for id in std::iter::once(record.id).chain(group) {
        let record = RecordRef { id, ..record };
        let state = existing(replica, record)?;
        removals.push((state.area().clone(), record, state.removal()));
        if let Some(found) = found_by(record, &state).filter(|_| !state.is_removed()) {
            let visit = (record, Some(&state));
            removals.extend(needs::changes(
                replica,
                state.area(),
                visit,
                &found,
                &Found::default(),
            )?);
        }
    }
    replica.save(removals, |_| Ok(()))?;
    Ok(record)
}

/// A household is taken back when it was a mistake: nobody would find what still hangs on it. One that is shown under
/// another hangs on nothing.
fn check_nothing_hangs_on(replica: &Replica, record: RecordRef) -> Result<(), ApiError> {
    let records = record_table::with_table().flat_map(|spec| {
        let fields = spec.beside_one_of(RecordKind::HOUSEHOLD);
        fields.map(move |field| {
            (
                format!("{} WHERE removed = 0 AND {}", spec.name, field.name),
                spec.name,
            )
        })
    });
    let drafts = "draft WHERE state = 0 AND id <> ?1 AND household".to_owned();
    for (hangs, name) in records.chain([(drafts, "draft")]) {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {hangs} IN {})", duplicates::GROUP);
        let mut statement = replica.connection.prepare_cached(&sql)?;
        if statement.query_row([record.id], |row| row.get(0))? {
            return Err(api_error(ErrorCode::Invalid, &format!("household.has_{name}s")));
        }
    }
    Ok(())
}

/// Keeps a record, or brings it back with what was shown under it and went with it.
pub(crate) fn keep(replica: &mut Replica, record: RecordRef) -> Result<RecordRef, ApiError> {
    let mut changes = Vec::new();
    let mut group = vec![record];
    while let Some(record) = group.pop() {
        let state = existing(replica, record)?;
        if state.is_removed() && record.kind.merged_into().is_some() {
            let under_it = duplicates::removed_under(&replica.connection, record)?;
            let is_new = |under: &RecordRef| changes.iter().all(|(_, kept, _)| kept != under);
            group.extend(under_it.into_iter().filter(is_new));
        }
        let change = state.keep(record.kind);
        let change = change.ok_or_else(|| api_error(ErrorCode::Invalid, "record.not_kept"))?;
        changes.push((state.area().clone(), record, change));
        if let Some(found) = found_by(record, &state).filter(|_| state.is_removed()) {
            let back = needs::gone_with(replica, &state, &found)?;
            let visit = (record, Some(&state));
            changes.extend(needs::changes(
                replica,
                state.area(),
                visit,
                &Found::default(),
                &back,
            )?);
        }
    }
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

/// What a visit says that the one person met needs.
fn found_by(record: RecordRef, state: &RecordState) -> Option<Found> {
    let visit = (record.kind == RecordKind::VISIT).then(|| Visit::from_fields(&state.values()));
    visit.flatten().as_ref().map(Found::by)
}

pub(crate) fn add_event(replica: &mut Replica, issue: IssueId, event: Event) -> Result<RecordRef, ApiError> {
    let record = RecordRef::new(RecordKind::ISSUE, issue);
    let changes = forms::step_changes(replica, record, event)?;
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

pub(crate) fn restore(
    replica: &mut Replica,
    record: RecordRef,
    field: FieldId,
    value: Value,
) -> Result<RecordRef, ApiError> {
    let changes = match (record.kind, field) {
        (RecordKind::HOUSEHOLD, household::MOVED_TO) => settled_move(replica, record, &value)?,
        _ => {
            let state = existing(replica, record)?;
            vec![(state.area().clone(), record, state.settle(field, value))]
        }
    };
    replica.save(changes, |_| Ok(()))?;
    Ok(record)
}

/// Ends a conflict of two moves, also when the household lies where the chosen one says.
fn settled_move(replica: &Replica, record: RecordRef, to: &Value) -> Result<Changes, ApiError> {
    let mut changes = moves(replica, record, to)?;
    if changes.iter().all(|(_, changed, _)| *changed != record) {
        let state = existing(replica, record)?;
        let change = state.settle(household::MOVED_TO, to.clone());
        changes.push((state.area().clone(), record, change));
    }
    Ok(changes)
}

impl Replica {
    /// Brings records to the given values, in one transaction: for tools that bring many at once. Screens use
    /// [`call`](Self::call).
    ///
    /// # Errors
    /// A rule that one of them breaks, or a failing database; nothing has happened then.
    pub fn record_all(
        &mut self,
        records: impl IntoIterator<Item = (AreaCode, RecordRef, FieldMap)>,
    ) -> Result<(), ApiError> {
        let author = self.author()?;
        let transaction = self.connection.transaction()?;
        recorder::record(&transaction, author, |recorder| {
            records.into_iter().try_for_each(|(area, record, mut fields)| {
                texts_as_kept(record.kind, &mut fields);
                recorder.bring_to(&area, record, fields).map(drop)
            })
        })?;
        transaction.commit()?;
        self.tell(Notice::Changed);
        self.wake();
        Ok(())
    }
}
