//! Verification as a checker: a phone that holds everything holds what the server has, at any time, but for rows that
//! were damaged on it and for what only a lost life of the server had applied.

use std::collections::BTreeSet;

use replica::storage::own_operations::UNSETTLED_RECORDS;
use replica::storage::records;
use shared::domain::RecordKind;
use shared::domain::schema::RecordRef;
use shared::protocol::v1::{self, SyncReply, SyncRequest};
use shared::protocol::verify::{Verification, Verified, bucket_of};
use uuid::Uuid;

use super::checkers;
use super::device::Device;
use super::model;
use super::network::Told;
use super::world::World;

/// A kind, its table, and a text that everybody sees.
const TEXTS: [(RecordKind, &str, &str); 5] = [
    (RecordKind::HOUSEHOLD, "household", "note"),
    (RecordKind::RESIDENT, "resident", "name"),
    (RecordKind::VISIT, "visit", "note"),
    (RecordKind::ISSUE, "issue", "title"),
    (RecordKind::UNIT, "record", "title"),
];

impl World {
    /// Looks at what the server says to a phone that wants to know whether it holds the same.
    pub(super) fn watch_verification(&mut self, phone: usize, request: &SyncRequest, told: Option<&Told>) {
        let verified = Verification::in_request(&request.extensions)
            .and_then(|_| v1::decode::<SyncReply>(&told?.body).ok())
            .and_then(|reply| Verified::in_reply(&reply.extensions));
        let Some(Verified { differing, buckets }) = verified else {
            return;
        };
        self.verified += 1;
        if differing == 0 {
            return;
        }
        self.note(|| format!("{phone} differs in {buckets:?}"));
        if usize::from(differing) != buckets.len() {
            self.fail(format!(
                "phone {phone} differs in {differing} buckets, told of {buckets:?}"
            ));
        }
        // What lies beside a damaged record may be wrong because of it. A copy that goes on under another identity forgets
        // what was parked under the one before, and keeps what has moved away meanwhile.
        let Device {
            damaged, has_copy, ..
        } = self.device(phone);
        if !damaged.is_empty() || *has_copy {
            return;
        }
        let (_, applied) = self.applied();
        let ghosts = self.ledger.ghosts(&applied).into_iter();
        let may_differ: BTreeSet<u8> = ghosts.map(|(.., record)| bucket_of(record.id)).collect();
        let unexplained: Vec<u8> = buckets
            .into_iter()
            .filter(|bucket| !may_differ.contains(bucket))
            .collect();
        if unexplained.is_empty() {
            return;
        }
        let eyes = &self.device(phone).disk.eyes;
        let mut told = String::new();
        for (record, expected) in model::records(&applied) {
            let held = records::load(eyes, record).ok().flatten();
            let held = held.map(|held| checkers::seen_in(record.kind, &held));
            if unexplained.contains(&bucket_of(record.id)) && held.as_ref() != Some(&expected) {
                told += &format!("\n  {record:?}\n  has      {held:?}\n  expected {expected:?}");
            }
        }
        self.fail(format!(
            "DIVERGED: phone {phone} holds everything and differs from the server in {unexplained:?}{told}"
        ));
    }

    /// Damages a row of a phone whose app is not open: a value, the row itself, or one more. Not one of which its own
    /// operation is still to be sent, or is read off it: nobody else has that.
    pub(super) fn damage(&mut self, phone: usize) {
        let eyes = &self.device(phone).disk.eyes;
        let mut rows: Vec<(RecordRef, &str, &str)> = Vec::new();
        for (kind, table, text) in TEXTS {
            let sql = format!(
                "SELECT id FROM {table} WHERE id NOT IN ({UNSETTLED_RECORDS})
                     AND id NOT IN (SELECT record FROM operation WHERE body = x'') ORDER BY id"
            );
            let found = eyes.prepare_cached(&sql).and_then(|mut found| {
                let ids = found.query_map([], |row| row.get::<_, Uuid>(0))?;
                ids.collect::<Result<Vec<_>, _>>()
            });
            // A disk that was never used has no tables.
            let found = found.unwrap_or_default();
            rows.extend(
                found
                    .into_iter()
                    .map(|id| (RecordRef::new(kind, id), table, text)),
            );
        }
        let Some((record, table, text)) = self.chance.pick(&rows).copied() else {
            return;
        };
        let mut fresh = [0; 16];
        self.chance.fill(&mut fresh);
        let how = self.chance.below(3);
        let eyes = &self.device(phone).disk.eyes;
        let done = match how {
            0 => eyes.execute(
                &format!("UPDATE {table} SET {text} = 'x' WHERE id = ?1"),
                [record.id],
            ),
            1 => eyes.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [record.id]),
            _ => double(eyes, table, record.id, Uuid::from_bytes(fresh)),
        };
        assert_eq!(done, Ok(1), "the disk is written");
        let damaged = match how {
            0 | 1 => record,
            _ => RecordRef::new(record.kind, Uuid::from_bytes(fresh)),
        };
        self.note(|| format!("{phone} is damaged: {how} {damaged:?}"));
        self.device(phone).damaged.insert(damaged);
    }

    /// Records of a phone that were damaged and that nobody has compared since: they share a bucket with an operation
    /// that is set aside.
    pub(super) fn left_damaged(&mut self, phone: usize) -> Vec<RecordRef> {
        let Device { disk, damaged, .. } = self.device(phone);
        let unsettled = disk
            .eyes
            .prepare_cached(UNSETTLED_RECORDS)
            .and_then(|mut unsettled| {
                let ids = unsettled.query_map([], |row| row.get::<_, Uuid>(0))?;
                ids.map(|id| id.map(bucket_of))
                    .collect::<Result<BTreeSet<u8>, _>>()
            });
        let unsettled = unsettled.expect("a disk can be read");
        let left = damaged
            .iter()
            .filter(|record| unsettled.contains(&bucket_of(record.id)));
        left.copied().collect()
    }
}

/// The same row once more, under another id.
fn double(eyes: &rusqlite::Connection, table: &str, id: Uuid, other: Uuid) -> rusqlite::Result<usize> {
    let columns: Vec<String> = eyes
        .prepare_cached("SELECT name FROM pragma_table_info(?1) WHERE name NOT IN ('row', 'id')")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let columns = columns.join(", ");
    eyes.execute(
        &format!("INSERT INTO {table} (id, {columns}) SELECT ?2, {columns} FROM {table} WHERE id = ?1"),
        [id, other],
    )
}
