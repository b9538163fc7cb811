ALTER TABLE device ADD COLUMN parent BLOB;               -- the device whose session it was enrolled with; who revokes that one revokes it too
ALTER TABLE device ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0; -- ms; an answer of ours, noted once a week: it knows what happened before
ALTER TABLE device ADD COLUMN told_before INTEGER NOT NULL DEFAULT 0; -- ms; the answer that was noted before that one
CREATE INDEX device_by_parent ON device (parent);
CREATE INDEX device_by_worker ON device (worker);
DROP INDEX parked_by_area;
CREATE INDEX parked_by_area ON parked (shown_in, parked_at, device, seq);
