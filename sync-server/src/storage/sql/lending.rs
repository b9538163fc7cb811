//! Lending: what was sent to a unit stands in the unit's log too, as long as it is sent there.
//!
//! ```text
//!   grid      … i1 … p1 … dispatched ──► …                … i2 … returned …
//!   unit's log                           i1 dispatched p1 … i2 … returned        later: dispatched, i2, returned
//! ```
//!
//! The record lies where it lay: the unit's log names operations, and has none of its own. Who holds the unit's area
//! reads the whole of the record behind the cursor, then what comes; what they record in the unit's area is taken where
//! the record lies, as after a household's [move](super::moves).
//!
//! When it ends, who has read the beginning must come to the same: the steps stay in the unit's log for a while, and
//! what the record says does not. A device folds them and finds that it is not lent any more. One that begins then reads
//! steps of nothing, and passes over them.

use std::collections::BTreeSet;

use shared::change::Operation;
use shared::clock::TimestampMs;
use shared::crdt::Lent;
use shared::domain::unit;
use shared::domain::value::field;
use shared::domain::{RecordKind, RecordRef};
use shared::guards::{self, Guard};
use shared::ids::AreaCode;
use uuid::Uuid;

use super::columns::{self, int, uint, uuid};
use super::lent::{NOT_YET, end, end_one, forget, issue, row, row_until, until, waits};
use super::log::LogEnd;
use super::tx::Tx;
use super::value::values;
use super::{former, records, units};
use crate::apply::{Changed, Written};
use crate::storage::{Storage, StorageResult};

/// How long steps of what was lent stay in the unit's log, ms: a device that was silent for longer is compared when it
/// speaks again, and lets go of what it holds for itself. 90 days.
const STEPS_STAY_MS: u64 = 90 * 24 * 3_600_000;

impl Storage {
    /// Ends the lending of what was closed long enough ago; how many issues. Steps of what is not lent any more leave the
    /// units' logs after a while.
    pub async fn end_lending(&self, now_ms: TimestampMs) -> StorageResult<u64> {
        self.write(move |tx| end_over(tx, now_ms)).await
    }
}

/// Follows operations that were applied just now and what came of them: what is dispatched to a unit is lent to it, with
/// its photos, and what is done to it from then on, until it ends. Returns what is lent since now.
pub(super) fn follow(
    tx: Tx<'_>,
    operations: &[&Operation],
    changed: &[Changed],
    log: &mut LogEnd,
) -> StorageResult<BTreeSet<RecordRef>> {
    let mut lending = Lending::new(tx, operations, log)?;
    // By kind: issues, then photos, then units.
    for changed in changed {
        match changed.record.kind {
            RecordKind::ISSUE => lending.issue(changed)?,
            RecordKind::PHOTO => lending.photo(changed)?,
            RecordKind::UNIT => lending.unit(changed.record)?,
            _ => {}
        }
    }
    Ok(lending.whole)
}

/// Follows records that lie elsewhere since now: what waited for a unit that did not reach there may be lent. Returns what
/// is lent since now.
pub(super) fn moved(
    tx: Tx<'_>,
    records: &BTreeSet<RecordRef>,
    log: &mut LogEnd,
) -> StorageResult<BTreeSet<RecordRef>> {
    let mut lending = Lending::new(tx, &[], log)?;
    for record in records.iter().filter(|record| record.kind == RecordKind::ISSUE) {
        if waits(tx, *record)? {
            lending.try_again(*record)?;
        }
    }
    Ok(lending.whole)
}

/// Whether operations of a kind concern [`follow`].
pub(super) fn concerns(operation: &Operation) -> bool {
    matches!(
        operation.record.kind,
        RecordKind::ISSUE | RecordKind::PHOTO | RecordKind::UNIT
    )
}

struct Lending<'a, 't> {
    tx: Tx<'t>,
    operations: &'a [&'a Operation],
    /// Nothing is lent, so nothing is looked up: most servers, most of the time.
    none_lent: bool,
    /// Records of which every operation was put into a unit's log just now.
    whole: BTreeSet<RecordRef>,
    log: &'a mut LogEnd,
}

impl<'a, 't> Lending<'a, 't> {
    fn new(tx: Tx<'t>, operations: &'a [&'a Operation], log: &'a mut LogEnd) -> StorageResult<Self> {
        let none_lent: bool = tx
            .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM lent)")?
            .query_row(values![], |row| row.get(0))?;
        Ok(Self {
            tx,
            operations,
            none_lent,
            whole: BTreeSet::new(),
            log,
        })
    }

    fn issue(&mut self, changed: &Changed) -> StorageResult<()> {
        // What one operation made was not sent anywhere yet.
        let is_new = matches!(changed.written, Written::Made { .. });
        if is_new || self.none_lent && changed.lent.is_none() {
            return Ok(());
        }
        let now_ms = self.log.applied_at;
        let is_to_be = changed.lent.filter(|lent| !lent.is_over(now_ms));
        let held = row(self.tx, changed.record)?;
        match (held, is_to_be) {
            (Some(held), Some(lent)) if held.area == lent.area() => {
                self.put_new(changed.record, &held.area)?;
                until(self.tx, changed.record.id, &lent)
            }
            (held, lent) => {
                if let Some(held) = held {
                    self.put_new(changed.record, &held.area)?;
                    end(self.tx, changed.record, &held.area, now_ms)?;
                }
                self.tx
                    .prepare_cached("DELETE FROM lent_waits WHERE issue = ?1")?
                    .execute(values![changed.record.id.as_bytes()])?;
                match lent {
                    Some(lent) => self.begin(changed.record, &changed.area, &lent),
                    None => Ok(()),
                }
            }
        }
    }

    /// One beside a lent issue is lent; one that came to lie elsewhere is not any more.
    fn photo(&mut self, changed: &Changed) -> StorageResult<()> {
        let record = changed.record;
        let Some(photo) = changed.photo.as_ref().filter(|_| !self.whole.contains(&record)) else {
            return Ok(());
        };
        if photo.is_removed() {
            self.put_where_it_was_lent(record)?;
        }
        if self.none_lent {
            return self.left_with(changed);
        }
        let beside = record.kind.lies_beside(&photo.values());
        let held = row(self.tx, record)?;
        if let Some(held) = &held {
            self.put_new(record, &held.area)?;
            if beside.is_some_and(|owner| owner.id == held.issue) {
                return Ok(());
            }
            end_one(self.tx, record, &held.area, self.log.applied_at)?;
        }
        let issue = beside.filter(|owner| owner.kind == RecordKind::ISSUE && !photo.is_removed());
        let lent = match issue {
            Some(issue) => row_until(self.tx, issue)?,
            None => None,
        };
        match issue.zip(lent) {
            Some((issue, (row, until))) => self.lend(record, issue, &row.area, until),
            None => self.left_with(changed),
        }
    }

    /// A photo is withdrawn: who was silent since it was lent may hold it again with its issue, and reads of the end and
    /// of the beginning at once. Others pass over the withdrawal.
    fn put_where_it_was_lent(&mut self, record: RecordRef) -> StorageResult<()> {
        let units = self
            .tx
            .prepare_cached(
                "SELECT area FROM former_area
                 WHERE kind = ?1 AND record = ?2 AND substr(area, 1, 1) = 'u' AND left_at <> ?3 ORDER BY area",
            )?
            .query_map(
                values![record.kind.0, record.id.as_bytes(), int(NOT_YET)],
                |row| columns::area(row, 0),
            )?;
        for unit in units {
            self.put_new(record, &unit)?;
        }
        Ok(())
    }

    /// What was recorded beside an issue that has just been returned is not lent either.
    fn left_with(&self, changed: &Changed) -> StorageResult<()> {
        let record = changed.record;
        if changed.left.values().all(|left_at| *left_at != NOT_YET) {
            return Ok(());
        }
        self.tx
            .prepare_cached(
                "UPDATE former_area SET left_at = ?4 WHERE kind = ?1 AND record = ?2 AND left_at = ?3",
            )?
            .execute(values![
                record.kind.0,
                record.id.as_bytes(),
                int(NOT_YET),
                int(self.log.applied_at)
            ])?;
        Ok(())
    }

    /// A unit that has come, or is there again: what was dispatched to it before is lent now. Its area has its name.
    fn unit(&mut self, record: RecordRef) -> StorageResult<()> {
        let Some((_, loaded)) = records::load(self.tx, [record])?.pop() else {
            return Ok(());
        };
        let values = loaded.state.values();
        let renamed = self
            .tx
            .prepare_cached("UPDATE area SET name = ?2 WHERE code = ?1 AND name <> ?2")?
            .execute(values![
                AreaCode::of_unit(record.id).as_str(),
                field(&values, unit::NAME).as_text()
            ])?;
        if renamed > 0 {
            columns::directory_changed(self.tx)?;
        }
        let waiting = self
            .tx
            .prepare_cached("SELECT issue FROM lent_waits WHERE unit = ?1 ORDER BY issue")?
            .query_map(values![record.id.as_bytes()], |row| uuid(row, 0))?;
        for issue in waiting.into_iter().map(issue) {
            self.try_again(issue)?;
        }
        Ok(())
    }

    /// Lends an issue that waits for it, when it may be now.
    fn try_again(&mut self, record: RecordRef) -> StorageResult<()> {
        self.tx
            .prepare_cached("DELETE FROM lent_waits WHERE issue = ?1")?
            .execute(values![record.id.as_bytes()])?;
        let Some((_, loaded)) = records::load(self.tx, [record])?.pop() else {
            return Ok(());
        };
        let now_ms = self.log.applied_at;
        let lent = loaded.state.lent(record.kind);
        match lent.filter(|lent| !lent.is_over(now_ms)) {
            Some(lent) => self.begin(record, loaded.state.area(), &lent),
            None => Ok(()),
        }
    }

    /// Lends an issue that lies in `home`, with its photos, unless nobody there can send anything to the unit.
    fn begin(&mut self, record: RecordRef, home: &AreaCode, lent: &Lent) -> StorageResult<()> {
        if !guards::holds(Guard::Lend) {
            return Ok(());
        }
        let area = lent.area();
        if !units::reaches(self.tx, lent.to, home)? || !units::open_area(self.tx, &area)? {
            self.tx
                .prepare_cached(
                    "INSERT INTO lent_waits (issue, unit) VALUES (?1, ?2)
                     ON CONFLICT (issue) DO UPDATE SET unit = excluded.unit",
                )?
                .execute(values![record.id.as_bytes(), lent.to.as_bytes()])?;
            return Ok(());
        }
        let until = lent.until.unwrap_or(NOT_YET);
        self.lend(record, record, &area, until)?;
        let photos = self
            .tx
            .prepare_cached("SELECT record FROM photo_record WHERE owner = ?1 ORDER BY record")?
            .query_map(values![record.id.as_bytes()], |row| uuid(row, 0))?;
        for photo in photos {
            self.lend(RecordRef::new(RecordKind::PHOTO, photo), record, &area, until)?;
        }
        Ok(())
    }

    /// All operations of a record stand in the unit's log from now on.
    fn lend(
        &mut self,
        record: RecordRef,
        issue: RecordRef,
        area: &AreaCode,
        until: TimestampMs,
    ) -> StorageResult<()> {
        // Steps from the last time are among them.
        forget(self.tx, record, area)?;
        let operations = self
            .tx
            .prepare_cached(&operations_of(record.kind))?
            .query_map(values![record.id.as_bytes()], |row| {
                Ok((uuid(row, 0)?, uint(row, 1)?))
            })?;
        for (device, seq) in operations {
            self.put(record, area, device, seq)?;
        }
        self.tx
            .prepare_cached(
                "INSERT INTO lent (kind, record, issue, area, until) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (kind, record) DO UPDATE SET issue = excluded.issue, area = excluded.area,
                     until = excluded.until",
            )?
            .execute(values![
                record.kind.0,
                record.id.as_bytes(),
                issue.id.as_bytes(),
                area.as_str(),
                int(until)
            ])?;
        former::note(self.tx, record, area, NOT_YET)?;
        self.none_lent = false;
        self.whole.insert(record);
        Ok(())
    }

    /// What was applied just now of a record that is lent.
    fn put_new(&mut self, record: RecordRef, area: &AreaCode) -> StorageResult<()> {
        for operation in self.operations {
            if operation.record == record {
                self.put(record, area, operation.device.0, operation.seq)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, record: RecordRef, area: &AreaCode, device: Uuid, seq: u64) -> StorageResult<()> {
        let position = self.log.append(area);
        self.tx
            .prepare_cached(
                "INSERT INTO lent_log (area, position, kind, record, device, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute_in_turn(values![
                area.as_str(),
                int(position),
                record.kind.0,
                record.id.as_bytes(),
                device.as_bytes(),
                int(seq)
            ])
    }
}

/// The operations of record `?1` of an issue's or photo's kind: as it stands in the index of these.
fn operations_of(kind: RecordKind) -> String {
    format!(
        "SELECT device, seq FROM operation WHERE record = ?1 AND kind IN (4, 5) AND kind = {} ORDER BY position",
        kind.0
    )
}

fn end_over(tx: Tx<'_>, now_ms: TimestampMs) -> StorageResult<u64> {
    let applied_at = LogEnd::open(tx, now_ms)?.applied_at;
    let over = tx
        .prepare_cached("SELECT record, area FROM lent WHERE kind = ?1 AND until <= ?2 ORDER BY record")?
        .query_map(values![RecordKind::ISSUE.0, int(now_ms)], |row| {
            Ok((uuid(row, 0)?, columns::area(row, 1)?))
        })?;
    for (record, area) in &over {
        end(tx, issue(*record), area, applied_at)?;
    }
    tx.prepare_cached(
        "DELETE FROM lent_log WHERE EXISTS (SELECT 1 FROM former_area
             WHERE former_area.kind = lent_log.kind AND former_area.record = lent_log.record
                 AND former_area.area = lent_log.area AND left_at < ?1)",
    )?
    .execute(values![int(now_ms.saturating_sub(STEPS_STAY_MS))])?;
    Ok(over.len() as u64)
}
