-- A CRC-32 of all columns of a row of the checkpoint, and the number of rows of each
-- location and of locations: so damage is noticed when the file is opened, and not
-- served. Rows that are there already are given theirs by the program.
ALTER TABLE state_location ADD COLUMN rows INTEGER;      -- of the location, in all tables
ALTER TABLE state_location ADD COLUMN checksum INTEGER;
ALTER TABLE state_object ADD COLUMN checksum INTEGER;
ALTER TABLE state_association ADD COLUMN checksum INTEGER;
ALTER TABLE state_unkeyed_record ADD COLUMN checksum INTEGER;
ALTER TABLE state_record ADD COLUMN checksum INTEGER;
ALTER TABLE state_relation ADD COLUMN checksum INTEGER;
ALTER TABLE checkpoint ADD COLUMN locations INTEGER;     -- how many there are
ALTER TABLE checkpoint ADD COLUMN checksum INTEGER;

UPDATE state_location SET rows =
    (SELECT count(*) FROM state_object WHERE location = state_location.number)
    + (SELECT count(*) FROM state_association WHERE location = state_location.number)
    + (SELECT count(*) FROM state_unkeyed_record WHERE location = state_location.number)
    + (SELECT count(*) FROM state_record WHERE location = state_location.number)
    + (SELECT count(*) FROM state_relation WHERE location = state_location.number);
UPDATE checkpoint SET locations = (SELECT count(*) FROM state_location);
