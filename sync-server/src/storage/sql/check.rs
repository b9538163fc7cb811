//! Looks for damage, without mending anything.

use shared::change::hash::{CHAIN_START, ChainHash};
use shared::crdt::RecordState;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;

use super::columns::{self, chain, uint, uuid};
use super::compact::{LINKS, is_compacted, link};
use super::tx::Tx;
use super::value::values;
use super::{lent, records};
use crate::apply::Loaded;
use crate::storage::{CheckReport, Storage, StorageResult, sqlite};

impl Storage {
    /// Looks for damage: the database's own check, and every device's hash chain recomputed from its operations.
    pub async fn check(&self) -> StorageResult<CheckReport> {
        self.read(move |tx| {
            let mut report = CheckReport::default();
            if let Tx::Sqlite(connection) = tx {
                report.faults.extend(sqlite::damage(connection)?);
            }
            check_chains(tx, &mut report)?;
            check_records(tx, &mut report)?;
            report.parked = tx.query_row("SELECT count(*) FROM parked", values![], |row| uint(row, 0))?;
            Ok(report)
        })
        .await
    }
}

fn check_chains(tx: Tx<'_>, report: &mut CheckReport) -> StorageResult<()> {
    let mut devices = tx.prepare_cached("SELECT id, last_seq, chain FROM device")?;
    let mut links = tx.prepare_cached(LINKS)?;
    let mut rows = devices.scan(values![])?;
    while let Some(row) = rows.next()? {
        let (id, last_seq, held) = (uuid(&row, 0)?, uint(&row, 1)?, chain(&row, 2)?);
        report.devices += 1;
        let (mut seq, mut computed): (u64, ChainHash) = (0, CHAIN_START);
        let mut held_links = links.scan(values![id.as_bytes(), 0_i64])?;
        while let Some(row) = held_links.next()? {
            let (next, chain) = link(&row, computed)?;
            if next != seq + 1 {
                report
                    .faults
                    .push(format!("device {id}: operations are missing after {seq}"));
                break;
            }
            (seq, computed) = (next, chain);
            if !is_compacted(&row)? && columns::operation("operation", row.bytes(1)?).is_err() {
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
    report.operations = tx.query_row("SELECT count(*) FROM operation", values![], |row| uint(row, 0))?;
    Ok(())
}

fn check_records(tx: Tx<'_>, report: &mut CheckReport) -> StorageResult<()> {
    let mut statement = tx.prepare_cached(records::STORED)?;
    let mut rows = statement.scan(values![])?;
    while let Some(row) = rows.next()? {
        let (kind, id) = (RecordKind(row.get(0)?), uuid(&row, 1)?);
        report.records += 1;
        match records::stored(&row) {
            Ok(Loaded { state, .. }) => {
                let home = home(tx, RecordRef::new(kind, id), &state)?;
                if kind == RecordKind::ISSUE
                    && let Some(fault) = lent::fault(tx, RecordRef::new(kind, id), state.lent(kind))?
                {
                    report.faults.push(format!("record {id} {fault}"));
                }
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
fn home(tx: Tx<'_>, record: RecordRef, state: &RecordState) -> StorageResult<Option<AreaCode>> {
    let found = match (record.kind, record.kind.lies_beside(&state.values())) {
        (RecordKind::HOUSEHOLD, _) => tx
            .prepare_cached("SELECT area FROM moved WHERE household = ?1")?
            .query_opt(values![record.id.as_bytes()], |row| columns::area(row, 0))?
            .or_else(|| Some(state.made_in().clone())),
        (_, Some(other)) => tx
            .prepare_cached("SELECT area FROM record WHERE kind = ?1 AND id = ?2")?
            .query_opt(values![other.kind.0, other.id.as_bytes()], |row| {
                columns::area(row, 0)
            })?,
        _ => {
            let has_moved = tx
                .prepare_cached(
                    "SELECT 1 FROM former_area WHERE kind = ?1 AND record = ?2 AND substr(area, 1, 1) <> 'u'",
                )?
                .exists(values![record.kind.0, record.id.as_bytes()])?;
            (!has_moved).then(|| state.made_in().clone())
        }
    };
    Ok(found)
}
