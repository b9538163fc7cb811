//! The next version of the schema, made up: with it what an update does is tried before there is one.

use std::cell::Cell;
use std::marker::PhantomData;

const STEPS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_init.sql")),
    // A field more, and what is asked for by it.
    (
        1,
        "ALTER TABLE household ADD COLUMN doorbell TEXT NOT NULL DEFAULT '';
         CREATE INDEX household_by_doorbell ON household (doorbell) WHERE doorbell <> '';",
    ),
    // A table that is made anew out of the one before, as when its key changes.
    (
        1,
        "CREATE TABLE peer_anew (
             device        BLOB PRIMARY KEY NOT NULL,
             through_seq   INTEGER NOT NULL DEFAULT 0,
             chain         BLOB NOT NULL DEFAULT x'',
             holds_through INTEGER NOT NULL DEFAULT 0
         ) STRICT, WITHOUT ROWID;
         INSERT INTO peer_anew SELECT device, through_seq, chain, holds_through FROM peer;
         DROP TABLE peer;
         ALTER TABLE peer_anew RENAME TO peer;",
    ),
    // Something of every row is written again.
    (
        1,
        "UPDATE visit SET note = note || '' ; UPDATE resident SET name = name || '';",
    ),
];

thread_local! {
    static IS_NEXT: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, the app on this thread is the next version.
#[must_use]
#[derive(Debug)]
pub struct NextVersion(PhantomData<*const ()>);

impl NextVersion {
    /// Updates the app on this thread.
    pub fn begin() -> Self {
        IS_NEXT.set(true);
        Self(PhantomData)
    }
}

impl Drop for NextVersion {
    fn drop(&mut self) {
        IS_NEXT.set(false);
    }
}

pub(super) fn steps() -> Option<&'static [(i64, &'static str)]> {
    IS_NEXT.get().then_some(STEPS)
}
