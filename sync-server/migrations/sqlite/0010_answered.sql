ALTER TABLE device ADD COLUMN is_answered INTEGER NOT NULL DEFAULT 1; -- 0: it has had no answer since it was enrolled; may be, the answer to that was lost
