-- Which things a run of events speaks of, so that the history of one thing need
-- not read the whole journal: hashes of their names, sorted, four bytes each, the
-- least byte first. Events that no run covers have to be read.
CREATE TABLE mentions (
    first  INTEGER PRIMARY KEY, -- event.seq
    last   INTEGER NOT NULL,
    hashes BLOB NOT NULL
) STRICT;

-- How often a delivery came again after it was accepted. Counted in memory and
-- saved with the checkpoint: a crash may lose a few.
CREATE TABLE repeat (
    seq   INTEGER PRIMARY KEY,  -- event.seq
    times INTEGER NOT NULL
) STRICT;

-- As before, but that no label is not a shared label: a link from a record to
-- itself whose association is unknown stands there once for each end.
DROP VIEW link;
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
           AND ifnull(first_label = second_label, 0));
