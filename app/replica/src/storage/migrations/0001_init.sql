-- Device schema 1.0. A column may be NULL where "nothing entered" differs from 0 and from the empty id; texts use '' for
-- that. Lists of numbers are ',1,4,'.

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

-- Where one works, and with whom

CREATE TABLE area (
    code TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE assigned (
    -- what the server said last, and up to where it is held here
    area   TEXT PRIMARY KEY NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE held_area (
    -- which areas were assigned here, and what went when they were not any more: tells why a record is (not) here
    area     TEXT PRIMARY KEY NOT NULL,
    since    INTEGER NOT NULL,                    -- ms, device clock
    ended_at INTEGER NOT NULL DEFAULT 0,          -- ms, device clock; 0: still assigned
    removed  INTEGER NOT NULL DEFAULT 0           -- households that went from this device
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id   BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role INTEGER NOT NULL
) STRICT;

CREATE TABLE short_name (
    -- a device and its worker under a short name: rows that one operation made and nothing touched say it in their
    -- clocks, and visits in author
    key    BLOB PRIMARY KEY NOT NULL,
    device BLOB NOT NULL,
    author BLOB NOT NULL,
    UNIQUE (device, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
    -- devices that were met without a server: what each has of the other
    device        BLOB PRIMARY KEY NOT NULL,
    through_seq   INTEGER NOT NULL DEFAULT 0,     -- its operations up to here are merged here
    chain         BLOB NOT NULL DEFAULT x'',      -- its hash chain there; empty when nothing came
    holds_through INTEGER NOT NULL DEFAULT 0      -- own operations up to here are merged there
) STRICT;

-- What was done on this device

CREATE TABLE operation (
    -- own operations only; others' are folded into the records at once
    seq    INTEGER PRIMARY KEY NOT NULL,
    kind   INTEGER NOT NULL,
    record BLOB NOT NULL,
    at     INTEGER NOT NULL,                      -- ms, device clock; 0: when the operation says that it was done
    body   BLOB NOT NULL,                         -- canonical bytes; empty: read off the record's row
    chain  BLOB NOT NULL                          -- BLAKE3 up to and with this one; empty: from the one before that has it
) STRICT;

CREATE TABLE receipted (
    -- everything up to here is durable on the server; the last one counts
    through_seq INTEGER PRIMARY KEY NOT NULL,
    at          INTEGER NOT NULL                  -- ms, server clock: when it applied what the receipt before has not
) STRICT;

CREATE TABLE set_aside (
    -- the server keeps these but could not apply them
    seq  INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,                           -- why
    seen INTEGER NOT NULL DEFAULT 0               -- 1: the worker has seen it
) STRICT;

CREATE TABLE draft (
    id         BLOB PRIMARY KEY NOT NULL,
    household  BLOB,
    body       TEXT NOT NULL,                     -- JSON of api::DraftBody
    changed_at INTEGER NOT NULL,                  -- ms, device clock
    kind       INTEGER NOT NULL DEFAULT 0,        -- with the next: the record that it corrects or became
    record     BLOB,                              -- NULL: it makes a new one under its own id
    base       BLOB NOT NULL DEFAULT x'',         -- postcard: that record as the form showed it first
    revision   INTEGER NOT NULL DEFAULT 1,        -- counts up whenever a form writes
    state      INTEGER NOT NULL DEFAULT 0         -- 0 open, 1 in the bin for 30 days, 2 saved: body and photos are the record's
) STRICT;
CREATE INDEX draft_open ON draft (changed_at) WHERE state = 0;

CREATE TABLE draft_photo (
    draft     BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    taken_at  INTEGER NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    thumbnail BLOB NOT NULL,
    removed   INTEGER NOT NULL DEFAULT 0,         -- 1: taken out; can be put back as long as the draft is there
    PRIMARY KEY (draft, hash)
) STRICT;

CREATE TABLE photo_bytes (
    -- prepared JPEGs; durable before the operation that names them
    hash    BLOB PRIMARY KEY NOT NULL,
    bytes   BLOB NOT NULL,
    state   INTEGER NOT NULL,                     -- 0 in a draft, 1 waits for upload, 2 on the server, 3 fetched
    kept_at INTEGER NOT NULL                      -- ms, device clock
) STRICT;
CREATE INDEX photo_bytes_waiting ON photo_bytes (kept_at) WHERE state = 1;

CREATE TABLE photo_upload (
    -- uploads go on where they stopped, also after a restart
    hash  BLOB PRIMARY KEY NOT NULL,              -- of photo_bytes
    place TEXT NOT NULL DEFAULT '',               -- where the server keeps the upload
    sent  INTEGER NOT NULL DEFAULT 0,             -- so many bytes were durable there when it last answered
    code  TEXT NOT NULL DEFAULT ''                -- why the server will not take the photo; '' while it may
) STRICT;

-- Records. All have: area, where it lies; removed; conflicts, how many fields have one; removed_at, when it was last
-- removed, ms, 0: never; removal_open, an edit kept it and nobody has decided since; made_in, the area in which it was
-- made when it lies in another one, else ''; more, fields that this version does not know, postcard of number to value;
-- clocks, packed. Columns that are fields have the field's name.

CREATE TABLE household (
    row                INTEGER PRIMARY KEY NOT NULL,
    id                 BLOB NOT NULL UNIQUE,
    area               TEXT NOT NULL,
    removed            INTEGER NOT NULL DEFAULT 0,
    conflicts          INTEGER NOT NULL DEFAULT 0,
    removed_at         INTEGER NOT NULL DEFAULT 0,
    removal_open       INTEGER NOT NULL DEFAULT 0,
    made_in            TEXT NOT NULL DEFAULT '',
    door               TEXT NOT NULL DEFAULT '',
    building           TEXT NOT NULL DEFAULT '',  -- derived from door: where it is listed
    door_order         TEXT NOT NULL DEFAULT '',  -- derived from door: sorts by building, unit, floor, door
    tenure             INTEGER,
    preferred_hours    TEXT NOT NULL DEFAULT '',
    no_visit_before    INTEGER,
    not_alone          INTEGER,
    warnings           TEXT NOT NULL DEFAULT '',
    note               TEXT NOT NULL DEFAULT '',
    moved_to           TEXT NOT NULL DEFAULT '',
    merged_into        BLOB,
    kept_after_removal INTEGER,
    clocks             BLOB NOT NULL,
    more               BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX household_by_building ON household (area, building, door_order) WHERE removed = 0;
-- Who lives at a door is asked while it is typed.
CREATE INDEX household_by_door ON household (door) WHERE removed = 0;
CREATE INDEX household_merged ON household (merged_into) WHERE merged_into IS NOT NULL;
-- Open conflicts and removals are few and asked for often.
CREATE INDEX household_conflict ON household (row) WHERE conflicts > 0;
CREATE INDEX household_removed ON household (removed_at) WHERE removed_at > 0;
CREATE INDEX household_removal_open ON household (row) WHERE removal_open = 1;

CREATE TABLE resident (
    row                INTEGER PRIMARY KEY NOT NULL,
    id                 BLOB NOT NULL UNIQUE,
    area               TEXT NOT NULL,
    removed            INTEGER NOT NULL DEFAULT 0,
    conflicts          INTEGER NOT NULL DEFAULT 0,
    removed_at         INTEGER NOT NULL DEFAULT 0,
    removal_open       INTEGER NOT NULL DEFAULT 0,
    made_in            TEXT NOT NULL DEFAULT '',
    household          BLOB,
    name               TEXT NOT NULL DEFAULT '',
    birth_year         INTEGER,
    birth_month        INTEGER,
    phones             TEXT NOT NULL DEFAULT '',  -- separated by U+001F
    relation           INTEGER,
    needs              TEXT NOT NULL DEFAULT '',
    consent_on         INTEGER,
    consent_purpose    INTEGER,
    merged_into        BLOB,
    kept_after_removal INTEGER,
    clocks             BLOB NOT NULL,
    more               BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX resident_by_household ON resident (household) WHERE removed = 0;
CREATE INDEX resident_merged ON resident (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX resident_conflict ON resident (row) WHERE conflicts > 0;
CREATE INDEX resident_removed ON resident (removed_at) WHERE removed_at > 0;
CREATE INDEX resident_removal_open ON resident (row) WHERE removal_open = 1;

CREATE TABLE visit (
    row                INTEGER PRIMARY KEY NOT NULL,
    id                 BLOB NOT NULL UNIQUE,
    area               TEXT NOT NULL,
    removed            INTEGER NOT NULL DEFAULT 0,
    conflicts          INTEGER NOT NULL DEFAULT 0,
    removed_at         INTEGER NOT NULL DEFAULT 0,
    removal_open       INTEGER NOT NULL DEFAULT 0,
    made_in            TEXT NOT NULL DEFAULT '',
    author             BLOB NOT NULL,             -- who recorded it
    household          BLOB,
    outcome            INTEGER,
    met                BLOB NOT NULL DEFAULT x'', -- ids of 16 bytes
    purpose            INTEGER,
    phrases            TEXT NOT NULL DEFAULT '',
    note               TEXT NOT NULL DEFAULT '',
    needs              TEXT NOT NULL DEFAULT '',
    promise            TEXT NOT NULL DEFAULT '',
    promise_due        INTEGER,
    promise_kept_on    INTEGER,
    started_at         INTEGER,
    kept_after_removal INTEGER,
    clocks             BLOB NOT NULL,
    more               BLOB NOT NULL DEFAULT x''
) STRICT;
-- Answers alone who was met when: that is asked for everybody who wants care, whenever something changes.
CREATE INDEX visit_by_household ON visit (household, started_at, outcome, purpose, met) WHERE removed = 0;
CREATE INDEX visit_by_time ON visit (started_at) WHERE removed = 0;
CREATE INDEX visit_promise_open ON visit (promise_due) WHERE promise <> '' AND promise_kept_on IS NULL AND removed = 0;
CREATE INDEX visit_conflict ON visit (row) WHERE conflicts > 0;
CREATE INDEX visit_removed ON visit (removed_at) WHERE removed_at > 0;
CREATE INDEX visit_removal_open ON visit (row) WHERE removal_open = 1;

CREATE TABLE issue (
    row                INTEGER PRIMARY KEY NOT NULL,
    id                 BLOB NOT NULL UNIQUE,
    area               TEXT NOT NULL,
    removed            INTEGER NOT NULL DEFAULT 0,
    conflicts          INTEGER NOT NULL DEFAULT 0,
    removed_at         INTEGER NOT NULL DEFAULT 0,
    removal_open       INTEGER NOT NULL DEFAULT 0,
    made_in            TEXT NOT NULL DEFAULT '',
    author             BLOB NOT NULL,             -- who reported it
    category           INTEGER,
    title              TEXT NOT NULL DEFAULT '',
    note               TEXT NOT NULL DEFAULT '',
    household          BLOB,
    place              TEXT NOT NULL DEFAULT '',
    visit              BLOB,
    reported_at        INTEGER,
    steps_seen         INTEGER,
    step               INTEGER NOT NULL,          -- derived: where it stands
    finished           INTEGER NOT NULL,          -- derived: nothing more to do
    kept_after_removal INTEGER,
    clocks             BLOB NOT NULL,
    more               BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX issue_by_time ON issue (reported_at, id) WHERE removed = 0;
CREATE INDEX issue_open ON issue (reported_at) WHERE finished = 0 AND removed = 0;
CREATE INDEX issue_by_household ON issue (household) WHERE household IS NOT NULL;
CREATE INDEX issue_by_visit ON issue (visit) WHERE visit IS NOT NULL;
CREATE INDEX issue_conflict ON issue (row) WHERE conflicts > 0;
CREATE INDEX issue_removed ON issue (removed_at) WHERE removed_at > 0;
CREATE INDEX issue_removal_open ON issue (row) WHERE removal_open = 1;

CREATE TABLE photo (
    row        INTEGER PRIMARY KEY NOT NULL,
    id         BLOB NOT NULL UNIQUE,
    area       TEXT NOT NULL,
    removed    INTEGER NOT NULL DEFAULT 0,
    conflicts  INTEGER NOT NULL DEFAULT 0,
    made_in    TEXT NOT NULL DEFAULT '',
    owner_kind INTEGER,
    owner      BLOB,
    hash       BLOB NOT NULL DEFAULT x'',
    taken_at   INTEGER,
    size       INTEGER,
    width      INTEGER,
    height     INTEGER,
    thumbnail  BLOB NOT NULL DEFAULT x'',
    clocks     BLOB NOT NULL,
    more       BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX photo_by_owner ON photo (owner, row) WHERE removed = 0;
CREATE INDEX photo_by_hash ON photo (hash);
-- Withdrawn photos are few.
CREATE INDEX photo_removed ON photo (owner) WHERE removed = 1;

CREATE TABLE record (
    -- of kinds without a table of their own, also of those that this version does not know
    row          INTEGER PRIMARY KEY NOT NULL,
    kind         INTEGER NOT NULL,
    id           BLOB NOT NULL,
    area         TEXT NOT NULL,
    removed      INTEGER NOT NULL DEFAULT 0,
    conflicts    INTEGER NOT NULL DEFAULT 0,
    removed_at   INTEGER NOT NULL DEFAULT 0,
    removal_open INTEGER NOT NULL DEFAULT 0,
    author       BLOB NOT NULL DEFAULT x'',       -- who made it
    beside       BLOB,                            -- the record beside which it lies
    moment       INTEGER NOT NULL DEFAULT 0,      -- by which lists sort it; ms
    title        TEXT NOT NULL DEFAULT '',
    step         INTEGER NOT NULL DEFAULT 0,      -- where it stands; 0 for kinds without steps
    finished     INTEGER NOT NULL DEFAULT 0,
    state        BLOB NOT NULL,                   -- shared's RecordState, packed whole
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX record_by_moment ON record (kind, moment) WHERE removed = 0;
CREATE INDEX record_by_area ON record (area);
CREATE INDEX record_beside ON record (beside) WHERE beside IS NOT NULL;
CREATE INDEX record_conflict ON record (row) WHERE conflicts > 0;
CREATE INDEX record_removed ON record (removed_at) WHERE removed_at > 0;
CREATE INDEX record_removal_open ON record (row) WHERE removal_open = 1;

-- What became of records

CREATE TABLE moved (
    -- households that were moved, by the last move that the server has applied: it says where they lie
    household BLOB PRIMARY KEY NOT NULL,
    area      TEXT NOT NULL,
    ms        INTEGER NOT NULL,                   -- with the next three: that move, by its clamped stamp
    counter   INTEGER NOT NULL,
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    doubted   INTEGER NOT NULL DEFAULT 0,         -- 1: a restored server has not said it again yet
    door      TEXT NOT NULL DEFAULT '',           -- of one that went from this device
    went_at   INTEGER NOT NULL DEFAULT 0          -- ms, device clock; 0: it is here, or never was
) STRICT, WITHOUT ROWID;
CREATE INDEX moved_doubted ON moved (household) WHERE doubted = 1;

CREATE TABLE duplicate (
    -- derived: only records that are shown under another one, see storage/duplicates.rs
    id   BLOB PRIMARY KEY NOT NULL,
    kept BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_by_kept ON duplicate (kept);

CREATE TABLE settled_conflict (
    -- values that another one replaced, as this device saw them disappear; the last 20 of each record
    record     BLOB NOT NULL,
    kind       INTEGER NOT NULL,
    field      INTEGER NOT NULL,
    device     BLOB NOT NULL,                     -- with seq: the operation that wrote the value
    seq        INTEGER NOT NULL,
    value      BLOB NOT NULL,                     -- postcard of shared's Value
    author     BLOB NOT NULL,
    at         INTEGER NOT NULL,                  -- ms
    settled_by BLOB NOT NULL,
    settled_at INTEGER NOT NULL,                  -- ms
    PRIMARY KEY (record, field, device, seq)
) STRICT, WITHOUT ROWID;

-- Found text: rowid is 2 * household.row, or 2 * resident.row + 1.
CREATE VIRTUAL TABLE search USING fts5 (chars, latin, digits, tokenize = 'unicode61', prefix = '1 2 3', detail = full);
