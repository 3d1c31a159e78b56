-- When a location was rid of what had been deleted for long, so that every replay of
-- the events does it again at the same place.
CREATE TABLE compaction (
    at       INTEGER NOT NULL,  -- the last event before it, event.seq
    location TEXT NOT NULL,
    upto     INTEGER NOT NULL,  -- what events up to this one had deleted was dropped
    checksum INTEGER NOT NULL,  -- CRC-32 of the columns before
    PRIMARY KEY (at, location)
) STRICT, WITHOUT ROWID;

-- Until when pruned events came in at the latest: those up to `seq` before `before`,
-- a full hour in milliseconds.
CREATE TABLE pruned_before (
    before INTEGER PRIMARY KEY,
    seq    INTEGER NOT NULL
) STRICT;

INSERT INTO pruned_before SELECT (unixepoch() / 3600 + 1) * 3600000, seq FROM pruned;
