-- The same column as in the SQLite file of this name, where it is explained.
ALTER TABLE device ADD COLUMN is_answered BIGINT NOT NULL DEFAULT 1;
