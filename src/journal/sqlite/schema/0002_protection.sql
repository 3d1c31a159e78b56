-- Who may ask and send. The secret of a token is never kept, its SHA-256 is.
CREATE TABLE token (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,    -- read, write or admin
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL  -- ms since 1970 UTC
) STRICT, WITHOUT ROWID;

-- The locations it is limited to; none of them for a token of all.
CREATE TABLE token_location (
    token    TEXT NOT NULL REFERENCES token (id),
    location TEXT NOT NULL,
    PRIMARY KEY (token, location)
) STRICT, WITHOUT ROWID;

-- Deliveries that were authentic and could not be used, byte for byte.
CREATE TABLE dead_letter (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    first_at INTEGER NOT NULL,   -- ms since 1970 UTC
    last_at  INTEGER NOT NULL,
    times    INTEGER NOT NULL,   -- how often the same body came
    url_type TEXT,               -- the event type of the URL, if it had one
    location TEXT,               -- as far as the body told it
    code     TEXT NOT NULL,      -- malformed_json or invalid_event
    field    TEXT,               -- the member to blame
    reason   TEXT NOT NULL,
    headers  TEXT NOT NULL,      -- lines of `name: value`
    checksum INTEGER NOT NULL,   -- CRC-32 of the body
    body     BLOB NOT NULL
) STRICT;

CREATE INDEX dead_letter_by_body ON dead_letter (checksum);

CREATE TABLE dead_letter_total (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    letters INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,    -- of bodies and headers
    dropped INTEGER NOT NULL     -- oldest ones that made room
) STRICT;

INSERT INTO dead_letter_total VALUES (1, 0, 0, 0);

-- Events up to this seq are no longer kept: the checkpoint stands for them.
CREATE TABLE pruned (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq  INTEGER NOT NULL
) STRICT;

-- The ids of their deliveries, for as long as a sender may repeat them.
CREATE TABLE pruned_delivery (
    seq         INTEGER PRIMARY KEY,
    location    TEXT NOT NULL,
    webhook_id  TEXT NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
