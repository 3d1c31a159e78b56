//! The journal in a PostgreSQL database, which several processes write by turns.

pub(super) mod blocking;
pub(super) mod checkpoint;
#[cfg(test)]
#[path = "../../../tests/it/support/postgres.rs"]
pub(super) mod cluster;
pub(super) mod compactions;
pub(super) mod connection;
pub(super) mod copy;
pub(super) mod database_url;
pub(super) mod dead_letters;
pub(super) mod delivery_blocks;
pub(super) mod epochs;
pub(super) mod erase;
pub(super) mod error;
pub(super) mod events;
pub(super) mod import_marks;
pub(super) mod journal;
pub(super) mod location_blocks;
pub(super) mod notes;
pub(super) mod password;
pub(super) mod prune;
pub(super) mod reader;
pub(super) mod schema;
pub(super) mod servers;
pub(super) mod tls;
pub(super) mod tokens;
pub(super) mod turns;

pub use database_url::PostgresUrl;
pub use journal::PostgresJournal;
