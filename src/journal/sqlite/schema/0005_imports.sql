-- How far imports had come, written with the events that brought them there: so an
-- import that was broken off, sent again, goes on where it was and doubles nothing.
CREATE TABLE import (
    number INTEGER PRIMARY KEY,
    mark   BLOB NOT NULL         -- SHA-256 of all that it brought up to there
) STRICT;
