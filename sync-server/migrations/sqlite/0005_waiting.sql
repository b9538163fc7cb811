CREATE TABLE parked_waits (
    kind   INTEGER NOT NULL,                       -- the record without which an operation could not be applied
    record BLOB NOT NULL,
    device BLOB NOT NULL,
    seq    INTEGER NOT NULL,                       -- the parked operation
    PRIMARY KEY (kind, record, device, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_waits_by_operation ON parked_waits (device, seq);
