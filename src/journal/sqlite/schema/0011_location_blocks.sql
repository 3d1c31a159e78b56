-- Where the events of a location are, ignored ones too, so that reading them need not
-- pass all others. Segments keep what is new together: with many locations a checkpoint
-- writes to a few pages, and pruning deletes from the front.
CREATE TABLE location_block (
    segment  INTEGER NOT NULL,  -- chunk / 32
    location TEXT NOT NULL,
    chunk    INTEGER NOT NULL,  -- event.seq / 4096
    blocks   INTEGER NOT NULL,  -- bit n: some of the events 64 n to 64 n + 63 of the chunk
    PRIMARY KEY (segment, location, chunk)
) STRICT, WITHOUT ROWID;

-- The events that it knows of. Any others may be of any location.
CREATE TABLE location_block_range (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    first INTEGER NOT NULL,     -- event.seq
    last  INTEGER NOT NULL
) STRICT;
