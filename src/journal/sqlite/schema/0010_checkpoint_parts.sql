-- A checkpoint is saved in parts: until the last of them the rows of some locations are
-- newer than `checkpoint.seq`, but none is newer than `newest`. All rows of a location
-- stand for `state_location.seq`, where that is later than `checkpoint.seq`; `rows` is null
-- while only some of them are saved.
ALTER TABLE checkpoint ADD COLUMN newest INTEGER;
ALTER TABLE state_location ADD COLUMN seq INTEGER;

-- What was damaged before stays so.
UPDATE checkpoint SET newest = seq, checksum = iif(
    checksum IS row_checksum(only, seq, locations),
    row_checksum(only, seq, locations, seq),
    checksum);
UPDATE state_location SET checksum = row_checksum(number, id, rows, seq)
    WHERE number >= 0 AND checksum IS row_checksum(number, id, rows);
