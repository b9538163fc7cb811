//! Every row of a database into the empty tables of another, of whichever kind.

use super::tx::Tx;
use crate::storage::StorageResult;

/// The tables of version 10 with their columns, those first to which others refer. What is not named here is lost in a
/// copy: a test compares with the tables that there are.
const TABLES: &[(&str, &str)] = &[
    (
        "meta",
        "one, epoch, directory_version, last_position, last_applied_at, import_worker, import_device",
    ),
    ("receipt_key", "one, seed"),
    ("area", "code, name, last_position"),
    ("worker", "id, username, name, role, password, removed_at"),
    ("assignment", "worker, area, ended_at"),
    (
        "device",
        "id, worker, name, enrolled_at, revoked_at, last_seq, chain, applied_at, applied_from_seq, parent, told_at, told_before, is_answered",
    ),
    ("token", "hash, device"),
    (
        "operation",
        "position, area, device, seq, author, kind, record, applied_at, body",
    ),
    ("record", "kind, id, area, state, made_by, made_by_seq"),
    ("parked", "device, seq, author, shown_in, code, parked_at, body"),
    ("photo_record", "record, hash, area, author, owner"),
    ("photo", "hash, area, size_bytes, device, stored_at"),
    ("segment", "area, last_position, first_position, bytes"),
    (
        "upload",
        "id, device, hash, length, received, metadata, expires_at, stored",
    ),
    ("upload_chunk", "upload, at, bytes"),
    ("receipt_shown", "device, through_seq"),
    ("parked_waits", "kind, record, device, seq, for_move"),
    ("moved", "household, area, ms, counter, device, seq"),
    ("former_area", "kind, record, area, left_at"),
    ("departed", "position, area, device, seq"),
    ("lent", "kind, record, issue, area, until"),
    ("lent_log", "area, position, kind, record, device, seq"),
    ("lent_waits", "issue, unit"),
    ("compacted", "device, seq, chain"),
];

/// Copies every row. What stands in `to` since it was made goes.
pub(in crate::storage) fn copy(from: Tx<'_>, to: Tx<'_>) -> StorageResult<()> {
    for (table, _) in TABLES.iter().rev() {
        to.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    for (table, columns) in TABLES {
        let places: Vec<String> = (1..=columns.split(", ").count())
            .map(|place| format!("?{place}"))
            .collect();
        let places = places.join(", ");
        let mut all = from.prepare_cached(&format!("SELECT {columns} FROM {table}"))?;
        let mut insert = to.prepare_cached(&format!("INSERT INTO {table} ({columns}) VALUES ({places})"))?;
        let mut rows = all.scan(&[])?;
        while let Some(row) = rows.next()? {
            let values = row.values()?;
            insert.execute_in_turn(&values)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::Storage;
    use crate::testing::SeededChance;

    #[tokio::test]
    async fn every_column_of_every_table_is_copied() {
        let storage = Storage::in_memory(&SeededChance::new(7)).unwrap();
        let there_are = storage.read(|tx| {
            let mut columns = tx.prepare_cached(
                "SELECT sqlite_schema.name, columns.name FROM sqlite_schema, pragma_table_info(sqlite_schema.name) AS columns
                 WHERE sqlite_schema.type = 'table'",
            )?;
            columns.query_map(&[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))
        });
        let there_are: BTreeSet<_> = there_are.await.unwrap().into_iter().collect();
        let of_table = |(table, columns): &(&str, &str)| {
            let columns = columns
                .split(", ")
                .map(|column| ((*table).to_owned(), column.to_owned()));
            columns.collect::<Vec<_>>()
        };
        assert_eq!(there_are, TABLES.iter().flat_map(of_table).collect());
    }
}
