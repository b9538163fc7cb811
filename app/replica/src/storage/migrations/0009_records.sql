-- Device schema 2.3. Records of kinds without a table of their own lie in one table.
CREATE TABLE record (
    row          INTEGER PRIMARY KEY NOT NULL,
    kind         INTEGER NOT NULL,
    id           BLOB NOT NULL,
    area         TEXT NOT NULL,                   -- where it lies
    removed      INTEGER NOT NULL DEFAULT 0,
    conflicts    INTEGER NOT NULL DEFAULT 0,
    removed_at   INTEGER NOT NULL DEFAULT 0,      -- when it was last removed, ms; 0: never
    removal_open INTEGER NOT NULL DEFAULT 0,      -- an edit kept it, and nobody has decided since
    author       BLOB NOT NULL DEFAULT x'',       -- who made it
    beside       BLOB,                            -- the record beside which it lies
    moment       INTEGER NOT NULL DEFAULT 0,      -- by which lists sort it; ms
    title        TEXT NOT NULL DEFAULT '',
    step         INTEGER NOT NULL DEFAULT 0,      -- where it stands; 0 for kinds without steps
    finished     INTEGER NOT NULL DEFAULT 0,
    state        BLOB NOT NULL,                   -- shared's RecordState, packed whole
    UNIQUE (kind, id)
) STRICT;
INSERT INTO record (kind, id, area, state) SELECT kind, id, area, state FROM other_record;
DROP TABLE other_record;
CREATE INDEX record_by_moment ON record (kind, moment) WHERE removed = 0;
CREATE INDEX record_by_area ON record (area);
CREATE INDEX record_beside ON record (beside) WHERE beside IS NOT NULL;
CREATE INDEX record_conflict ON record (row) WHERE conflicts > 0;
CREATE INDEX record_removed ON record (removed_at) WHERE removed_at > 0;
CREATE INDEX record_removal_open ON record (row) WHERE removal_open = 1;
