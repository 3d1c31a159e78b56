//! The tables and their versions.

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;

/// Each step to the next version of the tables, by that version; never edited after a release.
const MIGRATIONS: [(i32, &str); 1] = [(1, include_str!("schema/0001_store.sql"))];

/// Held while the tables are made: two processes that start at once must not both do it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5928185640)";

const IS_THERE: &str = "SELECT to_regclass('store') IS NOT NULL \
    AND to_regclass('event') IS NOT NULL AND to_regclass('state_location') IS NOT NULL";
const IS_TAKEN: &str =
    "SELECT to_regclass('store') IS NOT NULL OR to_regclass('event') IS NOT NULL";

/// Identifies the server's data and the history it is in. Another after a dump was restored,
/// a backup was replayed, or a standby has taken over.
const SYSTEM: &str = "SELECT s.system_identifier || '/' || c.timeline_id \
    FROM pg_control_system() s, pg_control_checkpoint() c";

const INSERT_STORE: &str = "INSERT INTO store VALUES \
    (1, $1, convert_to($2, 'UTF8'), 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0)";
const INSERT_EPOCH: &str = "INSERT INTO epoch SELECT 1, floor(random() * 4294967296)::int8, 0";

/// Returns the newest version known here.
fn known_version() -> i32 {
    MIGRATIONS.last().map_or(0, |(version, _)| *version)
}

/// Creates the tables, or brings them to the newest version, in one transaction.
pub(super) fn migrate(session: &mut Session) -> Result<(), JournalError> {
    if version(session)? == known_version() {
        return Ok(());
    }
    session.batch("BEGIN")?;
    let migrated = migrate_in_transaction(session);
    let ended = session.batch(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" });
    migrated.and(ended)
}

fn migrate_in_transaction(session: &mut Session) -> Result<(), JournalError> {
    session.batch(LOCK)?;
    let found = version(session)?;
    for (_, step) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        session.batch(step)?;
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

/// Returns the version of the tables, 0 if there are none. Newer ones are refused, and those
/// of another program.
pub(super) fn version(session: &mut Session) -> Result<i32, JournalError> {
    let is = |session: &mut Session, sql| -> Result<bool, JournalError> {
        Ok(session.one(sql, &[])?.try_get(0)?)
    };
    if !is(session, IS_THERE)? {
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

/// Returns which server and history the data is of, or nothing where the role may not know.
pub(super) fn system(session: &mut Session) -> Result<String, JournalError> {
    // It may be forbidden, which must not end a transaction.
    let allowed = "SELECT has_function_privilege('pg_control_system()', 'execute') \
        AND has_function_privilege('pg_control_checkpoint()', 'execute')";
    if session.one(allowed, &[])?.try_get(0)? {
        Ok(session.one(SYSTEM, &[])?.try_get(0)?)
    } else {
        Ok(String::new())
    }
}
