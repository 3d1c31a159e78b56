//! The journal in one SQLite file: the only folder that names rusqlite.

pub(super) mod backup;
pub(super) mod checkpoint;
pub(super) mod compactions;
pub(super) mod connection;
pub(super) mod copy;
pub(super) mod database_path;
pub(super) mod dead_letters;
pub(super) mod delivery_blocks;
pub(super) mod epochs;
pub(super) mod erase;
pub(super) mod error;
pub(super) mod events;
pub(super) mod history;
pub(super) mod identity;
pub(super) mod import_marks;
#[cfg(target_os = "linux")]
pub(super) mod inode_lock;
pub(super) mod journal;
pub(super) mod location_blocks;
pub(super) mod lock_file;
pub(super) mod new_file;
pub(super) mod prune;
pub(super) mod reader;
pub(super) mod schema;
pub(super) mod state_table;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod tokens;
pub(super) mod wal_checkpoint;

pub use backup::backup;
pub use journal::SqliteJournal;
