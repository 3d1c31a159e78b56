-- The journal: every accepted delivery as it came, never changed. It has no
-- index but its position, so that accepting an event costs one append.
CREATE TABLE event (
    seq         INTEGER PRIMARY KEY, -- 1, 2, 3 … across all locations
    location    TEXT NOT NULL,
    type        TEXT NOT NULL,       -- AssociationCreate, RelationDelete, …
    entity      TEXT NOT NULL,       -- the id of the thing it speaks of
    webhook_id  TEXT,                -- the sender's id of the delivery
    at          INTEGER,             -- the sender's time, ms since 1970 UTC
    received_at INTEGER NOT NULL,    -- ms since 1970 UTC
    checksum    INTEGER NOT NULL,    -- CRC-32 over everything else in the row
    body        TEXT NOT NULL        -- the body, byte for byte
) STRICT;

-- The checkpoint: the state of every thing at one seq, so that opening need
-- not replay the whole journal. `at`, `rank` and `seq` are those of the event
-- that gave the thing its state (rank 0 create, 1 update, 2 delete). Numbers
-- count within the location, in the order in which things were first named.
CREATE TABLE checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq  INTEGER NOT NULL
) STRICT;

CREATE TABLE state_location (
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL
) STRICT;

CREATE TABLE state_object (
    location INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    key      TEXT NOT NULL,
    singular TEXT,
    plural   TEXT,
    at       INTEGER,
    rank     INTEGER,               -- null while no schema is known
    seq      INTEGER,
    PRIMARY KEY (location, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE state_association (
    location        INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    id              TEXT NOT NULL,
    at              INTEGER,
    rank            INTEGER,        -- null while only relations have named it
    seq             INTEGER,
    key             TEXT,           -- null from here while unknown or deleted
    type            TEXT,
    first_object    TEXT,
    first_label     TEXT,
    second_object   TEXT,
    second_label    TEXT,
    first_to_second TEXT,           -- declared cardinalities, once seen
    second_to_first TEXT,
    PRIMARY KEY (location, number)
) STRICT, WITHOUT ROWID;

-- What record events without an object key have said: it holds for every
-- record of that id.
CREATE TABLE state_unkeyed_record (
    location     INTEGER NOT NULL,
    id           TEXT NOT NULL,
    at           INTEGER,
    rank         INTEGER,
    seq          INTEGER,
    deleted_at   INTEGER,           -- the greatest delete, if any
    deleted_rank INTEGER,
    deleted_seq  INTEGER,
    PRIMARY KEY (location, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE state_record (
    location     INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    object       INTEGER NOT NULL,  -- state_object.number
    id           TEXT NOT NULL,
    at           INTEGER,
    rank         INTEGER,           -- null while no event of its own is known
    seq          INTEGER,
    deleted_at   INTEGER,
    deleted_rank INTEGER,
    deleted_seq  INTEGER,
    PRIMARY KEY (location, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE state_relation (
    location    INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    id          TEXT NOT NULL,
    association INTEGER NOT NULL,   -- state_association.number
    first       INTEGER NOT NULL,   -- state_record.number
    second      INTEGER NOT NULL,
    at          INTEGER,
    rank        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (location, number)
) STRICT, WITHOUT ROWID;

-- For any SQL tool: associations that are known and not deleted.
CREATE VIEW association AS
SELECT l.id AS location, a.id, a.key, a.type,
       a.first_object, a.first_label, a.second_object, a.second_label,
       a.first_to_second, a.second_to_first, a.at, a.seq
FROM state_association a
JOIN state_location l ON l.number = a.location
WHERE a.key IS NOT NULL;

-- Relations that can be seen; labels are null while the association is unknown.
CREATE VIEW relation AS
SELECT l.id AS location, r.id, a.id AS association, a.key AS association_key,
       fo.key AS first_object, f.id AS first_record, a.first_label,
       so.key AS second_object, s.id AS second_record, a.second_label,
       r.at, r.seq
FROM state_relation r
JOIN state_location l ON l.number = r.location
JOIN state_association a ON a.location = r.location AND a.number = r.association
JOIN state_record f ON f.location = r.location AND f.number = r.first
JOIN state_record s ON s.location = r.location AND s.number = r.second
JOIN state_object fo ON fo.location = r.location AND fo.number = f.object
JOIN state_object so ON so.location = r.location AND so.number = s.object
WHERE r.rank <> 2
  AND a.rank IS NOT 2
  AND (f.deleted_seq IS NULL
       OR (ifnull(f.deleted_at, -9223372036854775808), f.deleted_rank, f.deleted_seq)
          < (ifnull(r.at, -9223372036854775808), r.rank, r.seq))
  AND (s.deleted_seq IS NULL
       OR (ifnull(s.deleted_at, -9223372036854775808), s.deleted_rank, s.deleted_seq)
          < (ifnull(r.at, -9223372036854775808), r.rank, r.seq));

-- Each relation from both of its ends: `label` is the role of the far end,
-- `own_label` that of the near one.
CREATE VIEW link AS
SELECT location, first_object AS object, first_record AS record, 'first' AS side,
       second_object AS far_object, second_record AS far_record,
       second_label AS label, first_label AS own_label,
       association, association_key, id AS relation, at, seq
FROM relation
UNION ALL
SELECT location, second_object, second_record, 'second',
       first_object, first_record, first_label, second_label,
       association, association_key, id, at, seq
FROM relation
WHERE NOT (first_object = second_object AND first_record = second_record
           AND first_label = second_label);
