-- The tables of migrations/sqlite/0001_init.sql, which says what each column means. Codes of areas and names of accounts
-- are compared byte by byte, as there.
CREATE TABLE meta (
    one               BIGINT PRIMARY KEY CHECK (one = 1),
    epoch             BYTEA NOT NULL,
    directory_version BIGINT NOT NULL DEFAULT 1,
    last_position     BIGINT NOT NULL DEFAULT 0,
    last_applied_at   BIGINT NOT NULL DEFAULT 0,
    import_worker     BYTEA NOT NULL,
    import_device     BYTEA NOT NULL
);

CREATE TABLE area (
    code          TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT NOT NULL,
    last_position BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE worker (
    id         BYTEA PRIMARY KEY,
    username   TEXT COLLATE "C" NOT NULL,
    name       TEXT NOT NULL,
    role       BIGINT NOT NULL,
    password   TEXT NOT NULL DEFAULT '',
    removed_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX worker_by_username ON worker (username) WHERE removed_at = 0;

CREATE TABLE assignment (
    worker   BYTEA NOT NULL REFERENCES worker (id),
    area     TEXT COLLATE "C" NOT NULL REFERENCES area (code),
    ended_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (worker, area, ended_at)
);

CREATE TABLE device (
    id               BYTEA PRIMARY KEY,
    worker           BYTEA NOT NULL REFERENCES worker (id),
    name             TEXT COLLATE "C" NOT NULL,
    enrolled_at      BIGINT NOT NULL,
    revoked_at       BIGINT NOT NULL DEFAULT 0,
    last_seq         BIGINT NOT NULL DEFAULT 0,
    chain            BYTEA NOT NULL,
    applied_at       BIGINT NOT NULL DEFAULT 0,
    applied_from_seq BIGINT NOT NULL DEFAULT 0,
    parent           BYTEA,
    told_at          BIGINT NOT NULL DEFAULT 0,
    told_before      BIGINT NOT NULL DEFAULT 0,
    is_answered      BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX device_by_parent ON device (parent);
CREATE INDEX device_by_worker ON device (worker);

CREATE TABLE token (
    hash   BYTEA PRIMARY KEY,
    device BYTEA NOT NULL REFERENCES device (id)
);
CREATE INDEX token_by_device ON token (device);

CREATE TABLE operation (
    position   BIGINT PRIMARY KEY,
    area       TEXT COLLATE "C" NOT NULL,
    device     BYTEA NOT NULL,
    seq        BIGINT NOT NULL,
    author     BYTEA NOT NULL,
    kind       BIGINT NOT NULL,
    record     BYTEA NOT NULL,
    applied_at BIGINT NOT NULL,
    body       BYTEA NOT NULL
);
CREATE UNIQUE INDEX operation_by_device ON operation (device, seq);
CREATE INDEX operation_by_area ON operation (area, position, device);
CREATE INDEX operation_by_record ON operation (record) WHERE kind IN (4, 5);

CREATE TABLE record (
    kind        BIGINT NOT NULL,
    id          BYTEA NOT NULL,
    area        TEXT COLLATE "C" NOT NULL,
    state       BYTEA NOT NULL,
    made_by     BYTEA,
    made_by_seq BIGINT,
    PRIMARY KEY (kind, id)
);

CREATE TABLE parked (
    device    BYTEA NOT NULL,
    seq       BIGINT NOT NULL,
    author    BYTEA NOT NULL,
    shown_in  TEXT COLLATE "C" NOT NULL,
    code      TEXT NOT NULL,
    parked_at BIGINT NOT NULL,
    body      BYTEA NOT NULL,
    PRIMARY KEY (device, seq)
);
CREATE INDEX parked_by_area ON parked (shown_in, parked_at, device, seq);

CREATE TABLE photo_record (
    record BYTEA PRIMARY KEY,
    hash   BYTEA NOT NULL,
    area   TEXT COLLATE "C" NOT NULL,
    author BYTEA NOT NULL,
    owner  BYTEA NOT NULL
);
CREATE INDEX photo_record_by_owner ON photo_record (owner);
CREATE INDEX photo_record_by_hash ON photo_record (hash, area);

CREATE TABLE photo (
    hash       BYTEA NOT NULL,
    area       TEXT COLLATE "C" NOT NULL,
    size_bytes BIGINT NOT NULL,
    device     BYTEA NOT NULL,
    stored_at  BIGINT NOT NULL,
    PRIMARY KEY (hash, area)
);

CREATE TABLE segment (
    area           TEXT COLLATE "C" NOT NULL,
    last_position  BIGINT NOT NULL,
    first_position BIGINT NOT NULL,
    bytes          BYTEA NOT NULL,
    PRIMARY KEY (area, last_position)
);

CREATE TABLE upload (
    id         BYTEA PRIMARY KEY,
    device     BYTEA NOT NULL REFERENCES device (id),
    hash       BYTEA NOT NULL,
    length     BIGINT NOT NULL,
    received   BIGINT NOT NULL DEFAULT 0,
    metadata   TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    stored     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX upload_by_device ON upload (device, hash);
CREATE INDEX upload_by_expiry ON upload (expires_at);

CREATE TABLE upload_chunk (
    upload BYTEA NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    at     BIGINT NOT NULL,
    bytes  BYTEA NOT NULL,
    PRIMARY KEY (upload, at)
);

CREATE TABLE receipt_key (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    seed BYTEA NOT NULL
);

CREATE TABLE receipt_shown (
    device      BYTEA PRIMARY KEY REFERENCES device (id),
    through_seq BIGINT NOT NULL
);

CREATE TABLE parked_waits (
    kind     BIGINT NOT NULL,
    record   BYTEA NOT NULL,
    device   BYTEA NOT NULL,
    seq      BIGINT NOT NULL,
    for_move BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, record, device, seq)
);
CREATE INDEX parked_waits_by_operation ON parked_waits (device, seq);

CREATE TABLE moved (
    household BYTEA PRIMARY KEY,
    area      TEXT COLLATE "C" NOT NULL,
    ms        BIGINT NOT NULL,
    counter   BIGINT NOT NULL,
    device    BYTEA NOT NULL,
    seq       BIGINT NOT NULL
);

CREATE TABLE former_area (
    kind    BIGINT NOT NULL,
    record  BYTEA NOT NULL,
    area    TEXT COLLATE "C" NOT NULL,
    left_at BIGINT NOT NULL,
    PRIMARY KEY (kind, record, area)
);

CREATE TABLE lent (
    kind   BIGINT NOT NULL,
    record BYTEA NOT NULL,
    issue  BYTEA NOT NULL,
    area   TEXT COLLATE "C" NOT NULL,
    until  BIGINT NOT NULL,
    PRIMARY KEY (kind, record)
);
CREATE INDEX lent_by_issue ON lent (issue);
CREATE INDEX lent_by_area ON lent (area);

CREATE TABLE lent_log (
    area     TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    kind     BIGINT NOT NULL,
    record   BYTEA NOT NULL,
    device   BYTEA NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (area, position)
);
CREATE INDEX lent_log_by_record ON lent_log (record);

CREATE TABLE lent_waits (
    issue BYTEA PRIMARY KEY,
    unit  BYTEA NOT NULL
);
CREATE INDEX lent_waits_by_unit ON lent_waits (unit);

CREATE TABLE departed (
    position BIGINT PRIMARY KEY,
    area     TEXT COLLATE "C" NOT NULL,
    device   BYTEA NOT NULL,
    seq      BIGINT NOT NULL
);
CREATE INDEX departed_by_area ON departed (area, position);

CREATE TABLE compacted (
    device BYTEA NOT NULL,
    seq    BIGINT NOT NULL,
    chain  BYTEA NOT NULL,
    PRIMARY KEY (device, seq)
);
