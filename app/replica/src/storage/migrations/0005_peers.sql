-- Devices that were met without a server: what each has of the other.
CREATE TABLE peer (
    device        BLOB PRIMARY KEY NOT NULL,
    through_seq   INTEGER NOT NULL DEFAULT 0,       -- its operations up to here are merged here
    chain         BLOB NOT NULL DEFAULT x'',        -- its hash chain there; empty when nothing came
    holds_through INTEGER NOT NULL DEFAULT 0        -- own operations up to here are merged there
) STRICT;
