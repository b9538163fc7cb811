//! Verification: now and then what lies here is compared with the server's records of the same areas, and what differs
//! is taken anew (D7). What is still to be sent is neither compared nor touched.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use shared::change::encode::decode_pull;
use shared::change::{AppliedOperation, Operation};
use shared::clock::TimestampMs;
use shared::domain::schema::{RecordKind, RecordRef};
use shared::guards::{self, Guard};
use shared::ids::DeviceId;
use shared::protocol::v1::{AreaPage, SyncReply};
use shared::protocol::verify::{Fingerprints, Verification, Verified, bucket_of};
use uuid::Uuid;

use super::meta::Enrolment;
use super::own_operations::{self, ReadOff, UNSETTLED_RECORDS};
use super::replies::ReplyError;
use super::{StorageError, StorageResult, assigned, duplicates, lent, meta, moves, record_table, records};

/// How often a device verifies.
pub const VERIFY_EVERY_MS: u64 = 7 * 24 * 3_600_000;
/// When it tries again after one that came to nothing.
const TRY_AGAIN_MS: u64 = 3_600_000;
/// How long it waits after a backup was restored: what the server lacks is still on the devices that recorded it, and
/// shown on others.
const AFTER_RESTORE_MS: u64 = 30 * 24 * 3_600_000;

const VERIFIED: &str = "verified";

/// What became of the verifications on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verifications {
    /// When the next one is due, ms by the device clock; 0 for now.
    due_at: TimestampMs,
    /// When the server last compared, ms by the device clock; 0 for never.
    pub verified_at: TimestampMs,
    /// How many of the 256 buckets differed then, and were not taken anew.
    pub differing: u16,
    /// How many records were other ones after they had been taken anew, since this replica began.
    pub repaired: u64,
}

/// What became of the verifications on this device.
///
/// # Errors
/// A failing database or an unreadable row.
pub fn known(connection: &Connection) -> StorageResult<Verifications> {
    Ok(meta::get(connection, VERIFIED)?.unwrap_or_default())
}

/// The next sync that leaves nothing to do is followed by a verification.
///
/// # Errors
/// A failing database.
pub fn want(transaction: &Transaction<'_>) -> StorageResult<()> {
    put_off(transaction, 0)
}

/// Nothing is compared for a while after a backup was restored.
pub(super) fn begin_again(transaction: &Transaction<'_>, now_ms: TimestampMs) -> StorageResult<()> {
    put_off(transaction, now_ms.saturating_add(AFTER_RESTORE_MS))
}

fn put_off(transaction: &Transaction<'_>, due_at: TimestampMs) -> StorageResult<()> {
    let known = known(transaction)?;
    meta::set(transaction, VERIFIED, &Verifications { due_at, ..known })
}

/// Whether to verify now that everything was read. It is not asked again before an hour has gone by, whatever comes of
/// it.
pub(super) fn is_due(transaction: &Transaction<'_>, now_ms: TimestampMs) -> StorageResult<bool> {
    let Some(Verifications { due_at, .. }) = meta::get(transaction, VERIFIED)? else {
        put_off(transaction, now_ms.saturating_add(VERIFY_EVERY_MS))?;
        return Ok(false);
    };
    // A clock that was set back must not put it off for longer than it would have been.
    let is_due = now_ms >= due_at || due_at - now_ms > AFTER_RESTORE_MS;
    if is_due {
        put_off(transaction, now_ms.saturating_add(TRY_AGAIN_MS))?;
    }
    Ok(is_due)
}

/// What to say of the records here; `None` while it is not known where they lie. Those that are no whole ones are left
/// out: something about them is still to be sent, or was set aside.
pub(crate) fn say(connection: &Connection) -> StorageResult<Option<Verification>> {
    if moves::are_doubted(connection)? {
        return Ok(None);
    }
    let mut fingerprints = Fingerprints::default();
    for (record, fingerprint) in held(connection, None)? {
        fingerprints.add(record.id, fingerprint);
    }
    let unsettled = unsettled(connection)?;
    let is_left_out = |bucket: &u8| unsettled.iter().any(|record| bucket_of(*record) == *bucket);
    let left_out = (0..=u8::MAX).filter(is_left_out).collect();
    let met = connection
        .prepare_cached("SELECT device, through_seq FROM peer WHERE through_seq > 0")?
        .query_map([], |row| Ok((DeviceId(row.get(0)?), row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Some(Verification::new(&fingerprints, left_out, met)))
}

/// Records of the assigned areas that are here, in these buckets, or in all of them.
fn held(connection: &Connection, buckets: Option<&[u8]>) -> StorageResult<Vec<(RecordRef, u64)>> {
    let assigned = assigned::cursors(connection)?;
    let mut sql = String::from("SELECT kind, id FROM record");
    for kind in record_table::with_table() {
        sql += &format!(" UNION ALL SELECT {}, id FROM {}", kind.kind.0, kind.name);
    }
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut reader = records::Reader::new(connection);
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let record = RecordRef::new(RecordKind(row.get(0)?), row.get::<_, Uuid>(1)?);
        if buckets.is_some_and(|buckets| !buckets.contains(&bucket_of(record.id))) {
            continue;
        }
        let fingerprint = match reader.load_exactly(record) {
            Ok(Some(state)) if assigned.keys().any(|area| state.area().is_within(area)) => {
                state.fingerprint(record)
            }
            Ok(_) => continue,
            // It must differ, also when the server knows nothing of it.
            Err(StorageError::Inconsistent { .. }) => 1,
            Err(error) => return Err(error),
        };
        held.push((record, fingerprint));
    }
    Ok(held)
}

/// Records about which something is still to be sent, or was set aside. The record of a photo whose bytes wait may be
/// one that has moved away. Where an issue is lent or not by such a step, its photos are too.
fn unsettled(connection: &Connection) -> StorageResult<Vec<Uuid>> {
    let beside = match lent::units(connection)?.is_empty() {
        true => String::new(),
        false => format!(" UNION ALL SELECT id FROM photo WHERE owner IN ({UNSETTLED_RECORDS})"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "{UNSETTLED_RECORDS} UNION ALL SELECT id FROM photo WHERE hash IN (SELECT hash FROM photo_bytes WHERE state = 1)
         {beside}"
    ))?;
    let records = statement.query_map([], |row| row.get(0))?;
    Ok(records.collect::<Result<_, _>>()?)
}

/// Records that are being taken anew.
pub(super) struct Repair {
    verified: Verified,
    before: Vec<(RecordRef, u64)>,
    /// Own operations that were read off rows that went.
    read_off: Vec<ReadOff>,
    /// Own operations among those that come.
    own: Vec<Operation>,
}

impl Repair {
    /// Lets go of the records that a reply brings anew, unless something about them is still to be sent. `None` when the
    /// reply says nothing about what lies here, or it is for another state of it than the present one.
    ///
    /// Own operations that are read off these rows stay as they are where the same rows come back. Where others do, or
    /// none, they are written out in the end.
    ///
    /// # Errors
    /// [`ReplyError::BadPage`] or a failing database.
    pub(super) fn begin(
        transaction: &Transaction<'_>,
        reply: &SyncReply,
    ) -> Result<Option<Self>, ReplyError> {
        let verified = Verified::in_reply(&reply.extensions);
        let Some(verified) = verified.filter(|_| guards::holds(Guard::Repair)) else {
            return Ok(None);
        };
        let assigned = assigned::cursors(transaction)?;
        let is_of_now = |page: &AreaPage| assigned.get(&page.area) == Some(&page.cursor);
        if assigned.len() != reply.pages.len() || !reply.pages.iter().all(is_of_now) {
            return Ok(None);
        }
        let before = held(transaction, Some(&verified.buckets))?;
        let mut going: BTreeSet<RecordRef> = before.iter().map(|(record, _)| *record).collect();
        let mut own = Vec::new();
        if !verified.buckets.is_empty() {
            let enrolment: Option<Enrolment> = meta::get(transaction, meta::ENROLMENT)?;
            // One that lies elsewhere by mistake comes back, too.
            for page in &reply.pages {
                let coming = decode_pull(&page.page).map_err(|_| ReplyError::BadPage)?;
                for AppliedOperation { operation, .. } in coming {
                    going.insert(operation.record);
                    if enrolment
                        .as_ref()
                        .is_some_and(|own| own.device == operation.device)
                    {
                        own.push(operation);
                    }
                }
            }
        }
        let unsettled = unsettled(transaction)?;
        going.retain(|record| !unsettled.contains(&record.id));
        let read_off = own_operations::read_off(transaction, &going)?;
        for record in going {
            records::remove(transaction, record)?;
        }
        Ok(Some(Self {
            verified,
            before,
            read_off,
            own,
        }))
    }

    /// When the pages are kept: notes what came of it.
    pub(super) fn end(self, transaction: &Transaction<'_>, now_ms: TimestampMs) -> StorageResult<()> {
        let buckets = &self.verified.buckets;
        let known = known(transaction)?;
        own_operations::write_out_lost(transaction, self.read_off, &self.own)?;
        let mut differed = 0;
        if !buckets.is_empty() {
            duplicates::forget_absent(transaction)?;
            let after = held(transaction, Some(buckets))?;
            let is_among =
                |records: &[(RecordRef, u64)], record| records.iter().any(|(one, _)| *one == record);
            let gone = self
                .before
                .iter()
                .filter(|(record, _)| !is_among(&after, *record));
            differed = after.iter().filter(|one| !self.before.contains(one)).count() + gone.count();
        }
        let told = self.verified.differing;
        let taken = u16::try_from(buckets.len()).unwrap_or(u16::MAX);
        // What is still the same after it was taken anew still differs.
        let differing = if differed > 0 {
            told.saturating_sub(taken)
        } else {
            told
        };
        // What had no room in the reply comes with the next one, as long as it gets less.
        let goes_on = differing > 0 && differed > 0;
        meta::set(
            transaction,
            VERIFIED,
            &Verifications {
                due_at: if goes_on {
                    0
                } else {
                    now_ms.saturating_add(VERIFY_EVERY_MS)
                },
                verified_at: now_ms,
                differing,
                repaired: known.repaired + differed as u64,
            },
        )
    }
}
