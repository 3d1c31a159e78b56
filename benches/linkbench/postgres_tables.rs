//! LinkBench's tables in PostgreSQL, as those of its README for `MySQL`: the same columns, keys
//! and index, without partitions.
//!
//! A write of a link and of its count is one transaction, as in LinkBench's `LinkStoreMysql`.
//! There it takes up to three round trips. Here it is a function that the server runs, and
//! takes one, as a request to Relata does.

use std::io::Write;

use postgres::{Client as Connection, NoTls, Statement};

use super::client::{Client, CutShort, LIST_LIMIT};
use super::graph::Graph;
use super::requests::Request;

const TABLES: &str = "
    CREATE TABLE nodetable (id bigserial, type int NOT NULL, version bigint NOT NULL,
        time int NOT NULL, data text NOT NULL);
    CREATE TABLE linktable (id1 bigint NOT NULL, id2 bigint NOT NULL, link_type bigint NOT NULL,
        visibility smallint NOT NULL, data varchar(255) NOT NULL, time bigint NOT NULL,
        version int NOT NULL);
    CREATE TABLE counttable (id bigint NOT NULL, link_type bigint NOT NULL, count int NOT NULL,
        time bigint NOT NULL, version bigint NOT NULL);";

const INDEXES: &str = "
    ALTER TABLE nodetable ADD PRIMARY KEY (id);
    ALTER TABLE linktable ADD PRIMARY KEY (link_type, id1, id2);
    CREATE INDEX id1_type ON linktable (id1, link_type, visibility, time, id2, version, data);
    INSERT INTO counttable
        SELECT id1, link_type, count(*), 0, 0 FROM linktable GROUP BY id1, link_type;
    ALTER TABLE counttable ADD PRIMARY KEY (id, link_type);
    SELECT setval('nodetable_id_seq', (SELECT max(id) FROM nodetable));";

const FUNCTIONS: &str = "
    CREATE FUNCTION add_link(of bigint, kind bigint, far bigint, text_of text, at bigint)
    RETURNS void LANGUAGE plpgsql AS $$
    DECLARE was smallint;
    BEGIN
        INSERT INTO linktable VALUES (of, far, kind, 1, text_of, at, 0) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            SELECT visibility INTO was FROM linktable
                WHERE link_type = kind AND id1 = of AND id2 = far FOR UPDATE;
            UPDATE linktable SET visibility = 1, data = text_of, time = at, version = 0
                WHERE link_type = kind AND id1 = of AND id2 = far;
            IF was = 1 THEN RETURN; END IF;
        END IF;
        INSERT INTO counttable AS counted VALUES (of, kind, 1, at, 0)
            ON CONFLICT (id, link_type) DO UPDATE
            SET count = counted.count + 1, time = at, version = counted.version + 1;
    END $$;
    CREATE FUNCTION delete_link(of bigint, kind bigint, far bigint, at bigint)
    RETURNS void LANGUAGE plpgsql AS $$
    DECLARE was smallint;
    BEGIN
        SELECT visibility INTO was FROM linktable
            WHERE link_type = kind AND id1 = of AND id2 = far FOR UPDATE;
        IF was IS NULL OR was = 0 THEN RETURN; END IF;
        UPDATE linktable SET visibility = 0
            WHERE link_type = kind AND id1 = of AND id2 = far;
        INSERT INTO counttable AS counted VALUES (of, kind, 0, at, 0)
            ON CONFLICT (id, link_type) DO UPDATE
            SET count = greatest(counted.count - 1, 0), time = at, version = counted.version + 1;
    END $$;";

/// In the order of [`Prepared`].
const STATEMENTS: [&str; 9] = [
    "SELECT add_link($1, $2, $3, $4, $5)",
    "SELECT delete_link($1, $2, $3, $4)",
    "SELECT count FROM counttable WHERE id = $1 AND link_type = $2",
    "SELECT id1, id2, link_type, visibility, data, time, version FROM linktable
        WHERE id1 = $1 AND link_type = $2 AND id2 = ANY($3)",
    "SELECT id1, id2, link_type, visibility, data, time, version FROM linktable
        WHERE id1 = $1 AND link_type = $2 AND time >= 0 AND time <= $3 AND visibility = 1
        ORDER BY time DESC LIMIT $4 OFFSET $5",
    "INSERT INTO nodetable (type, version, time, data) VALUES (2048, 1, $1, $2) RETURNING id",
    "UPDATE nodetable SET version = 2, time = $2, data = $3 WHERE id = $1 AND type = 2048",
    "DELETE FROM nodetable WHERE id = $1 AND type = 2048",
    "SELECT id, type, version, time, data FROM nodetable WHERE id = $1 AND type = 2048",
];

type Prepared = [Statement; STATEMENTS.len()];

fn connect(url: &str) -> Connection {
    Connection::connect(url, NoTls).expect("a database server")
}

/// PostgreSQL has no numbers without a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn seconds(millis: i64) -> i32 {
    i32::try_from(millis / 1000).unwrap_or(i32::MAX)
}

/// Makes the tables in an empty database, fills them, and returns what the server says about
/// its durability.
pub(crate) fn fill(url: &str, graph: &Graph) -> String {
    let mut connection = connect(url);
    connection.batch_execute(TABLES).expect("the database must be empty");
    connection.batch_execute(FUNCTIONS).expect("functions");
    let mut copy = connection
        .copy_in("COPY nodetable (id, type, version, time, data) FROM STDIN")
        .expect("an empty table");
    for (id, data) in graph.all_nodes() {
        writeln!(copy, "{id}\t2048\t1\t1\t{data}").expect("room");
    }
    copy.finish().expect("nodes");
    let mut copy = connection.copy_in("COPY linktable FROM STDIN").expect("an empty table");
    for link in graph.all_links() {
        let super::graph::Link { id1, kind, id2, data, time } = link;
        writeln!(copy, "{id1}\t{id2}\t{kind}\t1\t{data}\t{time}\t0").expect("room");
    }
    copy.finish().expect("links");
    connection.batch_execute(INDEXES).expect("indexes");
    connection.batch_execute("VACUUM ANALYZE").expect("statistics");
    connection.batch_execute("CHECKPOINT").ok();
    let settings = ["server_version", "synchronous_commit", "fsync", "shared_buffers"];
    let told = settings.map(|name| {
        let row = connection.query_one(&format!("SHOW {name}"), &[]).expect("a setting");
        format!("{name} {}", row.get::<_, String>(0))
    });
    told.join(", ")
}

pub(crate) struct PostgresTables {
    connection: Connection,
    prepared: Prepared,
    cut_short: CutShort<i64>,
}

impl PostgresTables {
    pub(crate) fn new(url: &str) -> Self {
        let mut connection = connect(url);
        connection.batch_execute("SET synchronous_commit = on").expect("a setting");
        let prepared = STATEMENTS.map(|text| connection.prepare(text).expect("a statement"));
        Self { connection, prepared, cut_short: CutShort::default() }
    }

    fn list(&mut self, id1: u64, kind: u64, older: Option<u64>) -> u64 {
        let continued = older.and_then(|number| self.cut_short.choose(number));
        // The last link that was seen is skipped, as LinkBench does.
        let (id1, kind, until, skipped) =
            continued.map_or((id1, kind, i64::MAX, 0i64), |(id1, kind, at)| (id1, kind, at, 1));
        let [_, _, _, _, statement, ..] = &self.prepared;
        let limit = i64::try_from(LIST_LIMIT).unwrap_or(i64::MAX);
        let rows = self
            .connection
            .query(statement, &[&signed(id1), &signed(kind), &until, &limit, &skipped])
            .expect("a list");
        let times: Vec<i64> = rows
            .iter()
            .map(|row| {
                let _link: (i64, i64, &str) = (row.get(0), row.get(1), row.get(4));
                row.get(5)
            })
            .collect();
        if let Some(last) = times.last().filter(|_| times.len() == LIST_LIMIT) {
            self.cut_short.remember(id1, kind, *last);
        }
        times.len() as u64
    }
}

impl Client for PostgresTables {
    fn perform(&mut self, request: &Request) -> u64 {
        let [add, delete, count, several, _, add_node, update_node, delete_node, node] =
            &self.prepared;
        let connection = &mut self.connection;
        let rows = match request {
            Request::AddLink(link) | Request::UpdateLink(link) => {
                let (id1, kind, id2) = (signed(link.id1), signed(link.kind), signed(link.id2));
                connection.query(add, &[&id1, &kind, &id2, &link.data, &link.time])
            }
            Request::DeleteLink { id1, kind, id2, time } => {
                connection.query(delete, &[&signed(*id1), &signed(*kind), &signed(*id2), time])
            }
            Request::CountLink { id1, kind } => {
                let rows = connection.query(count, &[&signed(*id1), &signed(*kind)]);
                let counted = rows.expect("a count").first().map_or(0, |row| row.get::<_, i32>(0));
                return u64::try_from(counted).unwrap_or(0);
            }
            Request::GetLink { id1, kind, id2s } => {
                let id2s: Vec<i64> = id2s.iter().map(|id2| signed(*id2)).collect();
                connection.query(several, &[&signed(*id1), &signed(*kind), &id2s])
            }
            Request::GetLinkList { id1, kind, older } => return self.list(*id1, *kind, *older),
            Request::AddNode { data, time, .. } => {
                connection.query(add_node, &[&seconds(*time), data])
            }
            Request::UpdateNode { id, data, time } => {
                connection.query(update_node, &[&signed(*id), &seconds(*time), data])
            }
            Request::DeleteNode { id, .. } => connection.query(delete_node, &[&signed(*id)]),
            Request::GetNode { id } => connection.query(node, &[&signed(*id)]),
        };
        rows.expect("an answer").len() as u64
    }
}
