-- Steps of issues say which earlier steps their author had seen.
ALTER TABLE issue ADD COLUMN steps_seen INTEGER;

-- Households and residents that are the same as another one.
ALTER TABLE household ADD COLUMN merged_into BLOB;
ALTER TABLE resident ADD COLUMN merged_into BLOB;
CREATE INDEX household_merged ON household (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX resident_merged ON resident (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE duplicate (
    -- derived: only records that are shown under another one, see storage/duplicates.rs
    id   BLOB PRIMARY KEY NOT NULL,
    kept BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_by_kept ON duplicate (kept);

-- Who kept a record although somebody had removed it.
ALTER TABLE household ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE resident ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE visit ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE issue ADD COLUMN kept_after_removal INTEGER;

-- Derived: when the record was last removed (ms; 0: never), and whether an edit kept it and nobody has decided since.
ALTER TABLE household ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE household ADD COLUMN removal_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resident ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resident ADD COLUMN removal_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN removal_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN removal_open INTEGER NOT NULL DEFAULT 0;
CREATE INDEX household_removed ON household (removed_at) WHERE removed_at > 0;
CREATE INDEX resident_removed ON resident (removed_at) WHERE removed_at > 0;
CREATE INDEX visit_removed ON visit (removed_at) WHERE removed_at > 0;
CREATE INDEX issue_removed ON issue (removed_at) WHERE removed_at > 0;
CREATE INDEX household_removal_open ON household (row) WHERE removal_open = 1;
CREATE INDEX resident_removal_open ON resident (row) WHERE removal_open = 1;
CREATE INDEX visit_removal_open ON visit (row) WHERE removal_open = 1;
CREATE INDEX issue_removal_open ON issue (row) WHERE removal_open = 1;

CREATE TABLE settled_conflict (
    -- values that lost, as this device saw them disappear; the last 20 of each record
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

CREATE TABLE held_area (
    -- which areas were assigned here, and what went when they were not any more: tells why a record is (not) here
    area     TEXT PRIMARY KEY NOT NULL,
    since    INTEGER NOT NULL,                    -- ms, device clock
    ended_at INTEGER NOT NULL DEFAULT 0,          -- ms, device clock; 0: still assigned
    removed  INTEGER NOT NULL DEFAULT 0           -- households that went from this device
) STRICT, WITHOUT ROWID;
