-- Which things a run of events speaks of, so that the history of one thing need
-- not read the whole journal: hashes of their names, sorted, four bytes each, the
-- least byte first. Events that no run covers have to be read.
CREATE TABLE mentions (
    first  INTEGER PRIMARY KEY, -- event.seq
    last   INTEGER NOT NULL,
    hashes BLOB NOT NULL
) STRICT;

-- How often a delivery came again after it was accepted. Counted in memory and
-- saved with the checkpoint: a crash may lose a few.
CREATE TABLE repeat (
    seq   INTEGER PRIMARY KEY,  -- event.seq
    times INTEGER NOT NULL
) STRICT;
