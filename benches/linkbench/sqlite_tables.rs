//! LinkBench's tables in a SQLite file in this process, with its write-ahead log and a sync for
//! each commit (`synchronous = FULL`), as Relata's own journal has them.
//!
//! Each client reads over a connection of its own. They write in turn over one: SQLite has one
//! writer at a time, and its own way to wait for that, by sleeping, is slower.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::client::{Client, CutShort, LIST_LIMIT};
use super::graph::{Graph, Link};
use super::requests::Request;

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536; PRAGMA mmap_size = 17179869184;";

const TABLES: &str = "
    CREATE TABLE nodetable (id INTEGER PRIMARY KEY AUTOINCREMENT, type INT NOT NULL,
        version INT NOT NULL, time INT NOT NULL, data TEXT NOT NULL);
    CREATE TABLE linktable (id1 INT NOT NULL, id2 INT NOT NULL, link_type INT NOT NULL,
        visibility INT NOT NULL, data TEXT NOT NULL, time INT NOT NULL, version INT NOT NULL,
        PRIMARY KEY (link_type, id1, id2)) WITHOUT ROWID;
    CREATE TABLE counttable (id INT NOT NULL, link_type INT NOT NULL, count INT NOT NULL,
        time INT NOT NULL, version INT NOT NULL, PRIMARY KEY (id, link_type)) WITHOUT ROWID;";

const INDEXES: &str = "
    CREATE INDEX id1_type ON linktable (id1, link_type, visibility, time, id2, version, data);
    INSERT INTO counttable
        SELECT id1, link_type, count(*), 0, 0 FROM linktable GROUP BY id1, link_type;
    COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);";

const LIST: &str = "
    SELECT id1, id2, link_type, visibility, data, time, version FROM linktable
    WHERE id1 = ?1 AND link_type = ?2 AND time >= 0 AND time <= ?3 AND visibility = 1
    ORDER BY time DESC LIMIT ?4 OFFSET ?5";

/// One of several links: the text is the same for any number of them, and is prepared once.
const SEVERAL: &str = "
    SELECT id1, id2, link_type, visibility, data, time, version FROM linktable
    WHERE id1 = ?1 AND link_type = ?2 AND id2 = ?3";

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a file");
    connection.execute_batch(SETTINGS).expect("settings");
    connection.set_prepared_statement_cache_capacity(32);
    connection
}

/// Makes the tables in a new file, fills them, and returns the connection for writing.
pub(crate) fn fill(path: &Path, graph: &Graph) -> Arc<Mutex<Connection>> {
    let connection = open(path);
    connection.execute_batch(TABLES).expect("tables");
    connection.execute_batch("BEGIN").expect("a transaction");
    for (id, data) in graph.all_nodes() {
        let mut insert =
            connection.prepare_cached("INSERT INTO nodetable VALUES (?1, 2048, 1, 1, ?2)");
        insert.as_mut().expect("a statement").execute(params![id, data]).expect("a node");
    }
    for Link { id1, kind, id2, data, time } in graph.all_links() {
        let mut insert =
            connection.prepare_cached("INSERT INTO linktable VALUES (?1, ?2, ?3, 1, ?4, ?5, 0)");
        let insert = insert.as_mut().expect("a statement");
        insert.execute(params![id1, id2, kind, data, time]).expect("a link");
    }
    connection.execute_batch(INDEXES).expect("indexes");
    Arc::new(Mutex::new(connection))
}

pub(crate) struct SqliteTables {
    writer: Arc<Mutex<Connection>>,
    reader: Connection,
    cut_short: CutShort<i64>,
}

impl SqliteTables {
    pub(crate) fn new(path: &Path, writer: &Arc<Mutex<Connection>>) -> Self {
        let (writer, reader) = (Arc::clone(writer), open(path));
        Self { writer, reader, cut_short: CutShort::default() }
    }

    fn list(&mut self, id1: u64, kind: u64, older: Option<u64>) -> u64 {
        let continued = older.and_then(|number| self.cut_short.choose(number));
        let (id1, kind, until, skipped) =
            continued.map_or((id1, kind, i64::MAX, 0), |(id1, kind, at)| (id1, kind, at, 1));
        let mut statement = self.reader.prepare_cached(LIST).expect("a statement");
        let rows = statement.query_map(params![id1, kind, until, LIST_LIMIT, skipped], read_link);
        let times: Vec<i64> = rows.expect("rows").map(|time| time.expect("a link")).collect();
        if let Some(last) = times.last().filter(|_| times.len() == LIST_LIMIT) {
            self.cut_short.remember(id1, kind, *last);
        }
        times.len() as u64
    }

    fn write(&self, text: &str, values: impl rusqlite::Params) -> u64 {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(text).expect("a statement");
        statement.execute(values).expect("a write") as u64
    }

    fn count(&self, id1: u64, kind: u64) -> u64 {
        let text = "SELECT count FROM counttable WHERE id = ?1 AND link_type = ?2";
        let mut statement = self.reader.prepare_cached(text).expect("a statement");
        let counted = statement.query_row(params![id1, kind], |row| row.get(0)).optional();
        counted.expect("a count").unwrap_or(0)
    }

    fn several(&self, id1: u64, kind: u64, id2s: &[u64]) -> u64 {
        let mut statement = self.reader.prepare_cached(SEVERAL).expect("a statement");
        let found = id2s.iter().filter(|id2| {
            let link = statement.query_row(params![id1, kind, id2], read_link).optional();
            link.expect("a link").is_some()
        });
        found.count() as u64
    }

    fn node(&self, id: u64) -> u64 {
        let text = "SELECT id, type, version, time, data FROM nodetable
            WHERE id = ?1 AND type = 2048";
        let mut statement = self.reader.prepare_cached(text).expect("a statement");
        let found = statement.query_row([id], |row| row.get::<_, String>(4)).optional();
        u64::from(found.expect("a node").is_some())
    }
}

/// Reads a link, and returns its time.
fn read_link(row: &Row<'_>) -> rusqlite::Result<i64> {
    let _link: (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(4)?);
    row.get(5)
}

/// Returns whether a link is visible, `None` if there is none.
fn visibility(connection: &Connection, id1: u64, kind: u64, id2: u64) -> Option<bool> {
    let text = "SELECT visibility FROM linktable
        WHERE link_type = ?1 AND id1 = ?2 AND id2 = ?3";
    let mut statement = connection.prepare_cached(text).expect("a statement");
    let found = statement.query_row(params![kind, id1, id2], |row| row.get(0)).optional();
    found.expect("a link")
}

fn change(connection: &Connection, text: &str, values: impl rusqlite::Params) {
    let mut statement = connection.prepare_cached(text).expect("a statement");
    statement.execute(values).expect("a write");
}

/// Begins to write at once. A transaction that has read before does not wait while a reader
/// that has found the index of the log half written holds the lock to look again.
fn begin(connection: &mut Connection) -> Transaction<'_> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    begun.expect("a transaction")
}

/// Makes a link, or makes it visible and writes its payload again, and counts it if it was not
/// visible.
fn add_link(connection: &mut Connection, link: &Link) {
    let Link { id1, kind, id2, data, time } = link;
    let transaction = begin(connection);
    let was = visibility(&transaction, *id1, *kind, *id2);
    let text = "INSERT OR REPLACE INTO linktable VALUES (?1, ?2, ?3, 1, ?4, ?5, 0)";
    change(&transaction, text, params![id1, id2, kind, data, time]);
    if was != Some(true) {
        let text = "INSERT INTO counttable VALUES (?1, ?2, 1, ?3, 0) ON CONFLICT DO UPDATE
            SET count = count + 1, time = ?3, version = version + 1";
        change(&transaction, text, params![id1, kind, time]);
    }
    transaction.commit().expect("the disk works");
}

/// Hides a link, and counts one less.
fn delete_link(connection: &mut Connection, (id1, kind, id2): (u64, u64, u64), time: i64) {
    let transaction = begin(connection);
    if visibility(&transaction, id1, kind, id2) == Some(true) {
        let text = "UPDATE linktable SET visibility = 0
            WHERE link_type = ?1 AND id1 = ?2 AND id2 = ?3";
        change(&transaction, text, params![kind, id1, id2]);
        let text = "INSERT INTO counttable VALUES (?1, ?2, 0, ?3, 0) ON CONFLICT DO UPDATE
            SET count = max(count - 1, 0), time = ?3, version = version + 1";
        change(&transaction, text, params![id1, kind, time]);
    }
    transaction.commit().expect("the disk works");
}

impl Client for SqliteTables {
    fn perform(&mut self, request: &Request) -> u64 {
        match request {
            Request::AddLink(link) | Request::UpdateLink(link) => {
                add_link(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner), link);
                1
            }
            Request::DeleteLink { id1, kind, id2, time } => {
                let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
                delete_link(&mut connection, (*id1, *kind, *id2), *time);
                1
            }
            Request::CountLink { id1, kind } => self.count(*id1, *kind),
            Request::GetLink { id1, kind, id2s } => self.several(*id1, *kind, id2s),
            Request::GetLinkList { id1, kind, older } => self.list(*id1, *kind, *older),
            Request::AddNode { data, time, .. } => self.write(
                "INSERT INTO nodetable (type, version, time, data) VALUES (2048, 1, ?1, ?2)",
                params![time / 1000, data],
            ),
            Request::UpdateNode { id, data, time } => self.write(
                "UPDATE nodetable SET version = 2, time = ?2, data = ?3
                 WHERE id = ?1 AND type = 2048",
                params![id, time / 1000, data],
            ),
            Request::DeleteNode { id, .. } => {
                self.write("DELETE FROM nodetable WHERE id = ?1 AND type = 2048", [id])
            }
            Request::GetNode { id } => self.node(*id),
        }
    }
}
