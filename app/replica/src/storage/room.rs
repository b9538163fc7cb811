//! Room on the device (D13): what is kept free for work that is not sent yet, and what makes place for it.
//!
//! ```text
//!   0            used                       allowed
//!   |#############|.............|============|
//!                  free for pulls   reserve: own work only
//!                  and fetched photos
//! ```
//!
//! Photos that the server has make place, first those that were only fetched, then the own ones, oldest first.
//! What is not sent is never touched. A row that is deleted gives its pages back to the database, not to the
//! device: such pages count as free.

use rusqlite::Connection;
use shared::ids::PhotoHash;

use super::StorageResult;
use crate::platform::Room;

/// The most that is kept free for own work: about a hundred photos.
pub const RESERVE_BYTES_MAX: u64 = 48 * 1024 * 1024;
/// The most that one pull may need.
pub const PULL_BYTES_MAX: u64 = 12 * 1024 * 1024;
/// The most that a photo leaves free for texts.
pub const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// From here on the worker is warned, per cent.
pub const WARN_PERCENT: u64 = 80;
/// What a photo needs beside its bytes: thumbnail, record, operation, pages of the journal.
const PHOTO_EXTRA_BYTES: u64 = 128 * 1024;

/// How much of the room is free, and what of it is kept for what. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Free for anything of ours.
    pub free: u64,
    /// The most that may be used.
    pub allowed: u64,
}

impl Budget {
    /// What the platform says, and what the database has inside it without using it.
    pub fn new(room: Room, unused_inside: u64) -> Self {
        let free = room
            .allowed_bytes
            .saturating_sub(room.used_bytes)
            .saturating_add(unused_inside);
        Self {
            free: free.min(room.allowed_bytes),
            allowed: room.allowed_bytes,
        }
    }

    /// Whether the worker should know that room gets short.
    pub fn is_tight(self) -> bool {
        let used = self.allowed - self.free;
        used.saturating_mul(100) >= self.allowed.saturating_mul(WARN_PERCENT)
    }

    /// How many bytes must become free before a pull; 0: it may begin.
    pub fn missing_for_pull(self) -> u64 {
        let pull = PULL_BYTES_MAX.min(self.allowed / 20);
        (self.reserve() + pull).saturating_sub(self.free)
    }

    /// How many bytes must become free before a photo of the server is kept only to be looked at.
    pub fn missing_for_fetched(self, size: u64) -> u64 {
        (self.reserve() + size).saturating_sub(self.free)
    }

    /// How many bytes must become free before an own photo is kept. It may use the reserve, but not the last of
    /// it: the text of the same visit must find room.
    pub fn missing_for_own_photo(self, size: u64) -> u64 {
        let text = TEXT_BYTES_MAX.min(self.allowed / 50);
        (text + size + PHOTO_EXTRA_BYTES).saturating_sub(self.free)
    }

    fn reserve(self) -> u64 {
        RESERVE_BYTES_MAX.min(self.allowed / 10)
    }
}

/// A photo whose bytes the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evictable {
    /// Its name.
    pub hash: PhotoHash,
    /// Bytes.
    pub size: u64,
}

/// Which photos make place for `missing` bytes: the first ones, as many as needed; all when even they do not do.
pub fn to_evict(photos: &[Evictable], missing: u64) -> Vec<PhotoHash> {
    let mut gained = 0_u64;
    let enough = photos.iter().take_while(|photo| {
        let needed = gained < missing;
        gained = gained.saturating_add(photo.size);
        needed
    });
    enough.map(|photo| photo.hash).collect()
}

/// The photos that the server has, in the order in which they make place.
///
/// # Errors
/// A failing database.
pub fn evictable(connection: &Connection) -> StorageResult<Vec<Evictable>> {
    let mut statement = connection.prepare_cached(
        "SELECT hash, length(bytes) FROM photo_bytes WHERE state >= 2 AND hash NOT IN (SELECT hash FROM draft_photo)
         ORDER BY state DESC, kept_at, hash",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Evictable {
            hash: PhotoHash(row.get(0)?),
            size: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lets go of photos until `missing` bytes became free, if there are as many; returns how many became free.
///
/// # Errors
/// A failing database.
pub fn evict(connection: &Connection, missing: u64) -> StorageResult<u64> {
    if missing == 0 {
        return Ok(0);
    }
    let photos = evictable(connection)?;
    let mut gained = 0;
    let mut statement =
        connection.prepare_cached("DELETE FROM photo_bytes WHERE hash = ?1 AND state >= 2")?;
    for hash in to_evict(&photos, missing) {
        if statement.execute([hash.0])? > 0 {
            gained += photos
                .iter()
                .find(|photo| photo.hash == hash)
                .map_or(0, |photo| photo.size);
        }
    }
    Ok(gained)
}

/// Bytes that the database holds without using them.
///
/// # Errors
/// A failing database.
pub fn unused_inside(connection: &Connection) -> StorageResult<u64> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    Ok(number("PRAGMA freelist_count")? * number("PRAGMA page_size")?)
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
