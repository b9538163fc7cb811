-- Device schema 2.1. Where a household was moved to; with it, what lies beside it.
ALTER TABLE household ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';

-- In which area the record was made, when it lies in another one; '' for the others.
ALTER TABLE household ADD COLUMN made_in TEXT NOT NULL DEFAULT '';
ALTER TABLE resident ADD COLUMN made_in TEXT NOT NULL DEFAULT '';
ALTER TABLE visit ADD COLUMN made_in TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN made_in TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN made_in TEXT NOT NULL DEFAULT '';

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
-- Withdrawn photos are few.
CREATE INDEX photo_removed ON photo (owner) WHERE removed = 1;
