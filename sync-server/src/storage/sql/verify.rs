//! Verification: what the records of a device's areas look like, and the operations of those that it holds otherwise
//! (D7). Nothing is kept for it: pushes cost what they did, and a verification reads the areas.

use std::collections::{BTreeMap, BTreeSet};

use shared::change::AppliedOperation;
use shared::clock::TimestampMs;
use shared::domain::{RecordKind, RecordRef};
use shared::ids::AreaCode;
use shared::protocol::verify::{Fingerprints, Verified, bucket_of};

use super::columns::{self, behind, int, uint, uuid};
use super::disclosed::Disclosed;
use super::tx::Tx;
use super::value::values;
use super::{device, records};
use crate::storage::{Pulled, PulledArea, Storage, StorageResult, VerifyRequest};

impl Storage {
    /// Compares what a device says of its records with the records of its worker's areas, seen at one moment: which
    /// buckets differ, and all operations of the records of as many of these as have room, per assigned area, each by
    /// position. `None` when the device has not read everything, or when operations of a device that it met are not held
    /// yet. Reads the areas; nothing is kept for it.
    pub async fn verify(&self, request: VerifyRequest) -> StorageResult<Option<(Verified, Pulled)>> {
        self.read(move |tx| {
            let scope = columns::scope(tx, request.worker)?;
            if !holds_all(tx, &request, &scope)? {
                return Ok(None);
            }
            let Some(differing) = request
                .verification
                .differing(&fingerprints(tx, &scope, request.now_ms)?)
            else {
                return Ok(None);
            };
            let buckets = fitting(tx, &request, &scope, &differing)?;
            let mut areas = Vec::with_capacity(scope.len());
            for area in &scope {
                areas.push(PulledArea {
                    area: area.clone(),
                    operations: operations(tx, area, &buckets, request.now_ms)?,
                    cursor: request.cursors.get(area).copied().unwrap_or(0),
                    remaining: 0,
                });
            }
            let verified = Verified {
                differing: u16::try_from(differing.len()).unwrap_or(u16::MAX),
                buckets: buckets.into_iter().collect(),
            };
            Ok(Some((verified, Pulled { scope, areas })))
        })
        .await
    }
}

/// The records of an area and everything inside it: each has an operation in the log.
const LYING_IN: &str = records::stored_from!(
    "(SELECT DISTINCT kind, record AS id FROM operation WHERE area >= ?1 AND area < ?2) AS lying
     JOIN record ON record.kind = lying.kind AND record.id = lying.id"
);

/// The records that are lent to a unit.
const LENT_TO: &str = records::stored_from!(
    "(SELECT kind, record AS id FROM lent WHERE area = ?1 AND until > ?2) AS lying
     JOIN record ON record.kind = lying.kind AND record.id = lying.id"
);
/// Their operations, as far as they stand in the unit's log.
const LENT_LOG: &str = "FROM lent
     JOIN lent_log ON lent_log.area = lent.area AND lent_log.kind = lent.kind AND lent_log.record = lent.record
     JOIN operation ON operation.device = lent_log.device AND operation.seq = lent_log.seq
     WHERE lent.area = ?1 AND lent.until > ?2";

/// Whether the device has read everything of its areas, and nothing of devices that it met is still to come.
fn holds_all(tx: Tx<'_>, request: &VerifyRequest, scope: &[AreaCode]) -> StorageResult<bool> {
    let is_held = |area: &AreaCode| request.cursors.contains_key(area);
    let same_areas = request.cursors.len() == scope.len() && scope.iter().all(is_held);
    if request.epoch != Some(columns::epoch(tx)?) || !same_areas {
        return Ok(false);
    }
    let held_position: u64 = tx.query_row("SELECT last_position FROM meta", values![], |row| uint(row, 0))?;
    let mut come =
        tx.prepare_cached("SELECT count(*) FROM area WHERE code >= ?1 AND code < ?2 AND last_position > ?3")?;
    for (area, cursor) in &request.cursors {
        let behind_it = come.query_row(values![area.as_str(), behind(area), int(*cursor)], |row| {
            uint(row, 0)
        })?;
        if behind_it > 0 || *cursor > held_position {
            return Ok(false);
        }
    }
    for (device, through_seq) in &request.verification.met {
        let known = device::find(tx, *device)?;
        if known.is_none_or(|known| known.held.through_seq < *through_seq) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads one record after the other, and keeps none.
fn fingerprints(tx: Tx<'_>, scope: &[AreaCode], now_ms: TimestampMs) -> StorageResult<Fingerprints> {
    let mut held = Fingerprints::default();
    let (mut lying, mut lent) = (tx.prepare_cached(LYING_IN)?, tx.prepare_cached(LENT_TO)?);
    for area in scope {
        let mut rows = match area.is_unit() {
            true => lent.scan(values![area.as_str(), int(now_ms)])?,
            false => lying.scan(values![area.as_str(), behind(area)])?,
        };
        while let Some(row) = rows.next()? {
            let record = RecordRef::new(RecordKind(row.get(0)?), uuid(&row, 1)?);
            let mut state = records::stored(&row)?.state;
            if area.is_unit() {
                // There it lies with those that hold it because it is lent.
                state.bring_to(area.clone());
            }
            held.add(record.id, state.fingerprint(record));
        }
    }
    Ok(held)
}

/// The first of the buckets that differ, as many as have room in a reply.
fn fitting(
    tx: Tx<'_>,
    request: &VerifyRequest,
    scope: &[AreaCode],
    differing: &[u8],
) -> StorageResult<BTreeSet<u8>> {
    let mut sizes: BTreeMap<u8, (usize, usize)> = differing.iter().map(|bucket| (*bucket, (0, 0))).collect();
    if sizes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut logged =
        tx.prepare_cached("SELECT record, length(body) FROM operation WHERE area >= ?1 AND area < ?2")?;
    let mut lent = tx.prepare_cached(&format!("SELECT operation.record, length(body) {LENT_LOG}"))?;
    for area in scope {
        let mut rows = match area.is_unit() {
            true => lent.scan(values![area.as_str(), int(request.now_ms)])?,
            false => logged.scan(values![area.as_str(), behind(area)])?,
        };
        while let Some(row) = rows.next()? {
            if let Some((count, bytes)) = sizes.get_mut(&bucket_of(uuid(&row, 0)?)) {
                *count += 1;
                *bytes += usize::try_from(uint(&row, 1)?).unwrap_or(usize::MAX);
            }
        }
    }
    let (mut count_left, mut bytes_left) = (request.operations_max, request.bytes_max);
    let fits = |(_, (count, bytes)): &(u8, (usize, usize))| {
        let left = (count_left.checked_sub(*count), bytes_left.checked_sub(*bytes));
        let (Some(count), Some(bytes)) = left else {
            return false;
        };
        (count_left, bytes_left) = (count, bytes);
        true
    };
    Ok(sizes.into_iter().filter(fits).map(|(bucket, _)| bucket).collect())
}

/// All operations of the records of these buckets, by position.
fn operations(
    tx: Tx<'_>,
    area: &AreaCode,
    buckets: &BTreeSet<u8>,
    now_ms: TimestampMs,
) -> StorageResult<Vec<AppliedOperation>> {
    let mut operations = BTreeMap::new();
    if buckets.is_empty() {
        return Ok(Vec::new());
    }
    let mut logged = tx.prepare_cached(
        "SELECT record, position, body, applied_at FROM operation WHERE area >= ?1 AND area < ?2",
    )?;
    let mut lent = tx.prepare_cached(&format!(
        "SELECT operation.record, lent_log.position, body, applied_at {LENT_LOG}"
    ))?;
    let mut rows = match area.is_unit() {
        true => lent.scan(values![area.as_str(), int(now_ms)])?,
        false => logged.scan(values![area.as_str(), behind(area)])?,
    };
    let mut disclosed = Disclosed::to(tx, area);
    while let Some(row) = rows.next()? {
        if buckets.contains(&bucket_of(uuid(&row, 0)?)) {
            let body: Vec<u8> = row.get(2)?;
            let applied = AppliedOperation {
                operation: disclosed.operation(columns::operation("operation", &body)?)?,
                applied_at: uint(&row, 3)?,
            };
            operations.insert(uint(&row, 1)?, applied);
        }
    }
    Ok(operations.into_values().collect())
}
