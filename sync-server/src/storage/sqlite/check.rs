//! Looks for damage, without mending anything.

use rusqlite::{Connection, OptionalExtension, params};
use shared::change::hash::{CHAIN_START, ChainHash};
use shared::crdt::RecordState;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;

use super::columns::{self, chain, uint, uuid};
use super::compact::{LINKS, link};
use super::records;
use crate::apply::Loaded;
use crate::storage::{CheckReport, StorageResult};

pub(super) fn check(tx: &Connection) -> StorageResult<CheckReport> {
    let mut report = CheckReport::default();
    let mut statement = tx.prepare("PRAGMA integrity_check(20)")?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            report.faults.push(format!("sqlite: {line}"));
        }
    }
    let mut statement = tx.prepare("PRAGMA foreign_key_check")?;
    for table in statement.query_map([], |row| row.get::<_, String>(0))? {
        report
            .faults
            .push(format!("a row of {} refers to a row that is missing", table?));
    }
    check_chains(tx, &mut report)?;
    check_records(tx, &mut report)?;
    report.parked = tx.query_row("SELECT count(*) FROM parked", [], |row| uint(row, 0))?;
    Ok(report)
}

fn check_chains(tx: &Connection, report: &mut CheckReport) -> StorageResult<()> {
    let mut devices = tx.prepare("SELECT id, last_seq, chain FROM device")?;
    let mut links = tx.prepare(LINKS)?;
    let mut rows = devices.query([])?;
    while let Some(row) = rows.next()? {
        let (id, last_seq, held) = (uuid(row, 0)?, uint(row, 1)?, chain(row, 2)?);
        report.devices += 1;
        let (mut seq, mut computed): (u64, ChainHash) = (0, CHAIN_START);
        let mut held_links = links.query(params![id.as_bytes(), 0])?;
        while let Some(row) = held_links.next()? {
            let (next, chain) = link(row, computed)?;
            if next != seq + 1 {
                report
                    .faults
                    .push(format!("device {id}: operations are missing after {seq}"));
                break;
            }
            (seq, computed) = (next, chain);
            let body: Vec<u8> = row.get(1)?;
            let is_compacted = body.is_empty();
            if !is_compacted && columns::operation("operation", &body).is_err() {
                report
                    .faults
                    .push(format!("device {id}: operation {seq} cannot be read"));
            }
        }
        if seq != last_seq || computed != held {
            report.faults.push(format!(
                "device {id}: the chain of {last_seq} operations does not match"
            ));
        }
    }
    report.operations = tx.query_row("SELECT count(*) FROM operation", [], |row| uint(row, 0))?;
    Ok(())
}

fn check_records(tx: &Connection, report: &mut CheckReport) -> StorageResult<()> {
    let mut statement = tx.prepare(records::STORED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, id) = (RecordKind(row.get(0)?), uuid(row, 1)?);
        report.records += 1;
        match records::stored(row) {
            Ok(Loaded { state, .. }) => {
                let home = home(tx, RecordRef::new(kind, id), &state)?;
                if home.is_some_and(|home| home != *state.area()) {
                    report
                        .faults
                        .push(format!("record {id} stands in another area than its household"));
                }
            }
            Err(_) => report.faults.push(format!("record {id} cannot be read")),
        }
    }
    Ok(())
}

/// Where a record must lie: a household where the latest move has put it, what lies beside something there, all else
/// where it was made. `None` for what was moved and lies beside nothing any more.
fn home(tx: &Connection, record: RecordRef, state: &RecordState) -> StorageResult<Option<AreaCode>> {
    let found = match (record.kind, record.kind.lies_beside(&state.values())) {
        (RecordKind::HOUSEHOLD, _) => tx
            .prepare_cached("SELECT area FROM moved WHERE household = ?1")?
            .query_row([record.id.as_bytes()], |row| columns::area(row, 0))
            .optional()?
            .or_else(|| Some(state.made_in().clone())),
        (_, Some(other)) => tx
            .prepare_cached("SELECT area FROM record WHERE kind = ?1 AND id = ?2")?
            .query_row(params![other.kind.0, other.id.as_bytes()], |row| {
                columns::area(row, 0)
            })
            .optional()?,
        _ => {
            let has_moved = tx
                .prepare_cached("SELECT 1 FROM former_area WHERE kind = ?1 AND record = ?2")?
                .exists(params![record.kind.0, record.id.as_bytes()])?;
            (!has_moved).then(|| state.made_in().clone())
        }
    };
    Ok(found)
}
