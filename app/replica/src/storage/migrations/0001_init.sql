-- Device schema 1.0. A column may be NULL where "nothing entered" differs from 0 and from the empty id;
-- texts use '' for that.

CREATE TABLE meta (
    -- device, worker, clock, chain, cursors: one row each, see storage/meta.rs
    key   TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE setting (
    -- language, type_size, theme: chosen on this device, never synchronised
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE area (
    code TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE assigned (
    -- what the server said last, and up to where it is held here
    area   TEXT PRIMARY KEY NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE worker (
    id   BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role INTEGER NOT NULL
) STRICT;

CREATE TABLE operation (
    -- own operations only; others' are folded into the records at once
    seq          INTEGER PRIMARY KEY NOT NULL,
    kind         INTEGER NOT NULL,
    record       BLOB NOT NULL,
    at           INTEGER NOT NULL,                -- ms, device clock
    body         BLOB NOT NULL,                   -- canonical bytes
    chain        BLOB NOT NULL,                   -- BLAKE3 up to and with this one
    state        INTEGER NOT NULL DEFAULT 0,      -- 0 waiting, 1 receipted, 2 set aside, 3 set aside and seen
    code         TEXT NOT NULL DEFAULT '',        -- why it was set aside
    receipted_at INTEGER NOT NULL DEFAULT 0       -- ms, server clock
) STRICT;
CREATE INDEX operation_unsettled ON operation (state, record) WHERE state <> 1;

CREATE TABLE household (
    row             INTEGER PRIMARY KEY NOT NULL,
    id              BLOB NOT NULL UNIQUE,
    area            TEXT NOT NULL,
    removed         INTEGER NOT NULL DEFAULT 0,
    conflicts       INTEGER NOT NULL DEFAULT 0,
    door            TEXT NOT NULL DEFAULT '',
    tenure          INTEGER,
    preferred_hours TEXT NOT NULL DEFAULT '',
    no_visit_before INTEGER,
    not_alone       INTEGER,
    note            TEXT NOT NULL DEFAULT '',
    building        TEXT NOT NULL DEFAULT '',     -- derived from door
    door_order      TEXT NOT NULL DEFAULT '',     -- derived from door: sorts by building, unit, floor, door
    clocks          BLOB NOT NULL
) STRICT;
CREATE INDEX household_by_building ON household (area, building, door_order) WHERE removed = 0;

CREATE TABLE resident (
    row             INTEGER PRIMARY KEY NOT NULL,
    id              BLOB NOT NULL UNIQUE,
    area            TEXT NOT NULL,
    removed         INTEGER NOT NULL DEFAULT 0,
    conflicts       INTEGER NOT NULL DEFAULT 0,
    household       BLOB,
    name            TEXT NOT NULL DEFAULT '',
    birth_year      INTEGER,
    birth_month     INTEGER,
    phones          TEXT NOT NULL DEFAULT '',     -- separated by U+001F
    relation        INTEGER,
    needs           TEXT NOT NULL DEFAULT '',     -- ',1,4,'
    consent_on      INTEGER,
    consent_purpose INTEGER,
    clocks          BLOB NOT NULL
) STRICT;
CREATE INDEX resident_by_household ON resident (household) WHERE removed = 0;

CREATE TABLE visit (
    row             INTEGER PRIMARY KEY NOT NULL,
    id              BLOB NOT NULL UNIQUE,
    area            TEXT NOT NULL,
    removed         INTEGER NOT NULL DEFAULT 0,
    conflicts       INTEGER NOT NULL DEFAULT 0,
    author          BLOB NOT NULL,                -- who recorded it
    household       BLOB,
    outcome         INTEGER,
    met             BLOB NOT NULL DEFAULT x'',    -- ids of 16 bytes
    purpose         INTEGER,
    phrases         TEXT NOT NULL DEFAULT '',     -- ',1,4,'
    note            TEXT NOT NULL DEFAULT '',
    needs           TEXT NOT NULL DEFAULT '',     -- ',1,4,'
    promise         TEXT NOT NULL DEFAULT '',
    promise_due     INTEGER,
    promise_kept_on INTEGER,
    started_at      INTEGER,
    clocks          BLOB NOT NULL
) STRICT;
CREATE INDEX visit_by_household ON visit (household, started_at) WHERE removed = 0;
CREATE INDEX visit_by_time ON visit (started_at, id) WHERE removed = 0;
CREATE INDEX visit_promise_open ON visit (promise_due) WHERE promise <> '' AND promise_kept_on IS NULL AND removed = 0;

CREATE TABLE issue (
    row         INTEGER PRIMARY KEY NOT NULL,
    id          BLOB NOT NULL UNIQUE,
    area        TEXT NOT NULL,
    removed     INTEGER NOT NULL DEFAULT 0,
    conflicts   INTEGER NOT NULL DEFAULT 0,
    author      BLOB NOT NULL,                    -- who reported it
    category    INTEGER,
    title       TEXT NOT NULL DEFAULT '',
    note        TEXT NOT NULL DEFAULT '',
    household   BLOB,
    place       TEXT NOT NULL DEFAULT '',
    visit       BLOB,
    reported_at INTEGER,
    step        INTEGER NOT NULL,                 -- derived: where it stands
    finished    INTEGER NOT NULL,                 -- derived: nothing more to do
    clocks      BLOB NOT NULL
) STRICT;
CREATE INDEX issue_by_time ON issue (reported_at, id) WHERE removed = 0;
CREATE INDEX issue_open ON issue (reported_at) WHERE finished = 0 AND removed = 0;
CREATE INDEX issue_by_household ON issue (household) WHERE household IS NOT NULL;
CREATE INDEX issue_by_visit ON issue (visit) WHERE visit IS NOT NULL;

CREATE TABLE photo (
    row        INTEGER PRIMARY KEY NOT NULL,
    id         BLOB NOT NULL UNIQUE,
    area       TEXT NOT NULL,
    removed    INTEGER NOT NULL DEFAULT 0,
    conflicts  INTEGER NOT NULL DEFAULT 0,
    owner_kind INTEGER,
    owner      BLOB,
    hash       BLOB NOT NULL DEFAULT x'',
    taken_at   INTEGER,
    size       INTEGER,
    width      INTEGER,
    height     INTEGER,
    thumbnail  BLOB NOT NULL DEFAULT x'',
    clocks     BLOB NOT NULL
) STRICT;
CREATE INDEX photo_by_owner ON photo (owner, row) WHERE removed = 0;
CREATE INDEX photo_by_hash ON photo (hash);

CREATE TABLE other_record (
    -- kinds of later versions: kept and merged, not shown
    kind  INTEGER NOT NULL,
    id    BLOB NOT NULL,
    area  TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE photo_bytes (
    -- prepared JPEGs; durable before the operation that names them
    hash    BLOB PRIMARY KEY NOT NULL,
    bytes   BLOB NOT NULL,
    state   INTEGER NOT NULL,                     -- 0 in a draft, 1 waits for upload, 2 on the server, 3 fetched
    kept_at INTEGER NOT NULL                      -- ms, device clock
) STRICT;
CREATE INDEX photo_bytes_waiting ON photo_bytes (kept_at) WHERE state = 1;

CREATE TABLE draft (
    id         BLOB PRIMARY KEY NOT NULL,
    household  BLOB,
    body       TEXT NOT NULL,                     -- JSON of api::DraftBody
    changed_at INTEGER NOT NULL                   -- ms, device clock
) STRICT;

CREATE TABLE draft_photo (
    draft     BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    taken_at  INTEGER NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    thumbnail BLOB NOT NULL,
    PRIMARY KEY (draft, hash)
) STRICT;

-- Found text: rowid is 2 * household.row, or 2 * resident.row + 1.
CREATE VIRTUAL TABLE search USING fts5 (chars, latin, digits, tokenize = 'unicode61', prefix = '1 2 3', detail = full);

-- Open conflicts are few and asked for often.
CREATE INDEX household_conflict ON household (row) WHERE conflicts > 0;
CREATE INDEX resident_conflict ON resident (row) WHERE conflicts > 0;
CREATE INDEX visit_conflict ON visit (row) WHERE conflicts > 0;
CREATE INDEX issue_conflict ON issue (row) WHERE conflicts > 0;
