//! The journal in one SQLite file: the only folder that names rusqlite.

mod checkpoint;
mod events;
mod file;
mod schema;
#[cfg(test)]
mod tests;

pub use file::SqliteJournal;
