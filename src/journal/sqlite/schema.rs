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
    include_str!("schema/0012_names.sql"),
    include_str!("schema/0013_summaries.sql"),
    include_str!("schema/0014_delivery_blocks.sql"),
];

/// The first format with pruned entries and dead letters.
pub(super) const PROTECTION_SINCE: i64 = 2;

/// The first format with the skip index and counts of redeliveries.
pub(super) const HISTORY_SINCE: i64 = 3;

/// The first format that says which events changed nothing.
pub(super) const NO_OPS_SINCE: i64 = 4;

/// The first format with epochs.
pub(super) const EPOCHS_SINCE: i64 = 6;

/// The first format whose rows of the checkpoint have checksums.
pub(super) const CHECKSUMS_SINCE: i64 = 7;

/// The first format with compactions.
pub(super) const COMPACTIONS_SINCE: i64 = 9;

/// The first format whose checkpoint may be saved in parts.
pub(super) const CHECKPOINT_PARTS_SINCE: i64 = 10;

/// The first format that says where the events of each location are.
pub(super) const LOCATION_BLOCKS_SINCE: i64 = 11;

/// The first format with names.
pub(super) const NAMES_SINCE: i64 = 12;

/// The first format that says what each location holds.
pub(super) const SUMMARIES_SINCE: i64 = 13;

/// The first format with hashes of the ids of deliveries.
pub(super) const DELIVERY_BLOCKS_SINCE: i64 = 14;

/// Marks a SQLite file as Relata's: "RELA".
pub(super) const APPLICATION_ID: i64 = 0x5245_4c41;

/// Returns the newest version of the file format known here.
pub(super) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Returns the version of a file, 0 for an empty one. A newer one is refused.
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
    let found = version(&transaction)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if found < CHECKSUMS_SINCE {
        state_table::add_checksums(&transaction)?;
    }
    if found < LOCATION_BLOCKS_SINCE {
        location_blocks::fill(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known_version())?;
    transaction.commit()?;
    Ok(())
}
