//! Records: a row per record, its values in columns and its clocks packed beside them (D3).
//!
//! The statements are made from the field tables of `shared`, so that a field is written down once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Statement, ToSql, Transaction, params};
use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::{
    Created, RecordState, clocks_of_origin, creation, is_in_order, origin_of, untouched_origin,
};
use shared::domain::door::DoorNumber;
use shared::domain::issue;
use shared::domain::schema::{FieldId, KindSpec, RecordKind, RecordRef};
use shared::domain::value::{FieldMap, Fields, Value, ValueShape, field};
use shared::domain::{household, resident};
use shared::ids::{AreaCode, DeviceId, WorkerId};
use shared::packed::packed;
use uuid::Uuid;

use super::{StorageError, StorageResult, duplicates, earlier, moves, own, record_table, verify, who};
use crate::search;

/// Separates texts in one column: a character that validation keeps out of them.
const TEXT_SEPARATOR: char = '\u{1f}';

struct Statements {
    select: String,
    insert: String,
    upsert: String,
}

static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| record_table::with_table().map(statements).collect());

/// Columns that are 0 in the row of a record that one operation made.
const UNTOUCHED: [&str; 4] = ["removed", "conflicts", "removed_at", "removal_open"];

fn derived(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::HOUSEHOLD => &["removed_at", "removal_open", "building", "door_order"],
        RecordKind::RESIDENT => &["removed_at", "removal_open"],
        RecordKind::VISIT => &["removed_at", "removal_open", "author"],
        RecordKind::ISSUE => &["removed_at", "removal_open", "author", "step", "finished"],
        _ => &[],
    }
}

fn statements(spec: &KindSpec) -> Statements {
    let fields: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
    let mut written: Vec<&str> = vec!["id", "area", "made_in", "removed", "conflicts", "clocks"];
    written.extend(&fields);
    written.push("more");
    written.extend(derived(spec.kind));
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
    names: who::Names<'c>,
    /// What read the last row, for the next one of its kind.
    select: Option<(RecordKind, CachedStatement<'c>)>,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            names: who::Names::new(connection),
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
            // A row that the first major schema wrote.
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

/// Reads a record's fields from a row whose columns from `first` on are the kind's fields in order.
///
/// # Errors
/// A column of another type.
pub fn fields_from_row(spec: &KindSpec, row: &Row<'_>, first: usize) -> rusqlite::Result<FieldMap> {
    let mut fields = FieldMap::with_capacity(spec.fields.len());
    for (index, field) in spec.fields.iter().enumerate() {
        let value = from_sql(field.shape, row.get_ref(first + index)?);
        if value != Value::Null {
            fields.insert(field.id, value);
        }
    }
    Ok(fields)
}

/// The columns that [`fields_from_row`] reads, each with `prefix` before it.
pub fn field_columns(kind: RecordKind, prefix: &str) -> String {
    let names = kind.spec().map(|spec| spec.fields).unwrap_or_default();
    names
        .iter()
        .map(|field| format!("{prefix}{}", field.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Merges an operation into its record. Merging it again changes nothing but its date (D10).
///
/// # Errors
/// A failing database.
pub fn merge(
    transaction: &Transaction<'_>,
    operation: &Operation,
    applied_at: Option<TimestampMs>,
) -> StorageResult<()> {
    let state = whole(transaction, operation.record, load(transaction, operation.record))?;
    Writer::new(transaction)?.merge_into(state, operation, applied_at)
}

/// What was read of a record into which something is to be merged. A row that went bad gives way to what comes: else one
/// row would hold up everything that is behind it, for ever. What the server has of it is read anew as soon as all is
/// read.
///
/// # Errors
/// A failing database.
pub(super) fn whole(
    transaction: &Transaction<'_>,
    record: RecordRef,
    read: StorageResult<Option<RecordState>>,
) -> StorageResult<Option<RecordState>> {
    match read {
        Err(StorageError::Inconsistent { .. }) => {
            remove(transaction, record)?;
            verify::want(transaction)?;
            Ok(None)
        }
        read => read,
    }
}

/// Before records go: what hangs on them goes, and own operations that are read off their rows are written out.
/// `records` selects their ids.
pub(super) fn release(
    transaction: &Transaction<'_>,
    records: &str,
    params: &[&dyn ToSql],
) -> StorageResult<()> {
    own::keep_bodies(transaction, records, params)?;
    transaction.execute(
        &format!("DELETE FROM settled_conflict WHERE record IN ({records})"),
        params,
    )?;
    transaction.execute(
        &format!(
            "DELETE FROM photo_bytes WHERE state >= 2 AND hash IN (SELECT hash FROM photo WHERE id IN ({records}))"
        ),
        params,
    )?;
    Ok(())
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

/// Writes records in one transaction. What each of many rows would ask again is asked once.
pub(super) struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    /// No household was moved when this was made.
    none_moved: bool,
    /// The short name of the device and worker whose record was written last.
    key: Option<(DeviceId, WorkerId, Vec<u8>)>,
    /// What wrote the last new row, for the next one of its kind.
    insert: Option<(RecordKind, CachedStatement<'t>)>,
}

impl<'t> Writer<'t> {
    /// Writes into this transaction. Make another one after a household was moved.
    pub(super) fn new(transaction: &'t Transaction<'t>) -> StorageResult<Self> {
        Ok(Self {
            transaction,
            none_moved: moves::none_moved(transaction)?,
            key: None,
            insert: None,
        })
    }

    /// Merges an operation into what [`load`] found of its record.
    ///
    /// # Errors
    /// A failing database.
    pub(super) fn merge_into(
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
        if own::keep_body(self.transaction, &state, operation, dated)? {
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
    pub(super) fn create(
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
    pub(super) fn make(
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
    pub(super) fn create_if_new(
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
    pub(super) fn came(&self, record: RecordRef) -> StorageResult<()> {
        match self.none_moved {
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
        Ok(match self.none_moved {
            true => Cow::Borrowed(made_in),
            false => Cow::Owned(moves::home(self.transaction, record, values, made_in)?),
        })
    }

    /// Writes a record as it is.
    pub(super) fn save(&mut self, record: RecordRef, state: &RecordState) -> StorageResult<()> {
        let Some((spec, statements)) = spec_of(record.kind) else {
            let home = self.home(record, &state.values(), state.made_in())?;
            return record_table::save(self.transaction, record, state, &home);
        };
        let values = state.values();
        let home = self.home(record, &values, state.made_in())?;
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
        index_text(self.transaction, record.kind, row_number, row.values, is_removed)
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
            _ => who::key(self.transaction, device, author)?,
        };
        let row = Columns {
            area: &home,
            made_in: &operation.area,
            author: &key,
            values: created,
            more: &more(spec, created.iter()),
            touched: None,
            clocks: &who::short_clocks(&key, &origin_of(operation, applied_at)),
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

/// Whether [`from_sql`] gives back what [`to_sql`] was given.
fn is_kept_as_it_is(shape: ValueShape, value: &Value) -> bool {
    match (shape, value) {
        (ValueShape::Int, Value::Int(_)) | (ValueShape::Id, Value::Id(_)) => true,
        (ValueShape::Text, Value::Text(text)) => !text.is_empty(),
        (ValueShape::Bytes, Value::Bytes(bytes)) => !bytes.is_empty(),
        (ValueShape::Numbers, Value::Numbers(numbers)) => !numbers.is_empty(),
        (ValueShape::Ids, Value::Ids(ids)) => !ids.is_empty(),
        (ValueShape::Texts, Value::Texts(texts)) => {
            let plain = |text: &String| !text.is_empty() && !text.contains(TEXT_SEPARATOR);
            !texts.is_empty() && texts.iter().all(plain)
        }
        _ => false,
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
    /// In the order of [`statements`].
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

fn integer(number: i64) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(SqlValue::Integer(number))
}

fn text(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

fn blob(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
}

/// Fields that this version does not know, packed; nothing for none.
fn more<'a>(spec: &KindSpec, values: impl Iterator<Item = (FieldId, &'a Value)>) -> Vec<u8> {
    let unknown: Vec<(FieldId, &Value)> = values.filter(|(id, _)| spec.field(*id).is_none()).collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    // As a map is written.
    packed(&unknown, 128)
}

fn fields_of_later_versions(more: &[u8]) -> Result<FieldMap, postcard::Error> {
    if more.is_empty() {
        return Ok(FieldMap::new());
    }
    let fields: Vec<(FieldId, Value)> = postcard::from_bytes(more)?;
    Ok(fields.into_iter().collect())
}

/// The building of a canonical door, and a text that sorts doors as people walk: numbers by their value.
fn building_and_order(door: &str) -> (String, String) {
    let building = DoorNumber::parse(door)
        .ok()
        .and_then(|_| door.split('-').next().map(str::to_owned))
        .unwrap_or_else(|| door.to_owned());
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

fn index_text(
    transaction: &Transaction<'_>,
    kind: RecordKind,
    row: i64,
    values: &dyn Fields,
    removed: bool,
) -> StorageResult<()> {
    let Some((rowid, text)) = found_text(kind, row, values) else {
        return Ok(());
    };
    transaction
        .prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([rowid])?;
    if !removed {
        transaction
            .prepare_cached("INSERT INTO search (rowid, chars, latin, digits) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![rowid, text.chars, text.latin, text.digits])?;
    }
    Ok(())
}

/// Where a record's text stands in the index, and what it is; `None` for a kind that is not searched for.
pub(super) fn found_text(
    kind: RecordKind,
    row: i64,
    values: &dyn Fields,
) -> Option<(i64, search::IndexText)> {
    let value = |id| field(values, id);
    match kind {
        RecordKind::HOUSEHOLD => Some((row * 2, search::household_text(value(household::DOOR).as_text()))),
        RecordKind::RESIDENT => Some((
            row * 2 + 1,
            search::resident_text(
                value(resident::NAME).as_text(),
                value(resident::PHONES).as_texts(),
            ),
        )),
        _ => None,
    }
}

fn to_sql(shape: ValueShape, value: &Value) -> ToSqlOutput<'_> {
    let made = match (shape, value) {
        (ValueShape::Int, Value::Int(number)) => return integer(*number),
        (ValueShape::Id, Value::Id(id)) => return blob(id.as_bytes()),
        (ValueShape::Int | ValueShape::Id | ValueShape::Null, _) => SqlValue::Null,
        (ValueShape::Text, value) => return text(value.as_text()),
        (ValueShape::Bytes, value) => return blob(value.as_bytes()),
        (ValueShape::Texts, value) => SqlValue::Text(value.as_texts().join(&TEXT_SEPARATOR.to_string())),
        (ValueShape::Numbers, value) => {
            let numbers = value.as_numbers();
            let mut text = String::with_capacity(numbers.len() * 3 + 1);
            let mut digits = itoa::Buffer::new();
            for number in numbers {
                text.push(',');
                text.push_str(digits.format(*number));
            }
            if !text.is_empty() {
                text.push(',');
            }
            SqlValue::Text(text)
        }
        (ValueShape::Ids, value) => {
            SqlValue::Blob(value.as_ids().iter().flat_map(|id| *id.as_bytes()).collect())
        }
    };
    ToSqlOutput::Owned(made)
}

/// The texts of a column that holds several.
pub fn texts(column: &str) -> Vec<String> {
    let parts = column.split(TEXT_SEPARATOR);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn from_sql(shape: ValueShape, column: ValueRef<'_>) -> Value {
    let text = || column.as_str().unwrap_or_default();
    let blob = || column.as_blob().unwrap_or_default();
    match shape {
        ValueShape::Null => Value::Null,
        ValueShape::Int => Value::number(column.as_i64().ok()),
        ValueShape::Text => Value::text(text()),
        ValueShape::Id => Uuid::from_slice(blob()).map_or(Value::Null, Value::Id),
        ValueShape::Bytes => match blob() {
            [] => Value::Null,
            bytes => Value::Bytes(bytes.to_vec()),
        },
        ValueShape::Numbers => Value::numbers(
            text()
                .split(',')
                .filter_map(|number| number.parse().ok())
                .collect(),
        ),
        ValueShape::Texts => Value::texts(&texts(text())),
        ValueShape::Ids => match blob() {
            [] => Value::Null,
            bytes => Value::Ids(
                bytes
                    .chunks_exact(16)
                    .filter_map(|id| Uuid::from_slice(id).ok())
                    .collect(),
            ),
        },
    }
}
