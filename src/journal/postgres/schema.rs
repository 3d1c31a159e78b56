//! The tables and their versions.

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;

/// Each step to the next version of the tables, by that version; never edited after a release.
const MIGRATIONS: [(i32, &str); 2] = [
    (1, include_str!("schema/0001_store.sql")),
    (2, include_str!("schema/0002_delivery_blocks.sql")),
];

/// Held while the tables are made: two processes that start at once must not both do it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5928185640)";

/// Looks into `pg_class`, before which a server takes note of what others have made: without,
/// `to_regclass` may still say what it said before the lock.
const IS_THERE: &str = "SELECT count(*) = 3 FROM pg_class WHERE oid IN \
    (to_regclass('store'), to_regclass('event'), to_regclass('state_location'))";
/// Looks where the tables would be made, and where the first of them would be found.
const IS_TAKEN: &str = "SELECT to_regclass('store') IS NOT NULL OR EXISTS (SELECT 1 \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relname IN ('event', 'epoch', 'state_location', \
    'state_summary', 'state', 'skip_block', 'redelivery', 'no_op', 'location_block', \
    'compaction', 'erasure', 'pruned_delivery', 'pruned_before', 'import_mark', 'dead_letter', 'token', \
    'token_location', 'delivery_block', 'delivery_key'))";
const HAS_SCHEMA: &str = "SELECT current_schema() IS NOT NULL";

/// Identifies the server's data and the history it is in. Another after a dump was restored,
/// a backup was replayed, or a standby has taken over.
const SYSTEM: &str = "SELECT system_identifier || '/' || \
    left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()";

const INSERT_STORE: &str = "INSERT INTO store VALUES \
    (1, $1, convert_to($2, 'UTF8'), 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0)";
const INSERT_EPOCH: &str = "INSERT INTO epoch SELECT 1, floor(random() * 4294967296)::int8, 0";

/// Returns the newest version known here.
pub(super) fn known_version() -> i32 {
    MIGRATIONS.last().map_or(0, |(version, _)| *version)
}

/// Creates the tables, or brings them to the newest version, in one transaction.
pub(super) fn migrate(session: &mut Session) -> Result<(), JournalError> {
    // What else is there is looked at under the lock: another process may be making the tables.
    if is(session, IS_THERE)? && version(session)? == known_version() {
        return Ok(());
    }
    session.batch("BEGIN")?;
    let migrated = migrate_in_transaction(session);
    let ended = session.batch(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" });
    migrated.and(ended)
}

/// Creates the tables in the transaction that is open, and refuses a store that is there.
pub(super) fn create(session: &mut Session) -> Result<(), JournalError> {
    session.batch(LOCK)?;
    if version(session)? != 0 {
        let reason = "there is a store in it already".to_owned();
        let advice = "name another database, or another schema: ?options=-csearch_path%3DNAME";
        return Err(JournalError::Unsuited { reason, advice });
    }
    migrate_in_transaction(session)
}

fn migrate_in_transaction(session: &mut Session) -> Result<(), JournalError> {
    session.batch(LOCK)?;
    let found = version(session)?;
    for (_, step) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        session.batch(&without_comments(step))?;
    }
    if found == 0 {
        let system = system(session)?;
        session.execute(INSERT_STORE, &[&known_version(), &system])?;
        session.execute(INSERT_EPOCH, &[])?;
    } else {
        session.execute("UPDATE store SET format = $1", &[&known_version()])?;
    }
    Ok(())
}

/// Returns a step without its comments, whose letters not every encoding of a database has.
fn without_comments(step: &str) -> String {
    step.lines().flat_map(|line| [line.split("--").next().unwrap_or_default(), "\n"]).collect()
}

/// Returns the version of the tables, 0 if there are none. Newer ones are refused, and those
/// of another program.
pub(super) fn version(session: &mut Session) -> Result<i32, JournalError> {
    if !is(session, IS_THERE)? {
        if !is(session, HAS_SCHEMA)? {
            let reason = "the schema of its search_path does not exist, or the role may not use it";
            let advice = "create the schema, or grant the role the rights to it";
            return Err(JournalError::Unsuited { reason: reason.to_owned(), advice });
        }
        if is(session, IS_TAKEN)? {
            let reason = "its schema has tables of another program";
            let advice = "name another schema: ?options=-csearch_path%3DNAME";
            return Err(JournalError::Unsuited { reason: reason.to_owned(), advice });
        }
        return Ok(0);
    }
    let found: i32 = session.one("SELECT format FROM store", &[])?.try_get(0)?;
    let known = known_version();
    if found > known {
        return Err(JournalError::TooNew { found: found.into(), known: known.into() });
    }
    Ok(found)
}

fn is(session: &mut Session, sql: &'static str) -> Result<bool, JournalError> {
    Ok(session.one(sql, &[])?.try_get(0)?)
}

/// Returns which server and history the data is of, or nothing where the role may not know.
pub(super) fn system(session: &mut Session) -> Result<String, JournalError> {
    // It may be forbidden, which must not end a transaction.
    let allowed = "SELECT has_function_privilege('pg_control_system()', 'execute') \
        AND has_function_privilege('pg_walfile_name(pg_lsn)', 'execute') \
        AND has_function_privilege('pg_current_wal_lsn()', 'execute')";
    if session.one(allowed, &[])?.try_get(0)? {
        Ok(session.one(SYSTEM, &[])?.try_get(0)?)
    } else {
        Ok(String::new())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::journal::checkpoint::{CheckpointSeq, Compaction};
    use crate::journal::conformance::deliveries;
    use crate::journal::delivery_hash::DELIVERY_BLOCK;
    use crate::journal::entry::JournalEntry;
    use crate::journal::error::WriteOutcome;
    use crate::journal::postgres::{PostgresJournal, PostgresUrl, cluster};
    use crate::journal::reader::JournalReader;
    use crate::journal::writer::Journal;
    use crate::model::Timestamp;

    fn migrated(url: &str) -> Result<(), JournalError> {
        migrate(&mut Session::connect(&PostgresUrl::new(url))?)
    }

    #[test]
    fn a_schema_that_is_not_ours_is_left_as_it_is() {
        let Some(cluster) = cluster::shared() else { return };
        for (made, options, expected) in [
            ("CREATE TABLE token ()", "", "tables of another program"),
            ("CREATE VIEW state AS SELECT 1", "", "tables of another program"),
            ("CREATE TABLE delivery_block ()", "", "tables of another program"),
            ("CREATE TABLE delivery_key ()", "", "tables of another program"),
            ("CREATE TABLE store ()", "", "tables of another program"),
            ("CREATE TABLE store ()", "?options=-csearch_path%3Dnone,public", "another program"),
            ("SELECT 1", "?options=-csearch_path%3Dnone", "search_path does not exist"),
        ] {
            let url = cluster.new_database();
            cluster.run_sql(&url, made);
            let count = "SELECT count(*) FROM pg_class WHERE relname !~ '^pg_'";
            let before = cluster.run_sql(&url, count);
            let refused = migrated(&format!("{url}{options}")).unwrap_err();
            assert!(refused.to_string().contains(expected), "{made}: {refused}");
            assert_eq!(cluster.run_sql(&url, count), before, "{made}");
        }
    }

    #[test]
    fn a_schema_beside_that_of_another_program_is_ours() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        cluster.run_sql(&url, "CREATE TABLE token (); CREATE SCHEMA own");
        migrated(&format!("{url}?options=-csearch_path%3Down")).unwrap();
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = ";
        assert_eq!(cluster.run_sql(&url, &format!("{tables}'own'")), "20");
        assert_eq!(cluster.run_sql(&url, &format!("{tables}'public'")), "1");
    }

    #[test]
    fn a_role_without_rights_is_told_so() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        cluster
            .run_sql(&url, "CREATE ROLE powerless LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC");
        let powerless = url.replace("postgres@", "powerless@");
        let refused = migrated(&powerless).unwrap_err();
        assert!(refused.to_string().contains("search_path"), "{refused}");
        cluster.run_sql(&url, "GRANT USAGE ON SCHEMA public TO powerless");
        let refused = migrated(&powerless).unwrap_err();
        assert!(refused.to_string().contains("(42501)"), "{refused}");
        assert_eq!(refused.advice(), "grant the role the rights to its schema");
        migrated(&url).unwrap();
        assert!(migrated(&powerless).unwrap_err().to_string().contains("(42501)"));
    }

    /// A server of a newer version is started beside one that is running: deliveries are
    /// accepted by both, and the older one leaves all else to the newer.
    #[test]
    fn tables_that_are_newer_are_only_appended_to() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        let open = || PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
        let (mut journal, mut other) = (open(), open());
        let at = Timestamp::from_millis(1);
        let entry = JournalEntry::erased(at);
        journal.append(&[entry]).unwrap();
        assert!(journal.maintain().unwrap() && !other.maintain().unwrap());
        cluster.run_sql(&url, "UPDATE store SET format = format + 1");
        journal.append(&[entry]).unwrap();
        let upto = CheckpointSeq::whole(1);
        let compaction = Compaction { location: "L".into(), at: 1, upto: 1 };
        let refused = [
            journal.save_checkpoint(upto, &mut |_| Ok(())).unwrap_err(),
            journal.replace_checkpoint(1, &mut |_| Ok(())).unwrap_err(),
            journal.prune(at, at, 1).map(drop).unwrap_err(),
            journal.record_compaction(&compaction).unwrap_err(),
            journal.erase_location("L", &[], 1).map(drop).unwrap_err(),
            journal.index_deliveries(0).map(drop).unwrap_err(),
        ];
        for error in refused {
            assert!(matches!(error, JournalError::TooNew { .. }), "{error}");
            assert_eq!(error.write_outcome(), WriteOutcome::NothingWritten);
        }
        assert!(!journal.maintain().unwrap() && !journal.maintain().unwrap());
        cluster.run_sql(&url, "UPDATE store SET format = format - 1");
        assert!(other.maintain().unwrap(), "the lock was left to it");
        let events = "SELECT count(*), (SELECT checkpoint_seq FROM store) FROM event";
        assert_eq!(cluster.run_sql(&url, events), "2|0");
    }

    /// Its events are not indexed yet, and it can be read as it is.
    #[test]
    fn tables_of_the_first_version_are_migrated() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        let open = || PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
        let mut journal = open();
        deliveries::fill(&mut journal, DELIVERY_BLOCK + 9);
        assert_eq!(journal.index_deliveries(0).unwrap(), DELIVERY_BLOCK);
        let before = deliveries::check(&mut journal);
        let key = |journal: &mut PostgresJournal| journal.delivery_index().unwrap().unwrap().key;
        let key_before = key(&mut journal);
        drop(journal);
        let older = "DROP TABLE delivery_block, delivery_key; UPDATE store SET format = 1";
        cluster.run_sql(&url, older);
        let mut reader = PostgresJournal::open_read_only(&PostgresUrl::new(&url)).unwrap();
        assert_eq!(reader.delivery_index().unwrap(), None);
        assert_eq!(reader.head().unwrap(), DELIVERY_BLOCK + 9);
        let mut journal = open();
        assert_eq!(cluster.run_sql(&url, "SELECT format FROM store"), "2");
        assert_ne!(key(&mut journal), key_before, "it is random");
        assert_eq!(cluster.run_sql(&url, "SELECT length(key) FROM delivery_key"), "16");
        assert_eq!(deliveries::check(&mut journal), Some((0, 0, 0)));
        assert_eq!(journal.index_deliveries(0).unwrap(), DELIVERY_BLOCK);
        assert_eq!(deliveries::check(&mut reader), before);
        assert_eq!(key(&mut open()), key(&mut journal), "it is made once");
    }

    /// A standby, or a server whose disk is full: it can be read.
    #[test]
    fn a_database_that_is_read_only_can_be_read() {
        let Some(cluster) = cluster::shared() else { return };
        let [empty, filled] = [cluster.new_database(), cluster.new_database()];
        migrated(&filled).unwrap();
        for url in [&empty, &filled] {
            let (_, name) = url.rsplit_once('/').unwrap();
            let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
            cluster.run_sql(url, &set);
            let refused = PostgresJournal::open(&PostgresUrl::new(url)).unwrap_err();
            assert!(refused.to_string().contains("(25006)"), "{refused}");
            assert!(refused.advice().contains("target_session_attrs=read-write"));
        }
        let mut journal = PostgresJournal::open_read_only(&PostgresUrl::new(&filled)).unwrap();
        assert_eq!(journal.head().unwrap(), 0);
        journal.load_checkpoint(&mut |_| Ok(())).unwrap();
    }

    #[test]
    fn a_database_may_have_another_encoding() {
        let Some(cluster) = cluster::shared() else { return };
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let name = format!("in_{}", encoding.to_lowercase());
            let made = format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
            );
            cluster.run_sql(&cluster.url(), &made);
            let url = cluster.url();
            let (server, _) = url.rsplit_once('/').unwrap();
            let url = PostgresUrl::new(&format!("{server}/{name}"));
            let mut journal = PostgresJournal::open(&url).unwrap();
            let text = "łøç \u{1f3e0}\u{0}";
            let erased = JournalEntry::erased(Timestamp::from_millis(1));
            let entry = JournalEntry { location: text, body: text, ..erased };
            journal.append(&[entry]).unwrap();
            let mut journal = PostgresJournal::open(&url).unwrap();
            let mut each = |_, found: JournalEntry<'_>| {
                assert_eq!(found, entry);
                ControlFlow::Continue(())
            };
            journal.read(0, &mut each).unwrap();
        }
    }

    /// One of those that saw no tables would have taken those of the others for another
    /// program's.
    #[test]
    fn processes_that_start_at_once_make_the_tables_once() {
        let Some(cluster) = cluster::shared() else { return };
        for _ in 0..5 {
            let url = cluster.new_database();
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..6).map(|_| scope.spawn(|| migrated(&url))).collect();
                for one in all {
                    one.join().unwrap().unwrap();
                }
            });
        }
    }
}
