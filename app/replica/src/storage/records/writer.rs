//! Writing rows.

use std::borrow::Cow;
use std::fmt::Write as _;

use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Statement, Transaction};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::{Created, RecordState, is_in_order, origin_of};
use shared::domain::door::DoorNumber;
use shared::domain::schema::{KindSpec, RecordKind, RecordRef};
use shared::domain::value::{Fields, field};
use shared::domain::{household, issue};
use shared::ids::{AreaCode, DeviceId, WorkerId};

use super::found::index_text;
use super::values::{blob, integer, is_kept_as_it_is, more, text, to_sql};
use super::{damaged, spec_of};
use crate::storage::{
    StorageResult, duplicates, earlier, lent, moves, own_operations, record_table, short_names,
};

/// Writes records in one transaction. What each of many rows would ask again is asked once.
pub(in crate::storage) struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    /// No household was moved when this was made.
    none_moved: bool,
    /// The areas of units that are assigned here.
    units: Vec<AreaCode>,
    /// The short name of the device and worker whose record was written last.
    key: Option<(DeviceId, WorkerId, Vec<u8>)>,
    /// What wrote the last new row, for the next one of its kind.
    insert: Option<(RecordKind, CachedStatement<'t>)>,
}

impl<'t> Writer<'t> {
    /// Writes into this transaction. Make another one after a household was moved.
    pub(in crate::storage) fn new(transaction: &'t Transaction<'t>) -> StorageResult<Self> {
        Ok(Self {
            transaction,
            none_moved: moves::none_moved(transaction)?,
            units: lent::units(transaction)?,
            key: None,
            insert: None,
        })
    }

    /// Merges an operation into what [`load`] found of its record.
    ///
    /// # Errors
    /// A failing database.
    pub(in crate::storage) fn merge_into(
        &mut self,
        state: Option<RecordState>,
        operation: &Operation,
        applied_at: Option<TimestampMs>,
    ) -> StorageResult<()> {
        let Some(mut state) = state else {
            return self
                .create(operation, Created::by(operation), applied_at)
                .map(drop);
        };
        let dated = operation.stamp.clamped(applied_at);
        if own_operations::keep_body(self.transaction, &state, operation, dated)? {
            return Ok(());
        }
        let at_stake = earlier::at_stake(&state, operation);
        state.apply(operation, applied_at);
        earlier::note(self.transaction, operation, at_stake, &state, applied_at)?;
        self.save(operation.record, &state)
    }

    /// Writes a record that is not here yet; `created` is what the operation makes of it. Returns whether the row holds
    /// all that the operation says.
    ///
    /// # Errors
    /// A failing database.
    pub(in crate::storage) fn create(
        &mut self,
        operation: &Operation,
        created: Option<Created<'_>>,
        applied_at: Option<TimestampMs>,
    ) -> StorageResult<bool> {
        if let Some(created) = created
            && let Some(is_in_row) = self.make(operation, &created, applied_at)?
        {
            return Ok(is_in_row);
        }
        let state = RecordState::start(operation, applied_at);
        self.save(operation.record, &state)?;
        Ok(false)
    }

    /// Writes the record of a plain operation. Returns whether the row holds all that the operation says; `None` when
    /// the record is here already, or is of a kind that is folded.
    ///
    /// # Errors
    /// A failing database.
    pub(in crate::storage) fn make(
        &mut self,
        operation: &Operation,
        created: &Created<'_>,
        applied_at: Option<TimestampMs>,
    ) -> StorageResult<Option<bool>> {
        if !self.insert_created(operation, created, applied_at)? {
            return Ok(None);
        }
        let spec = operation.record.kind.spec();
        let all_kept = created.iter().all(|(field, value)| {
            let column = spec.and_then(|spec| spec.field(field));
            column.is_none_or(|column| is_kept_as_it_is(column.shape, value))
        });
        Ok(Some(all_kept && is_in_order(operation)))
    }

    /// Writes the record of an operation, unless it is here or the operation is not plain. Returns whether it did.
    ///
    /// # Errors
    /// A failing database.
    pub(in crate::storage) fn create_if_new(
        &mut self,
        operation: &Operation,
        applied_at: Option<TimestampMs>,
    ) -> StorageResult<bool> {
        match Created::by(operation) {
            Some(created) => self.insert_created(operation, &created, applied_at),
            None => Ok(false),
        }
    }

    /// A visit or issue has come beside which others may lie already: they lie where it lies.
    pub(in crate::storage) fn came(&self, record: RecordRef) -> StorageResult<()> {
        match self.none_moved && self.units.is_empty() {
            true => Ok(()),
            false => moves::came(self.transaction, record),
        }
    }

    /// Where a record with these values lies, which was made in `made_in`.
    fn home<'a>(
        &self,
        record: RecordRef,
        values: &dyn Fields,
        made_in: &'a AreaCode,
    ) -> StorageResult<Cow<'a, AreaCode>> {
        // What was recorded for a unit lies where that lies beside which it is.
        let lies_there = self.none_moved && self.units.is_empty() && !made_in.is_unit();
        Ok(match lies_there {
            true => Cow::Borrowed(made_in),
            false => Cow::Owned(moves::home(self.transaction, record, values, made_in)?),
        })
    }

    /// Writes a record as it is.
    pub(in crate::storage) fn save(&mut self, record: RecordRef, state: &RecordState) -> StorageResult<()> {
        let Some((spec, statements)) = spec_of(record.kind) else {
            let home = self.home(record, &state.values(), state.made_in())?;
            return record_table::save(self.transaction, record, state, &home);
        };
        let values = state.values();
        let is_lent = record.kind == RecordKind::ISSUE && !self.units.is_empty();
        let (home, lay_in) = match is_lent {
            true => (
                Cow::Owned(lent::home(&self.units, state)),
                moves::area_of(self.transaction, record)?,
            ),
            false => (self.home(record, &values, state.made_in())?, None),
        };
        let row = Columns {
            area: &home,
            made_in: state.made_in(),
            author: state.origin().author.0.as_bytes(),
            values: &values,
            more: &more(spec, values.iter().map(|(field, value)| (*field, value))),
            touched: Some(Touched {
                removed: state.is_removed(),
                removed_at: state.last_removal().map_or(0, |origin| origin.stamp.ms),
                removal_open: state.is_kept_by_edit(record.kind),
                conflicts: state.conflicts().len(),
            }),
            clocks: &state.pack_clocks(record.kind),
            step: state.life(record.kind).map(|life| life.step),
        };
        let mut upsert = self.transaction.prepare_cached(&statements.upsert)?;
        row.bind(&mut upsert, spec, record)?;
        let row_number: i64 = match upsert.raw_query().next()? {
            Some(written) => written.get(0)?,
            None => return Err(damaged(record.kind)),
        };
        let is_removed = state.is_removed();
        duplicates::follow(self.transaction, record, is_removed)?;
        index_text(self.transaction, record.kind, row_number, row.values, is_removed)?;
        drop(upsert);
        if is_lent && lay_in.as_ref() != Some(&home) {
            // Its photos lie where it lies.
            moves::came(self.transaction, record)?;
        }
        Ok(())
    }

    /// Writes the row of a record that one plain operation made, without a fold. Returns whether it did: nothing
    /// happens when the record is here.
    fn insert_created(
        &mut self,
        operation: &Operation,
        created: &Created<'_>,
        applied_at: Option<TimestampMs>,
    ) -> StorageResult<bool> {
        let record = operation.record;
        let Some((spec, statements)) = spec_of(record.kind).filter(|_| record.kind != RecordKind::ISSUE)
        else {
            return Ok(false);
        };
        let home = self.home(record, created, &operation.area)?;
        let (device, author) = (operation.device, operation.author);
        let key = match self.key.take() {
            Some((of_device, of_author, key)) if (of_device, of_author) == (device, author) => key,
            _ => short_names::key(self.transaction, device, author)?,
        };
        let row = Columns {
            area: &home,
            made_in: &operation.area,
            author: &key,
            values: created,
            more: &more(spec, created.iter()),
            touched: None,
            clocks: &short_names::short_clocks(&key, &origin_of(operation, applied_at)),
            step: None,
        };
        let mut insert = match self.insert.take() {
            Some((kind, insert)) if kind == record.kind => insert,
            _ => self.transaction.prepare_cached(&statements.insert)?,
        };
        row.bind(&mut insert, spec, record)?;
        let is_new = insert.raw_execute()? == 1;
        self.insert = Some((record.kind, insert));
        self.key = Some((device, author, key));
        if is_new {
            let row_number = self.transaction.last_insert_rowid();
            duplicates::follow(self.transaction, record, false)?;
            index_text(self.transaction, record.kind, row_number, created, false)?;
        }
        Ok(is_new)
    }
}

/// What stands in a row beside the record's id.
struct Columns<'a> {
    /// Where it lies.
    area: &'a AreaCode,
    made_in: &'a AreaCode,
    /// The worker's id, or the short name of the device and its worker.
    author: &'a [u8],
    values: &'a dyn Fields,
    /// See [`more`].
    more: &'a [u8],
    /// `None` for a new row of what one operation made.
    touched: Option<Touched>,
    clocks: &'a [u8],
    /// Where an issue stands; `None` for other kinds.
    step: Option<u64>,
}

/// What may have become of a record since it was made.
struct Touched {
    removed: bool,
    /// When it was last removed, ms; 0 for never.
    removed_at: TimestampMs,
    /// An edit kept it, and nobody has decided since.
    removal_open: bool,
    conflicts: usize,
}

impl Columns<'_> {
    /// In the order of [`statements`](super::statements).
    fn bind(
        &self,
        statement: &mut Statement<'_>,
        spec: &KindSpec,
        record: RecordRef,
    ) -> rusqlite::Result<()> {
        let made_in = if self.made_in == self.area {
            ""
        } else {
            self.made_in.as_str()
        };
        let touched = self.touched.as_ref();
        let mut places = 1..;
        // A place without a value has a zero in the statement.
        let mut bind = |value: Option<ToSqlOutput<'_>>| match (places.next(), value) {
            (Some(place), Some(value)) => statement.raw_bind_parameter(place, value),
            _ => Ok(()),
        };
        bind(Some(blob(record.id.as_bytes())))?;
        bind(Some(text(self.area.as_str())))?;
        bind(Some(text(made_in)))?;
        bind(touched.map(|touched| integer(touched.removed.into())))?;
        bind(touched.map(|touched| integer(i64::try_from(touched.conflicts).unwrap_or(0))))?;
        bind(Some(blob(self.clocks)))?;
        for spec in spec.fields {
            bind(Some(to_sql(spec.shape, field(self.values, spec.id))))?;
        }
        bind(Some(blob(self.more)))?;
        if record.kind.kept_after_removal().is_some() {
            let removed_at = |touched: &Touched| i64::try_from(touched.removed_at).unwrap_or(i64::MAX);
            bind(touched.map(|touched| integer(removed_at(touched))))?;
            bind(touched.map(|touched| integer(touched.removal_open.into())))?;
        }
        match (record.kind, self.step) {
            (RecordKind::HOUSEHOLD, _) => {
                let (building, order) = building_and_order(field(self.values, household::DOOR).as_text());
                bind(Some(text(&building)))?;
                bind(Some(text(&order)))
            }
            (RecordKind::VISIT, _) => bind(Some(blob(self.author))),
            (RecordKind::ISSUE, Some(step)) => {
                bind(Some(blob(self.author)))?;
                bind(Some(integer(i64::try_from(step).unwrap_or(i64::MAX))))?;
                bind(Some(integer(issue::LIFE_CYCLE.is_finished(step).into())))
            }
            _ => Ok(()),
        }
    }
}

/// Where a canonical door is listed, and a text that sorts doors as people walk: numbers by their value.
fn building_and_order(door: &str) -> (String, String) {
    let building = DoorNumber::parse(door).map_or_else(|_| door.to_owned(), |number| number.listed_in());
    let mut order = String::with_capacity(door.len() + 8);
    let mut digits = String::new();
    for c in door.chars().chain(['-']) {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            if !digits.is_empty() {
                let _ = write!(order, "{digits:0>6}");
                digits.clear();
            }
            order.push(c);
        }
    }
    (building, order)
}
