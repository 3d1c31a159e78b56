-- What things are called. `of` is empty for the location itself (sort 0), a number of
-- `state_object` (1) or `state_record` (2), or an id of `state_unkeyed_record` (3).
-- `properties` is a JSON list of [key, value, at, rank, seq], by ascending key.
CREATE TABLE state_name (
    location   INTEGER NOT NULL,
    sort       INTEGER NOT NULL,
    of         ANY NOT NULL,
    properties TEXT NOT NULL,
    checksum   INTEGER,
    PRIMARY KEY (location, sort, of)
) STRICT, WITHOUT ROWID;

-- The last event whose names the checkpoint may lack, since an older version saved it.
CREATE TABLE unnamed (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO unnamed SELECT 1, ifnull(newest, seq) FROM checkpoint;
