-- Device schema 2.2. What one should know before knocking, and one mechanism of drafts for all forms.
ALTER TABLE household ADD COLUMN warnings TEXT NOT NULL DEFAULT '';     -- ',1,3,'

-- Who lives at a door is asked while it is typed.
CREATE INDEX household_by_door ON household (door) WHERE removed = 0;

-- Forms also correct what is saved. What is thrown away lies in the bin for 30 days.
ALTER TABLE draft ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;     -- with the next: the record that it corrects or became
ALTER TABLE draft ADD COLUMN record BLOB;                         -- NULL: it makes a new one under its own id
ALTER TABLE draft ADD COLUMN base BLOB NOT NULL DEFAULT x'';      -- postcard: that record as the form showed it first
ALTER TABLE draft ADD COLUMN revision INTEGER NOT NULL DEFAULT 1; -- counts up whenever a form writes
ALTER TABLE draft ADD COLUMN state INTEGER NOT NULL DEFAULT 0;    -- 0 open, 1 in the bin, 2 saved: body and photos are the record's
CREATE INDEX draft_open ON draft (changed_at) WHERE state = 0;
ALTER TABLE draft_photo ADD COLUMN removed INTEGER NOT NULL DEFAULT 0; -- 1: taken out; can be put back as long as the draft is there

-- From here on settled_conflict keeps every value that another one replaced, not only those that lost a conflict.
