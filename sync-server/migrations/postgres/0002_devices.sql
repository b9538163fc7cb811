-- The same columns as the SQLite file of this name, where they are explained.
ALTER TABLE device ADD COLUMN parent BYTEA;
ALTER TABLE device ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN told_before BIGINT NOT NULL DEFAULT 0;
CREATE INDEX device_by_parent ON device (parent);
CREATE INDEX device_by_worker ON device (worker);
DROP INDEX parked_by_area;
CREATE INDEX parked_by_area ON parked (shown_in, parked_at, device, seq);
