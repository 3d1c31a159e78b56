-- Accepted events that did nothing, since what they say was known already or older
-- than what was known: a feed of changes leaves them out. Of events before this table
-- came to be it is not known which those are.
CREATE TABLE idle_event (
    seq INTEGER PRIMARY KEY    -- event.seq
) STRICT;
