-- Device schema 1.2: photo uploads go on where they stopped, also after a restart.

CREATE TABLE photo_upload (
    hash   BLOB PRIMARY KEY NOT NULL,             -- of photo_bytes
    place  TEXT NOT NULL DEFAULT '',              -- where the server keeps the upload
    sent   INTEGER NOT NULL DEFAULT 0,            -- so many bytes were durable there when it last answered
    code   TEXT NOT NULL DEFAULT ''               -- why the server will not take the photo; '' while it may
) STRICT;
