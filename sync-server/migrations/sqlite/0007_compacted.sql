CREATE TABLE compacted (
    device BLOB NOT NULL,                          -- with seq: an operation that was applied and that later ones have replaced whole
    seq    INTEGER NOT NULL,
    chain  BLOB NOT NULL,                          -- the device's hash chain at it, 32 bytes: who sends it again is compared with that
    PRIMARY KEY (device, seq)
) STRICT, WITHOUT ROWID;
