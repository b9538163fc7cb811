-- Device schema 2.0. An own operation that made a record which nothing has touched since is not written twice: its
-- body is read off the record's row. The chain is kept at every 64th one. What is receipted is a number, not a mark
-- on each operation.

CREATE TABLE receipted (
    -- everything up to here is durable on the server; the last one counts
    through_seq INTEGER PRIMARY KEY NOT NULL,
    at          INTEGER NOT NULL                  -- ms, server clock: when it applied what the receipt before has not
) STRICT;
INSERT INTO receipted (through_seq, at)
    SELECT max(seq), receipted_at FROM operation WHERE state <> 0 GROUP BY receipted_at;

CREATE TABLE set_aside (
    -- the server keeps these but could not apply them
    seq  INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,                           -- why
    seen INTEGER NOT NULL DEFAULT 0               -- 1: the worker has seen it
) STRICT;
INSERT INTO set_aside (seq, code, seen) SELECT seq, code, state = 3 FROM operation WHERE state >= 2;

CREATE TABLE own_operation (
    seq    INTEGER PRIMARY KEY NOT NULL,
    kind   INTEGER NOT NULL,
    record BLOB NOT NULL,
    at     INTEGER NOT NULL,                      -- ms, device clock; 0: when the operation says that it was done
    body   BLOB NOT NULL,                         -- canonical bytes; empty: read off the record's row
    chain  BLOB NOT NULL                          -- BLAKE3 up to and with this one; empty: from the one before that has it
) STRICT;
INSERT INTO own_operation SELECT seq, kind, record, at, body, chain FROM operation;
DROP TABLE operation;
ALTER TABLE own_operation RENAME TO operation;

CREATE TABLE who (
    -- a device and its worker under a short name: rows that one operation made and nothing touched say it in their
    -- clocks, and visits in author
    key    BLOB PRIMARY KEY NOT NULL,
    device BLOB NOT NULL,
    author BLOB NOT NULL,
    UNIQUE (device, author)
) STRICT, WITHOUT ROWID;

DROP INDEX visit_by_time;
CREATE INDEX visit_by_time ON visit (started_at) WHERE removed = 0;
