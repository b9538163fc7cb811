use rusqlite::params;

use super::*;
use crate::storage::{Home, prepare};

const MIB: u64 = 1024 * 1024;

fn budget(used_bytes: u64, allowed_bytes: u64) -> Budget {
    let room = Room {
        used_bytes,
        allowed_bytes,
    };
    Budget::new(room, 0)
}

#[test]
fn the_worker_is_warned_from_80_per_cent_on() {
    assert!(!budget(799 * MIB, 1_000 * MIB).is_tight());
    assert!(budget(800 * MIB, 1_000 * MIB).is_tight());
    assert!(budget(1_000 * MIB, 1_000 * MIB).is_tight());
    // Pages that the database holds without using them are free.
    let room = Room {
        used_bytes: 900 * MIB,
        allowed_bytes: 1_000 * MIB,
    };
    assert!(!Budget::new(room, 200 * MIB).is_tight());
}

#[test]
fn a_pull_leaves_the_reserve_and_a_photo_may_use_it() {
    let allowed = 1_000 * MIB;
    for (free, pull, own) in [
        (100, 0, 0),
        (60, 0, 0),
        (59, 1, 0),
        (48, 12, 0),
        (6, 54, 0),
        (5, 55, 1),
    ] {
        let budget = budget(allowed - free * MIB, allowed);
        assert_eq!(budget.missing_for_pull().div_ceil(MIB), pull, "{free} MiB free");
        assert_eq!(
            budget.missing_for_own_photo(MIB).div_ceil(MIB),
            own,
            "{free} MiB free"
        );
        assert_eq!(
            budget.missing_for_fetched(0) > 0,
            free < 48,
            "{free} MiB free: fetched photos leave the reserve"
        );
    }
}

#[test]
fn impossible_figures_stop_nothing() {
    let over = budget(u64::MAX, 10 * MIB);
    assert_eq!((over.free, over.is_tight()), (0, true));
    let nothing = budget(0, 0);
    assert_eq!((nothing.missing_for_pull(), nothing.free), (0, 0));
    assert_eq!(budget(0, u64::MAX).missing_for_pull(), 0);
}

#[test]
fn as_many_photos_make_place_as_are_needed_and_no_more() {
    let photos = [(1, 10), (2, 20), (3, 30)].map(|(number, size)| Evictable {
        hash: PhotoHash([number; 32]),
        size,
    });
    for (missing, expected) in [(0, 0), (1, 1), (10, 1), (11, 2), (30, 2), (31, 3), (999, 3)] {
        assert_eq!(to_evict(&photos, missing).len(), expected, "{missing}");
    }
    assert_eq!(to_evict(&photos, 11), [PhotoHash([1; 32]), PhotoHash([2; 32])]);
    assert_eq!(to_evict(&[], 5), []);
}

#[test]
fn what_is_not_sent_is_never_touched() {
    let mut connection = Connection::open_in_memory().unwrap();
    prepare(&mut connection, Home::Memory).unwrap();
    // State, when it was kept.
    let photos = [(0, 1), (1, 2), (2, 9), (3, 8), (2, 3), (3, 4), (1, 5), (0, 6)];
    for (number, (state, kept_at)) in photos.into_iter().enumerate() {
        let hash = [u8::try_from(number).unwrap(); 32];
        connection
            .execute(
                "INSERT INTO photo_bytes (hash, bytes, state, kept_at) VALUES (?1, zeroblob(100), ?2, ?3)",
                params![hash, state, kept_at],
            )
            .unwrap();
    }
    let order: Vec<u8> = evictable(&connection)
        .unwrap()
        .iter()
        .map(|photo| photo.hash.0[0])
        .collect();
    assert_eq!(
        order,
        [5, 3, 4, 2],
        "fetched ones first, then own ones, oldest first"
    );
    assert_eq!(evict(&connection, 0).unwrap(), 0);
    assert_eq!(evict(&connection, 150).unwrap(), 200);
    assert_eq!(evict(&connection, u64::MAX).unwrap(), 200);
    assert_eq!(evict(&connection, u64::MAX).unwrap(), 0);
    let left: u64 = connection
        .query_row("SELECT count(*) FROM photo_bytes WHERE state < 2", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(left, 4);
}
