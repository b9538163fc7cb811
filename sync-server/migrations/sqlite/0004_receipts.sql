CREATE TABLE receipt_key (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seed BLOB NOT NULL                             -- 32 bytes, of which the key for receipts is made
) STRICT;

CREATE TABLE receipt_shown (
    device      BLOB PRIMARY KEY REFERENCES device (id),
    through_seq INTEGER NOT NULL                   -- an earlier life of this server had signed for so much
) STRICT, WITHOUT ROWID;
