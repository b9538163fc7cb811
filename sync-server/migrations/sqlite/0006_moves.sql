CREATE TABLE moved (
    household BLOB PRIMARY KEY,                    -- lies in another area than it was made in, or did
    area      TEXT NOT NULL,                       -- where the latest move has put it
    ms        INTEGER NOT NULL,                    -- with the next three: the latest move, by its clamped stamp
    counter   INTEGER NOT NULL,
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE former_area (
    kind    INTEGER NOT NULL,                      -- a record that lay in another area before its household was moved
    record  BLOB NOT NULL,
    area    TEXT NOT NULL,
    left_at INTEGER NOT NULL,                      -- ms; what was recorded there before is still accepted
    PRIMARY KEY (kind, record, area)
) STRICT, WITHOUT ROWID;

CREATE TABLE departed (
    position INTEGER PRIMARY KEY,                  -- in the log of the area that a household left
    area     TEXT NOT NULL,
    device   BLOB NOT NULL,                        -- with seq: the operation that moved it, which tells the area so
    seq      INTEGER NOT NULL
) STRICT;
CREATE INDEX departed_by_area ON departed (area, position);

ALTER TABLE parked_waits ADD COLUMN for_move INTEGER NOT NULL DEFAULT 0; -- 1: until the record is moved, not until it comes
