-- Steps of issues say which earlier steps their author had seen.
ALTER TABLE issue ADD COLUMN steps_seen INTEGER;
