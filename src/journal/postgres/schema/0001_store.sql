-- Whatever came from outside is bytea: text cannot hold NUL, and the database may be in
-- another encoding than UTF-8.

-- One row. Whoever writes to the journal locks it first, for as long as the transaction
-- lasts: so writers take turns, and seqs are in the order of commits.
CREATE TABLE store (
    one               int2 PRIMARY KEY CHECK (one = 1),
    format            int4 NOT NULL,
    system            bytea NOT NULL,    -- of which server and history this is the data
    pruned            int8 NOT NULL,     -- the last event that was pruned
    checkpoint_seq    int8 NOT NULL,     -- what the checkpoint covers
    checkpoint_newest int8 NOT NULL,     -- no row of it is newer
    blocks_first      int8,              -- the events of which location_block knows
    blocks_last       int8,
    revision          int8 NOT NULL,     -- how often a location was compacted or erased
    letters           int8 NOT NULL,     -- dead letters: how many, how large,
    letter_bytes      int8 NOT NULL,
    letters_dropped   int8 NOT NULL,
    letter_last       int8 NOT NULL      -- and the last number given to one
) WITH (fillfactor = 50);

-- The journal: every accepted delivery as it came, never changed.
CREATE TABLE event (
    seq         int8 PRIMARY KEY,        -- 1, 2, 3, ...  across all locations
    at          int8,                    -- the sender's time, ms since 1970 UTC
    received_at int8 NOT NULL,
    checksum    int8 NOT NULL,           -- CRC-32 over everything else in the row
    location    bytea NOT NULL,
    type        bytea NOT NULL,
    entity      bytea NOT NULL,
    webhook_id  bytea,
    body        bytea NOT NULL
);

-- The epochs of this store, oldest first.
CREATE TABLE epoch (
    number int4 PRIMARY KEY,
    id     int8 NOT NULL,
    after  int8 NOT NULL
);

-- The checkpoint.
CREATE TABLE state_location (
    number int4 PRIMARY KEY,             -- in the order of first events
    id     bytea NOT NULL,
    rows   int8,                         -- of its state; null while only some are saved
    seq    int8                          -- what they cover, if later than the checkpoint
);
CREATE UNIQUE INDEX state_location_id ON state_location (id);

CREATE TABLE state_summary (
    location     int4 PRIMARY KEY,
    objects      int8 NOT NULL,
    associations int8 NOT NULL,
    records      int8 NOT NULL,
    relations    int8 NOT NULL,
    pending      int8 NOT NULL,
    tombstones   int8 NOT NULL,
    name         bytea
);

-- The state of each thing of a location. `sort` is 0 for objects, 1 associations, 2 what
-- events without an object key said of an id, 3 records, 4 relations, 5 names; `key` is its
-- number, four bytes, or its id; `state` is JSON.
CREATE TABLE state (
    location int4 NOT NULL,
    sort     int2 NOT NULL,
    checksum int8 NOT NULL,              -- CRC-32 over the other columns
    key      bytea NOT NULL,
    state    bytea NOT NULL,
    PRIMARY KEY (location, sort, key)
);

CREATE TABLE skip_block (first int8 PRIMARY KEY, last int8 NOT NULL, hashes bytea NOT NULL);
CREATE TABLE redelivery (seq int8 PRIMARY KEY, times int8 NOT NULL);
CREATE TABLE no_op (seq int8 PRIMARY KEY);

-- Which parts of a chunk of 4,096 events contain events of a location.
CREATE TABLE location_block (
    chunk    int8 NOT NULL,
    blocks   int8 NOT NULL,
    location bytea NOT NULL,
    PRIMARY KEY (location, chunk)
);
CREATE INDEX location_block_chunk ON location_block (chunk);

CREATE TABLE compaction (
    at       int8 NOT NULL,
    upto     int8 NOT NULL,
    location bytea NOT NULL,
    PRIMARY KEY (at, location)
);

-- Erasures, by revision, which every process repeats on what it has in memory.
CREATE TABLE erasure (
    revision int8 PRIMARY KEY,
    at       int8 NOT NULL,              -- the last event before it
    location bytea NOT NULL,
    seqs     int8[] NOT NULL             -- what was erased
);

-- Ids of deliveries whose events are pruned, and when pruned events were received.
CREATE TABLE pruned_delivery (
    seq         int8 PRIMARY KEY,
    received_at int8 NOT NULL,
    location    bytea NOT NULL,
    webhook_id  bytea NOT NULL
);
CREATE TABLE pruned_before (before int8 PRIMARY KEY, seq int8 NOT NULL);

-- How far imports have come.
CREATE TABLE import_mark (number int8 PRIMARY KEY, mark bytea NOT NULL);

CREATE TABLE dead_letter (
    id       int8 PRIMARY KEY,
    first_at int8 NOT NULL,
    last_at  int8 NOT NULL,
    times    int8 NOT NULL,
    bytes    int8 NOT NULL,              -- as counted against the bound
    checksum int8 NOT NULL,              -- CRC-32 of the body
    url_type bytea,
    location bytea,
    code     bytea NOT NULL,
    field    bytea,
    reason   bytea NOT NULL,
    headers  bytea NOT NULL,
    body     bytea NOT NULL
);
CREATE INDEX dead_letter_checksum ON dead_letter (checksum);

CREATE TABLE token (
    id         text PRIMARY KEY,
    name       bytea NOT NULL,
    scope      text NOT NULL,
    hash       bytea NOT NULL UNIQUE,
    created_at int8 NOT NULL
);
CREATE TABLE token_location (
    token    text NOT NULL,
    location bytea NOT NULL,
    PRIMARY KEY (token, location)
);
