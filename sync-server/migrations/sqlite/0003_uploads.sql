-- Who recorded a photo may send its bytes also after a reassignment. Empty for records from before this step.
ALTER TABLE photo_record ADD COLUMN author BLOB NOT NULL DEFAULT x'';

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
