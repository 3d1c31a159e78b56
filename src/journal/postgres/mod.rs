//! The journal in a PostgreSQL database, which several processes write.

pub(super) mod connection;
pub(super) mod database_url;
pub(super) mod error;
pub(super) mod password;

pub use database_url::PostgresUrl;
