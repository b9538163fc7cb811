-- Steps of issues say which earlier steps their author had seen.
ALTER TABLE issue ADD COLUMN steps_seen INTEGER;

-- Households and residents that are the same as another one.
ALTER TABLE household ADD COLUMN merged_into BLOB;
ALTER TABLE resident ADD COLUMN merged_into BLOB;
CREATE INDEX household_merged ON household (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX resident_merged ON resident (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE duplicate (
    -- derived: only records that are shown under another one, see storage/duplicates.rs
    id   BLOB PRIMARY KEY NOT NULL,
    kept BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_by_kept ON duplicate (kept);

-- Who kept a record although somebody had removed it.
ALTER TABLE household ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE resident ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE visit ADD COLUMN kept_after_removal INTEGER;
ALTER TABLE issue ADD COLUMN kept_after_removal INTEGER;
