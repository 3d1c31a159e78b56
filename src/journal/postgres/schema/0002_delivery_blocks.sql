-- Hashes of the ids of deliveries, so that a start need not read the events of seven days
-- to know a repeat. They are divided into 16 parts: a delivery costs one part. Written by
-- the block, 32,768 events each; the block that is not full yet is in no row.
CREATE TABLE delivery_block (
    part     int2 NOT NULL,
    block    int8 NOT NULL,              -- (event.seq - 1) / 32768
    checksum int8 NOT NULL,              -- CRC-32 of the key, the part, the block and the hashes
    hashes   bytea NOT NULL,             -- 12 bytes each: 10 of a hash, 2 of the place in the block
    PRIMARY KEY (part, block)
);
-- Hashes do not become shorter.
ALTER TABLE delivery_block ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The key of the hashes: SipHash-2-4 of the location and the id. One for all servers.
CREATE TABLE delivery_key (
    one int2 PRIMARY KEY CHECK (one = 1),
    key bytea NOT NULL                   -- random, 16 bytes
);
-- Of each id 122 bits are random.
INSERT INTO delivery_key VALUES (1, substring(sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FROM 1 FOR 16));
