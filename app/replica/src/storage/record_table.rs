//! Records of kinds without a table of their own, also of kinds of later versions: in one table, whole, with what lists
//! need beside it.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use shared::crdt::RecordState;
use shared::domain::schema::{KindSpec, RecordKind, RecordRef, kinds};
use shared::domain::value::{Value, field};
use shared::ids::AreaCode;
use uuid::Uuid;

use super::{StorageError, StorageResult};

const DAMAGED: StorageError = StorageError::Inconsistent { table: "record" };

/// A table in which records lie, and what more they must be: the others in it are of other kinds.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The table.
    pub(crate) table: &'static str,
    /// Empty, or a condition that begins with ` AND `.
    pub(crate) of_kind: String,
}

/// Where records of a kind lie.
pub(crate) fn place_of(kind: RecordKind) -> Place {
    match kind.spec().filter(|spec| spec.has_table) {
        Some(spec) => Place {
            table: spec.name,
            of_kind: String::new(),
        },
        None => Place {
            table: "record",
            of_kind: format!(" AND kind = {}", kind.0),
        },
    }
}

/// The kinds that have a table of their own.
pub(crate) fn with_table() -> impl Iterator<Item = &'static KindSpec> {
    kinds().filter(|spec| spec.has_table)
}

/// The tables in which records lie.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    with_table().map(|spec| spec.name).chain(["record"])
}

pub(super) fn load(connection: &Connection, record: RecordRef) -> StorageResult<Option<RecordState>> {
    let found: Option<(String, Vec<u8>)> = connection
        .prepare_cached("SELECT area, state FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row(params![record.kind.0, record.id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((area, packed)) = found else {
        return Ok(None);
    };
    let mut state = RecordState::unpack_whole(record.kind, &packed).map_err(|_| DAMAGED)?;
    state.bring_to(AreaCode::new(&area).map_err(|_| DAMAGED)?);
    Ok(Some(state))
}

/// What lists need of a record, beside its state.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    removed: bool,
    conflicts: u64,
    removed_at: u64,
    removal_open: bool,
    author: Uuid,
    beside: Option<Uuid>,
    moment: i64,
    title: String,
    step: u64,
    finished: bool,
}

impl Listed {
    fn of(kind: RecordKind, state: &RecordState) -> Self {
        let values = state.values();
        let spec = kind.spec();
        let named = |id: Option<_>| id.map(|id| field(&values, id));
        let moment = named(spec.and_then(|spec| spec.sorted_by)).and_then(Value::as_int);
        let step = state.life(kind).map_or(0, |life| life.step);
        Self {
            removed: state.is_removed(),
            conflicts: state.conflicts().len() as u64,
            removed_at: state.last_removal().map_or(0, |origin| origin.stamp.ms),
            removal_open: state.is_kept_by_edit(kind),
            author: state.origin().author.0,
            beside: spec
                .and_then(|spec| spec.lies_beside(&values))
                .map(|beside| beside.id),
            moment: moment.unwrap_or_else(|| i64::try_from(state.origin().stamp.ms).unwrap_or(i64::MAX)),
            title: named(spec.and_then(|spec| spec.title))
                .map_or("", Value::as_text)
                .to_owned(),
            step,
            finished: kind.life_cycle().is_some_and(|cycle| cycle.is_finished(step)),
        }
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            removed: row.get(0)?,
            conflicts: row.get(1)?,
            removed_at: row.get(2)?,
            removal_open: row.get(3)?,
            author: row.get(4)?,
            beside: row.get(5)?,
            moment: row.get(6)?,
            title: row.get(7)?,
            step: row.get(8)?,
            finished: row.get(9)?,
        })
    }
}

/// As [`load`], unless what lists show is something else than what the state says.
pub(super) fn load_exactly(connection: &Connection, record: RecordRef) -> StorageResult<Option<RecordState>> {
    let Some(state) = load(connection, record)? else {
        return Ok(None);
    };
    let listed = connection
        .prepare_cached(
            "SELECT removed, conflicts, removed_at, removal_open, author, beside, moment, title, step, finished
             FROM record WHERE kind = ?1 AND id = ?2",
        )?
        .query_row(params![record.kind.0, record.id], Listed::from_row)
        .map_err(|error| match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => DAMAGED,
            error => error.into(),
        })?;
    match listed == Listed::of(record.kind, &state) {
        true => Ok(Some(state)),
        false => Err(DAMAGED),
    }
}

/// Writes a record that lies in `home` as it is.
pub(super) fn save(
    transaction: &Transaction<'_>,
    record: RecordRef,
    state: &RecordState,
    home: &AreaCode,
) -> StorageResult<()> {
    let listed = Listed::of(record.kind, state);
    transaction
        .prepare_cached(
            "INSERT INTO record (kind, id, area, removed, conflicts, removed_at, removal_open, author, beside, moment,
                                 title, step, finished, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (kind, id) DO UPDATE SET area = ?3, removed = ?4, conflicts = ?5, removed_at = ?6,
                 removal_open = ?7, author = ?8, beside = ?9, moment = ?10, title = ?11, step = ?12, finished = ?13,
                 state = ?14",
        )?
        .execute(params![
            record.kind.0,
            record.id,
            home.as_str(),
            listed.removed,
            listed.conflicts,
            listed.removed_at,
            listed.removal_open,
            listed.author,
            listed.beside,
            listed.moment,
            listed.title,
            listed.step,
            listed.finished,
            state.pack_whole(record.kind)
        ])?;
    Ok(())
}

/// The records of a kind that nobody removed, by title, then as they were made; at most so many.
pub(crate) fn listed(connection: &Connection, kind: RecordKind, limit: u32) -> StorageResult<Vec<RecordRef>> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM record WHERE kind = ?1 AND removed = 0 ORDER BY title, moment, id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![kind.0, limit], |row| row.get(0))?;
    let ids: Vec<Uuid> = rows.collect::<Result<_, _>>()?;
    Ok(ids.into_iter().map(|id| RecordRef { kind, id }).collect())
}

/// A record of a kind that this app does not know lies beside something that was moved, for all it knows: where the server
/// sent it from. It is taken up there.
pub(super) fn take_up_within(
    transaction: &Transaction<'_>,
    record: RecordRef,
    area: &AreaCode,
) -> StorageResult<()> {
    if record.kind.spec().is_none() {
        transaction
            .prepare_cached(
                "UPDATE record SET area = ?3 WHERE kind = ?1 AND id = ?2 AND NOT (area >= ?3 AND area < ?3 || '~')",
            )?
            .execute(params![record.kind.0, record.id, area.as_str()])?;
    }
    Ok(())
}

pub(super) fn remove(transaction: &Transaction<'_>, record: RecordRef) -> StorageResult<()> {
    transaction
        .prepare_cached("DELETE FROM record WHERE kind = ?1 AND id = ?2")?
        .execute(params![record.kind.0, record.id])?;
    Ok(())
}

/// All of them.
pub(super) fn all(connection: &Connection) -> StorageResult<Vec<RecordRef>> {
    let mut statement = connection.prepare_cached("SELECT kind, id FROM record ORDER BY row")?;
    let rows = statement.query_map([], |row| {
        Ok(RecordRef::new(RecordKind(row.get(0)?), row.get::<_, Uuid>(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
