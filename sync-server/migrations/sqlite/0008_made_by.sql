-- Most records are made by one operation and never touched. What they hold is in that operation's body, so it is not
-- written here again: then state is empty, and these name the operation.
ALTER TABLE record ADD COLUMN made_by BLOB;        -- its device
ALTER TABLE record ADD COLUMN made_by_seq INTEGER; -- its number
