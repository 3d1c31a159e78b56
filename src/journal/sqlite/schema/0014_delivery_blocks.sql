-- Hashes of the ids of deliveries, so that a start need not read the events of seven days
-- to know a repeat. They are divided into 16 parts: a delivery costs one part. Written by
-- the block, 32,768 events each; the block that is not full yet is in no row.
CREATE TABLE delivery_block (
    number   INTEGER PRIMARY KEY,  -- part * 2^40 + (event.seq - 1) / 32768
    checksum INTEGER NOT NULL,     -- CRC-32 of the key, the number and the hashes
    hashes   BLOB NOT NULL         -- 12 bytes each: 10 of a hash, 2 of the place in the block
) STRICT;

-- The key of the hashes: SipHash-2-4 of the location and the id.
CREATE TABLE delivery_key (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key  BLOB NOT NULL             -- random, 16 bytes
) STRICT;
INSERT INTO delivery_key VALUES (1, randomblob(16));
