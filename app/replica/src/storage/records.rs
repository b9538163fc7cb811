//! Records: a row per record, its values in columns and its clocks packed beside them (D3).
//!
//! The statements are made from the field tables of `shared`, so that a field is written down once.

mod found;
mod merging;
mod values;
mod writer;

use std::fmt::Write as _;
use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction};
use shared::change::Operation;
use shared::crdt::{RecordState, clocks_of_origin, creation, untouched_origin};
use shared::domain::schema::{KindSpec, RecordKind, RecordRef};
use shared::domain::value::FieldMap;
use shared::ids::AreaCode;

use super::{StorageError, StorageResult, record_table, short_names};

pub(super) use found::found_text;
pub use merging::merge;
pub(super) use merging::{release, whole};
pub use values::{field_columns, fields_from_row, texts};
pub(super) use writer::Writer;

use values::fields_of_later_versions;

struct Statements {
    select: String,
    insert: String,
    upsert: String,
}

static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| record_table::with_table().map(statements).collect());

/// Columns that are 0 in the row of a record that one operation made.
const UNTOUCHED: [&str; 4] = ["removed", "conflicts", "removed_at", "removal_open"];

fn derived(spec: &KindSpec) -> impl Iterator<Item = &'static str> {
    let of_removals: &[&str] = match spec.kept_after_removal {
        Some(_) => &["removed_at", "removal_open"],
        None => &[],
    };
    let own: &[&str] = match spec.kind {
        RecordKind::HOUSEHOLD => &["building", "door_order"],
        RecordKind::VISIT => &["author"],
        RecordKind::ISSUE => &["author", "step", "finished"],
        _ => &[],
    };
    of_removals.iter().chain(own).copied()
}

fn statements(spec: &KindSpec) -> Statements {
    let fields: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
    let mut written: Vec<&str> = vec!["id", "area", "made_in", "removed", "conflicts", "clocks"];
    written.extend(&fields);
    written.push("more");
    written.extend(derived(spec));
    let places: Vec<String> = (1..=written.len()).map(|place| format!("?{place}")).collect();
    let mut updates = String::new();
    for (column, place) in written.iter().zip(&places).skip(1) {
        let separator = if updates.is_empty() { "" } else { ", " };
        // Writing into a String cannot fail.
        let _ = write!(updates, "{separator}{column} = {place}");
    }
    let insert = |values: &[String]| {
        let (columns, values) = (written.join(", "), values.join(", "));
        format!("INSERT INTO {} ({columns}) VALUES ({values})", spec.name)
    };
    // What nothing has touched is neither removed nor in conflict: zeros, which need no binding.
    let of_new: Vec<String> = written
        .iter()
        .zip(&places)
        .map(|(column, place)| match UNTOUCHED.contains(column) {
            true => "0".to_owned(),
            false => place.clone(),
        })
        .collect();
    Statements {
        select: format!(
            "SELECT area, made_in, clocks, more, {} FROM {} WHERE id = ?1",
            fields.join(", "),
            spec.name
        ),
        upsert: format!(
            "{} ON CONFLICT (id) DO UPDATE SET {updates} RETURNING row",
            insert(&places)
        ),
        insert: format!("{} ON CONFLICT (id) DO NOTHING", insert(&of_new)),
    }
}

fn spec_of(kind: RecordKind) -> Option<(&'static KindSpec, &'static Statements)> {
    record_table::with_table()
        .zip(STATEMENTS.iter())
        .find(|(spec, _)| spec.kind == kind)
}

/// Reads a record with its clocks; `None` when it is not here.
///
/// # Errors
/// [`StorageError::Inconsistent`] when the row holds what no version of ours wrote.
pub fn load(connection: &Connection, record: RecordRef) -> StorageResult<Option<RecordState>> {
    Reader::new(connection).load(record)
}

/// Reads records one after the other. What each of them would ask again is asked once.
pub(crate) struct Reader<'c> {
    connection: &'c Connection,
    names: short_names::Names<'c>,
    /// What read the last row, for the next one of its kind.
    select: Option<(RecordKind, CachedStatement<'c>)>,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            names: short_names::Names::new(connection),
            select: None,
        }
    }

    /// See [`load`].
    ///
    /// # Errors
    /// As [`load`].
    pub(super) fn load(&mut self, record: RecordRef) -> StorageResult<Option<RecordState>> {
        if spec_of(record.kind).is_none() {
            return record_table::load(self.connection, record);
        }
        match self.row_of(record)? {
            Some(row) => self.state_of(record.kind, row).map(Some),
            None => Ok(None),
        }
    }

    /// The same, unless what stands in the columns, and on screens, is something else than what the clocks say.
    ///
    /// # Errors
    /// As [`load`].
    pub(super) fn load_exactly(&mut self, record: RecordRef) -> StorageResult<Option<RecordState>> {
        if spec_of(record.kind).is_none() {
            return record_table::load_exactly(self.connection, record);
        }
        let Some(row) = self.row_of(record)? else {
            return Ok(None);
        };
        let fields = row.fields.clone();
        let state = self.state_of(record.kind, row)?;
        match state.values() == fields {
            true => Ok(Some(state)),
            false => Err(damaged(record.kind)),
        }
    }

    fn state_of(&mut self, kind: RecordKind, row: StoredRow) -> StorageResult<RecordState> {
        let clocks = match self.names.origin(&row.clocks)? {
            Some(origin) => clocks_of_origin(&origin),
            None => row.clocks,
        };
        let mut state =
            RecordState::unpack(kind, row.made_in, &row.fields, &clocks).map_err(|_| damaged(kind))?;
        state.bring_to(row.area);
        Ok(state)
    }

    /// The operation that made a record, when nothing has touched it since.
    ///
    /// # Errors
    /// As [`load`].
    pub(super) fn creation_of(&mut self, record: RecordRef) -> StorageResult<Option<Operation>> {
        let Some(row) = self.row_of(record)? else {
            return Ok(None);
        };
        let origin = match self.names.origin(&row.clocks)? {
            Some(origin) => Some(origin),
            // A row that was written whole although nothing has touched it.
            None => untouched_origin(&row.clocks),
        };
        Ok(origin.map(|origin| creation(&origin, &row.made_in, record, row.fields)))
    }

    /// `None` when it is not here, or its kind has no table.
    fn row_of(&mut self, record: RecordRef) -> StorageResult<Option<StoredRow>> {
        let Some((spec, statements)) = spec_of(record.kind) else {
            return Ok(None);
        };
        let mut select = match self.select.take() {
            Some((kind, select)) if kind == record.kind => select,
            _ => self.connection.prepare_cached(&statements.select)?,
        };
        let read = |row: &Row<'_>| {
            let (area, made_in): (String, String) = (row.get(0)?, row.get(1)?);
            let clocks: Vec<u8> = row.get(2)?;
            let more: Vec<u8> = row.get(3)?;
            Ok((area, made_in, clocks, more, fields_from_row(spec, row, 4)?))
        };
        let found = select.query_row([record.id], read).optional()?;
        self.select = Some((record.kind, select));
        let Some((area, made_in, clocks, more, mut fields)) = found else {
            return Ok(None);
        };
        let made_in = if made_in.is_empty() { &area } else { &made_in };
        let (Ok(area), Ok(made_in)) = (AreaCode::new(&area), AreaCode::new(made_in)) else {
            return Err(damaged(record.kind));
        };
        fields.extend(fields_of_later_versions(&more).map_err(|_| damaged(record.kind))?);
        Ok(Some(StoredRow {
            area,
            made_in,
            clocks,
            fields,
        }))
    }
}

/// A record as its row holds it.
struct StoredRow {
    area: AreaCode,
    made_in: AreaCode,
    clocks: Vec<u8>,
    fields: FieldMap,
}

fn damaged(kind: RecordKind) -> StorageError {
    StorageError::Inconsistent {
        table: kind.spec().map_or("record", |spec| spec.name),
    }
}

/// Takes a record out of the tables; nothing when it is not here.
///
/// # Errors
/// A failing database.
pub fn remove(transaction: &Transaction<'_>, record: RecordRef) -> StorageResult<()> {
    let Some((spec, _)) = spec_of(record.kind) else {
        return record_table::remove(transaction, record);
    };
    let found_text = match record.kind {
        RecordKind::HOUSEHOLD => Some("row * 2"),
        RecordKind::RESIDENT => Some("row * 2 + 1"),
        _ => None,
    };
    if let Some(rowid) = found_text {
        let sql = format!(
            "DELETE FROM search WHERE rowid IN (SELECT {rowid} FROM {} WHERE id = ?1)",
            spec.name
        );
        transaction.execute(&sql, [record.id])?;
    }
    transaction.execute(&format!("DELETE FROM {} WHERE id = ?1", spec.name), [record.id])?;
    Ok(())
}
