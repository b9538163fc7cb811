-- Device schema 2.2. What one should know before knocking.
ALTER TABLE household ADD COLUMN warnings TEXT NOT NULL DEFAULT '';     -- ',1,3,'

-- Who lives at a door is asked while it is typed.
CREATE INDEX household_by_door ON household (door) WHERE removed = 0;
