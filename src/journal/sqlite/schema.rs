//! The file format and its versions.

use rusqlite::{Connection, TransactionBehavior};

use crate::journal::error::JournalError;
use crate::journal::sqlite::{location_blocks, state_table};

/// Each step to the next version of the file, never edited after a release.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_journal_and_state.sql"),
    include_str!("schema/0002_protection.sql"),
    include_str!("schema/0003_history.sql"),
    include_str!("schema/0004_changes.sql"),
    include_str!("schema/0005_imports.sql"),
    include_str!("schema/0006_epochs.sql"),
    include_str!("schema/0007_checksums.sql"),
    include_str!("schema/0008_dead_letter_bytes.sql"),
    include_str!("schema/0009_compactions.sql"),
    include_str!("schema/0010_checkpoint_parts.sql"),
    include_str!("schema/0011_location_blocks.sql"),
];

/// The step that gives rows of the checkpoint their checksums.
const CHECKSUMS: usize = 7;

/// The step that tells where the events of each location are.
const LOCATION_BLOCKS: usize = 11;

/// Marks a SQLite file as Relata's: "RELA".
pub(super) const APPLICATION_ID: i64 = 0x5245_4c41;

/// The newest version of the file format known here.
pub(super) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The version of a file; 0 for an empty one. A newer one is refused.
pub(super) fn version(connection: &Connection) -> Result<i64, JournalError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known_version();
    if found > known { Err(JournalError::TooNew { found, known }) } else { Ok(found) }
}

/// Brings a file to the newest version, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    if version(connection)? == known_version() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    if from < CHECKSUMS {
        state_table::add_checksums(&transaction)?;
    }
    if from < LOCATION_BLOCKS {
        location_blocks::fill(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known_version())?;
    transaction.commit()?;
    Ok(())
}
