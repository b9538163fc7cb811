//! Where records lay before.

use std::collections::{BTreeSet, HashMap};

use shared::clock::TimestampMs;
use shared::domain::RecordRef;
use shared::ids::AreaCode;

use super::columns::{self, int, uint};
use super::tx::Tx;
use super::value::values;
use crate::apply::{FormerAreas, Held};
use crate::storage::StorageResult;

/// Notes that a record has left an area.
pub(super) fn note(
    tx: Tx<'_>,
    record: RecordRef,
    area: &AreaCode,
    left_at: TimestampMs,
) -> StorageResult<()> {
    tx.prepare_cached(
        "INSERT INTO former_area (kind, record, area, left_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, record, area) DO UPDATE SET left_at = excluded.left_at",
    )?
    .execute(values![
        record.kind.0,
        record.id.as_bytes(),
        area.as_str(),
        int(left_at)
    ])?;
    Ok(())
}

/// Where those of these records lay before that lie in another area than `areas` say.
pub(super) fn areas(
    tx: Tx<'_>,
    held: &HashMap<RecordRef, Held<'_>>,
    areas: &BTreeSet<AreaCode>,
) -> StorageResult<FormerAreas> {
    let mut former = FormerAreas::default();
    let none: bool = tx
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM former_area)")?
        .query_row(values![], |row| row.get(0))?;
    if none {
        return Ok(former);
    }
    let mut statement =
        tx.prepare_cached("SELECT area, left_at FROM former_area WHERE kind = ?1 AND record = ?2")?;
    for (record, held) in held {
        if areas.len() == 1 && areas.contains(held.area()) {
            continue;
        }
        let mut rows = statement.query(values![record.kind.0, record.id.as_bytes()])?;
        while let Some(row) = rows.next()? {
            former.add(*record, columns::area(&row, 0)?, uint(&row, 1)?);
        }
    }
    Ok(former)
}
