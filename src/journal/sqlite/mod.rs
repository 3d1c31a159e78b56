//! The journal in one SQLite file: the only folder that names rusqlite.

mod backup;
mod checkpoint;
mod compactions;
mod connection;
mod dead_letters;
mod epochs;
mod erase;
mod events;
mod file;
mod file_lock;
mod history;
mod imports;
mod location_blocks;
mod log;
mod place;
mod prune;
mod schema;
mod state_table;
#[cfg(test)]
mod tests;
mod tokens;

pub use backup::backup;
pub use file::SqliteJournal;
pub use tokens::Tokens;
