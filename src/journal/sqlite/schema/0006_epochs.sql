-- The epochs of this store, oldest first: a new one begins when it is restored from a
-- copy, since from then on the same seqs may belong to other events.
CREATE TABLE epoch (
    number INTEGER PRIMARY KEY,
    id     INTEGER NOT NULL,   -- random, 32 bits
    after  INTEGER NOT NULL    -- the last event shared with the epoch before
) STRICT;

INSERT INTO epoch VALUES (1, abs(random() % 4294967296), 0);
