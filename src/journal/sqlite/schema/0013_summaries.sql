-- What a location holds, as of the moment at which all of its rows were last saved: for lists
-- of locations whose rows are not loaded.
CREATE TABLE state_summary (
    location     INTEGER PRIMARY KEY, -- state_location.number
    name         TEXT,
    objects      INTEGER NOT NULL,
    associations INTEGER NOT NULL,
    records      INTEGER NOT NULL,
    relations    INTEGER NOT NULL,
    pending      INTEGER NOT NULL,    -- associations that relations alone have named
    tombstones   INTEGER NOT NULL,    -- things that are deleted and still remembered
    checksum     INTEGER NOT NULL
) STRICT;
