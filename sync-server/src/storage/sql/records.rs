//! Records: where each lies, and what it holds, packed, or by the operation that made it.

use shared::crdt::RecordState;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;

use super::columns::{self, int, uint};
use super::tx::{Row, Statement, Tx};
use super::value::{AsValue, values};
use super::{former, photos};
use crate::apply::{Changed, Loaded, Written, made_by};
use crate::storage::{StorageError, StorageResult};

/// What [`stored`] reads of each record that stands in `$from`; goes on with a condition.
macro_rules! stored_from {
    ($from:literal) => {
        concat!(
            "SELECT record.kind, record.id, record.area, state, body, applied_at FROM ",
            $from,
            " LEFT JOIN operation ON length(state) = 0 AND operation.device = made_by AND operation.seq = made_by_seq"
        )
    };
}
pub(super) use stored_from;

/// Of all records.
pub(super) const STORED: &str = stored_from!("record");

/// What these records hold; those that are not here are left out.
pub(super) fn load(
    tx: Tx<'_>,
    records: impl IntoIterator<Item = RecordRef>,
) -> StorageResult<Vec<(RecordRef, Loaded)>> {
    let sql = format!("{STORED} WHERE record.kind = ?1 AND record.id = ?2");
    of_each(tx, &sql, records, stored)
}

/// Where these records lie; those that are not here are left out.
pub(super) fn areas(
    tx: Tx<'_>,
    records: impl IntoIterator<Item = RecordRef>,
) -> StorageResult<Vec<(RecordRef, AreaCode)>> {
    let sql = "SELECT area FROM record WHERE kind = ?1 AND id = ?2";
    of_each(tx, sql, records, |row| columns::area(row, 0))
}

fn of_each<T>(
    tx: Tx<'_>,
    sql: &str,
    records: impl IntoIterator<Item = RecordRef>,
    read: impl FnMut(&Row<'_>) -> StorageResult<T>,
) -> StorageResult<Vec<(RecordRef, T)>> {
    let records: Vec<RecordRef> = records.into_iter().collect();
    let keys: Vec<_> = records
        .iter()
        .map(|record| [record.kind.0.as_value(), record.id.as_bytes().as_value()])
        .collect();
    let found = tx.prepare_cached(sql)?.query_each(&keys, read)?;
    let found = records.into_iter().zip(found);
    Ok(found
        .filter_map(|(record, found)| Some((record, found?)))
        .collect())
}

/// A record from a row of [`STORED`].
pub(super) fn stored(row: &Row<'_>) -> StorageResult<Loaded> {
    const DAMAGED: StorageError = StorageError::Inconsistent { table: "record" };
    let (kind, area) = (RecordKind(row.get(0)?), columns::area(row, 2)?);
    let packed: Vec<u8> = row.get(3)?;
    if packed.is_empty() {
        let body: Option<Vec<u8>> = row.get(4)?;
        let body = body.ok_or(DAMAGED)?;
        let operation = columns::operation("operation", &body)?;
        return Ok(Loaded {
            state: made_by(&operation, area, uint(row, 5)?),
            size_bytes: body.len(),
        });
    }
    let mut state = RecordState::unpack_whole(kind, &packed).map_err(|_| DAMAGED)?;
    state.bring_to(area);
    Ok(Loaded {
        state,
        size_bytes: packed.len(),
    })
}

/// Writes what batches made of records.
pub(super) struct Writer<'t> {
    tx: Tx<'t>,
    upsert: Statement<'t>,
}

impl<'t> Writer<'t> {
    pub(super) fn new(tx: Tx<'t>) -> StorageResult<Self> {
        let upsert = tx.prepare_cached(
            "INSERT INTO record (kind, id, area, state, made_by, made_by_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, id) DO UPDATE SET area = excluded.area, state = excluded.state,
                 made_by = excluded.made_by, made_by_seq = excluded.made_by_seq",
        )?;
        Ok(Self { tx, upsert })
    }

    pub(super) fn write(&mut self, changed: &Changed) -> StorageResult<()> {
        let Changed {
            record,
            area,
            written,
            photo,
            lent: _,
            left,
        } = changed;
        for (former, left_at) in left {
            former::note(self.tx, *record, former, *left_at)?;
        }
        let (device, seq, packed) = match written {
            Written::Made { device, seq } => (Some(device.0.as_bytes()), Some(int(*seq)), [].as_slice()),
            Written::Packed(packed) => (None, None, packed.as_slice()),
        };
        let id = record.id.as_bytes();
        self.upsert
            .execute_in_turn(values![record.kind.0, id, area.as_str(), packed, device, seq])?;
        match photo {
            Some(state) => photos::follow_record(self.tx, *record, state),
            None => Ok(()),
        }
    }
}
