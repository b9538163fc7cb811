CREATE TABLE meta (
    one               INTEGER PRIMARY KEY CHECK (one = 1),
    epoch             BLOB NOT NULL,               -- this life of the database; a restored backup gets a new one
    directory_version INTEGER NOT NULL DEFAULT 1,  -- grows when an area, a worker or an assignment changes
    last_position     INTEGER NOT NULL DEFAULT 0,  -- the last operation's position; positions are never reused
    last_applied_at   INTEGER NOT NULL DEFAULT 0,  -- ms; the time of applying never goes back
    import_worker     BLOB NOT NULL,               -- who writes imported registers
    import_device     BLOB NOT NULL
) STRICT;

CREATE TABLE area (
    code          TEXT PRIMARY KEY,                -- 130803001001-02; containment is a prefix
    name          TEXT NOT NULL,
    last_position INTEGER NOT NULL DEFAULT 0       -- of the last operation in exactly this area
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id         BLOB PRIMARY KEY,
    username   TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       INTEGER NOT NULL,
    password   TEXT NOT NULL DEFAULT '',           -- argon2id in PHC form; empty: nobody can sign in
    removed_at INTEGER NOT NULL DEFAULT 0          -- ms; 0: not removed. The name stays beside what was recorded
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX worker_by_username ON worker (username) WHERE removed_at = 0;

CREATE TABLE assignment (
    worker   BLOB NOT NULL REFERENCES worker (id),
    area     TEXT NOT NULL REFERENCES area (code),
    ended_at INTEGER NOT NULL DEFAULT 0,           -- ms; 0: lasts. What was recorded before it ended is still accepted
    PRIMARY KEY (worker, area, ended_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id               BLOB PRIMARY KEY,
    worker           BLOB NOT NULL REFERENCES worker (id),
    name             TEXT NOT NULL,
    enrolled_at      INTEGER NOT NULL,             -- ms
    revoked_at       INTEGER NOT NULL DEFAULT 0,   -- ms; 0: not revoked
    last_seq         INTEGER NOT NULL DEFAULT 0,   -- everything up to here is held: applied or parked
    chain            BLOB NOT NULL,                -- hash chain at last_seq, 32 bytes
    applied_at       INTEGER NOT NULL DEFAULT 0,   -- when the last push that brought something new was applied, ms
    applied_from_seq INTEGER NOT NULL DEFAULT 0    -- the first operation of that push
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash   BLOB PRIMARY KEY,                       -- BLAKE3 of the token
    device BLOB NOT NULL REFERENCES device (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_device ON token (device);

CREATE TABLE operation (
    position   INTEGER PRIMARY KEY,                -- the order in which the server applied them
    area       TEXT NOT NULL,
    device     BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    author     BLOB NOT NULL,
    kind       INTEGER NOT NULL,
    record     BLOB NOT NULL,
    applied_at INTEGER NOT NULL,                   -- ms
    body       BLOB NOT NULL                       -- the bytes that the device's chain hashes
) STRICT;
CREATE UNIQUE INDEX operation_by_device ON operation (device, seq);
CREATE INDEX operation_by_area ON operation (area, position, device);

CREATE TABLE record (
    kind  INTEGER NOT NULL,
    id    BLOB NOT NULL,
    area  TEXT NOT NULL,
    state BLOB NOT NULL,                           -- the merged state with its clocks
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE parked (
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    author    BLOB NOT NULL,
    shown_in  TEXT NOT NULL,                       -- the area whose supervisors see it; empty: nobody's
    code      TEXT NOT NULL,                       -- why it could not be applied
    parked_at INTEGER NOT NULL,                    -- ms
    body      BLOB NOT NULL,
    PRIMARY KEY (device, seq)
) STRICT;
CREATE INDEX parked_by_area ON parked (shown_in, parked_at);

CREATE TABLE photo_record (
    record BLOB PRIMARY KEY,                       -- the photo record
    hash   BLOB NOT NULL,                          -- the bytes it speaks for
    area   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_record_by_hash ON photo_record (hash, area);

CREATE TABLE photo (
    hash       BLOB NOT NULL,
    area       TEXT NOT NULL,                      -- somebody who may write here has sent the bytes
    size_bytes INTEGER NOT NULL,
    device     BLOB NOT NULL,                      -- who sent them first
    stored_at  INTEGER NOT NULL,                   -- ms
    PRIMARY KEY (hash, area)
) STRICT, WITHOUT ROWID;
