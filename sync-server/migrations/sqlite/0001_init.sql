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
    applied_from_seq INTEGER NOT NULL DEFAULT 0,   -- the first operation of that push
    parent           BLOB,                         -- the device whose session it was enrolled with; who revokes that one revokes it too
    told_at          INTEGER NOT NULL DEFAULT 0,   -- ms; an answer of ours, noted once a week: it knows what happened before
    told_before      INTEGER NOT NULL DEFAULT 0,   -- ms; the answer that was noted before that one
    is_answered      INTEGER NOT NULL DEFAULT 1    -- 0: it has had no answer since it was enrolled; may be, the answer to that was lost
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_parent ON device (parent);
CREATE INDEX device_by_worker ON device (worker);

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
-- Issues and photos: what is lent to a unit is looked up by itself.
CREATE INDEX operation_by_record ON operation (record) WHERE kind IN (4, 5);

CREATE TABLE record (
    -- Most are made by one operation and never touched. What they hold is in that operation's body, so it is not written
    -- here again: then state is empty, and made_by and made_by_seq name the operation.
    kind        INTEGER NOT NULL,
    id          BLOB NOT NULL,
    area        TEXT NOT NULL,
    state       BLOB NOT NULL,                     -- the merged state with its clocks
    made_by     BLOB,                              -- a device
    made_by_seq INTEGER,                           -- a number
    PRIMARY KEY (kind, id)
) STRICT;

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
    left_at INTEGER NOT NULL,                      -- ms; what was recorded there before is still accepted. The area of a unit
                                                   -- stands here too: while a record is lent to it, with the last ms that there is
    PRIMARY KEY (kind, record, area)
) STRICT, WITHOUT ROWID;

CREATE TABLE lent (
    kind   INTEGER NOT NULL,                       -- an issue that a unit holds now, or a photo beside it
    record BLOB NOT NULL,
    issue  BLOB NOT NULL,                          -- the issue itself
    area   TEXT NOT NULL,                          -- the unit's
    until  INTEGER NOT NULL,                       -- ms; the last that there is: no end is known
    PRIMARY KEY (kind, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX lent_by_issue ON lent (issue);
CREATE INDEX lent_by_area ON lent (area);

CREATE TABLE lent_log (
    area     TEXT NOT NULL,                        -- a unit's
    position INTEGER NOT NULL,                     -- in its log
    kind     INTEGER NOT NULL,
    record   BLOB NOT NULL,
    device   BLOB NOT NULL,                        -- with seq: an operation of a record that is or was lent to it
    seq      INTEGER NOT NULL,
    PRIMARY KEY (area, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX lent_log_by_record ON lent_log (record);

CREATE TABLE lent_waits (
    issue BLOB PRIMARY KEY,                        -- was sent to a unit that is not here, or does not reach there
    unit  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lent_waits_by_unit ON lent_waits (unit);

CREATE TABLE departed (
    position INTEGER PRIMARY KEY,                  -- in the log of the area that a household left
    area     TEXT NOT NULL,
    device   BLOB NOT NULL,                        -- with seq: the operation that moved it, which tells the area so
    seq      INTEGER NOT NULL
) STRICT;
CREATE INDEX departed_by_area ON departed (area, position);

CREATE TABLE compacted (
    device BLOB NOT NULL,                          -- with seq: an operation that was applied and that later ones have replaced whole
    seq    INTEGER NOT NULL,
    chain  BLOB NOT NULL,                          -- the device's hash chain at it, 32 bytes: who sends it again is compared with that
    PRIMARY KEY (device, seq)
) STRICT, WITHOUT ROWID;

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
CREATE INDEX parked_by_area ON parked (shown_in, parked_at, device, seq);

CREATE TABLE parked_waits (
    kind     INTEGER NOT NULL,                     -- the record without which an operation could not be applied
    record   BLOB NOT NULL,
    device   BLOB NOT NULL,
    seq      INTEGER NOT NULL,                     -- the parked operation
    for_move INTEGER NOT NULL DEFAULT 0,           -- 1: until the record is moved, not until it comes
    PRIMARY KEY (kind, record, device, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_waits_by_operation ON parked_waits (device, seq);

CREATE TABLE photo_record (
    record BLOB PRIMARY KEY,                       -- the photo record
    hash   BLOB NOT NULL,                          -- the bytes it speaks for
    area   TEXT NOT NULL,
    author BLOB NOT NULL,                          -- who recorded a photo may send its bytes also after a reassignment
    owner  BLOB NOT NULL                           -- the record beside which it lies
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_record_by_owner ON photo_record (owner);
CREATE INDEX photo_record_by_hash ON photo_record (hash, area);

CREATE TABLE photo (
    hash       BLOB NOT NULL,
    area       TEXT NOT NULL,                      -- somebody who may write here has sent the bytes
    size_bytes INTEGER NOT NULL,
    device     BLOB NOT NULL,                      -- who sent them first
    stored_at  INTEGER NOT NULL,                   -- ms
    PRIMARY KEY (hash, area)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (
    id         BLOB PRIMARY KEY,                   -- drawn by the server; part of the upload's address
    device     BLOB NOT NULL REFERENCES device (id), -- whose it is; nobody else learns that it exists
    hash       BLOB NOT NULL,                      -- what the bytes must be in the end
    length     INTEGER NOT NULL,                   -- how many bytes there will be
    received   INTEGER NOT NULL DEFAULT 0,         -- how many are durable: the offset
    metadata   TEXT NOT NULL,                      -- as it was sent, already read and bounded
    expires_at INTEGER NOT NULL,                   -- ms; moves on with every chunk
    stored     INTEGER NOT NULL DEFAULT 0          -- 1: checked and in the photo store, its chunks are gone
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_device ON upload (device, hash);
CREATE INDEX upload_by_expiry ON upload (expires_at);

CREATE TABLE upload_chunk (
    upload BLOB NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    at     INTEGER NOT NULL,                       -- the offset of its first byte
    bytes  BLOB NOT NULL,
    PRIMARY KEY (upload, at)
) STRICT;

CREATE TABLE segment (
    area           TEXT NOT NULL,                  -- an assigned area: itself and everything inside it
    last_position  INTEGER NOT NULL,               -- a device that read it holds everything up to here
    first_position INTEGER NOT NULL,
    bytes          BLOB NOT NULL,                  -- a frame with an AreaPage, as it is handed out
    PRIMARY KEY (area, last_position)
) STRICT;

CREATE TABLE receipt_key (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seed BLOB NOT NULL                             -- 32 bytes, of which the key for receipts is made
) STRICT;

CREATE TABLE receipt_shown (
    device      BLOB PRIMARY KEY REFERENCES device (id),
    through_seq INTEGER NOT NULL                   -- an earlier life of this server had signed for so much
) STRICT, WITHOUT ROWID;
