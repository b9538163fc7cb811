-- Device schema 1.1. Fields that this version does not know stand together in one column, with the clocks of the
-- row like every other field. Postcard of field number to value; empty for none.
ALTER TABLE household ADD COLUMN more BLOB NOT NULL DEFAULT x'';
ALTER TABLE resident ADD COLUMN more BLOB NOT NULL DEFAULT x'';
ALTER TABLE visit ADD COLUMN more BLOB NOT NULL DEFAULT x'';
ALTER TABLE issue ADD COLUMN more BLOB NOT NULL DEFAULT x'';
ALTER TABLE photo ADD COLUMN more BLOB NOT NULL DEFAULT x'';
