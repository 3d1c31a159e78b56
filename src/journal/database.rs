//! Where a store is: in a file, or in a database server.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;
#[cfg(feature = "postgres")]
use crate::journal::postgres::{PostgresJournal, PostgresUrl};
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::writer::Journal;

/// How the URL of a PostgreSQL database begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Where a store is.
///
/// Made from a path or from the URL of a PostgreSQL database, which is checked when it is
/// opened. Displayed without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database(pub(in crate::journal) Place);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::journal) enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A schema of a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(PostgresUrl),
    /// A URL, in a build that knows no database server.
    #[cfg(not(feature = "postgres"))]
    Unsupported,
}

impl<P: AsRef<Path>> From<P> for Database {
    /// Takes what begins with `postgres://` or `postgresql://` as a URL, anything else as the
    /// name of a file.
    fn from(path: P) -> Self {
        let path = path.as_ref();
        let begins_with = |text: &str, scheme: &str| {
            text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let url = path.to_str().filter(|text| SCHEMES.iter().any(|it| begins_with(text, it)));
        Self(match url {
            #[cfg(feature = "postgres")]
            Some(url) => Place::Postgres(PostgresUrl::new(url)),
            #[cfg(not(feature = "postgres"))]
            Some(_) => Place::Unsupported,
            None => Place::File(path.to_owned()),
        })
    }
}

impl From<&Self> for Database {
    fn from(database: &Self) -> Self {
        database.clone()
    }
}

impl Database {
    /// Returns whether it is a URL that contains a password.
    pub fn has_password(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => url.has_password(),
            _ => false,
        }
    }

    /// Returns the path of a file, `None` for a database server.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => None,
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => None,
        }
    }

    /// Opens the journal for writing, creating or migrating it as needed.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteJournal::open`] for a file.
    pub fn open(&self) -> Result<Box<dyn Journal>, JournalError> {
        Ok(match &self.0 {
            Place::File(path) => Box::new(SqliteJournal::open(path)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Box::new(PostgresJournal::open(url)?),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => return Err(unsupported()),
        })
    }

    /// Opens the journal for reading, beside those who write to it.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteJournal::open_read_only`] for a file.
    pub fn open_read_only(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(match &self.0 {
            Place::File(path) => Box::new(SqliteJournal::open_read_only(path)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Box::new(PostgresJournal::open_read_only(url)?),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => return Err(unsupported()),
        })
    }
}

#[cfg(not(feature = "postgres"))]
pub(in crate::journal) fn unsupported() -> JournalError {
    let reason = "this build cannot use PostgreSQL: build it with the feature `postgres`";
    JournalError::NotAFile { path: "postgres://…".into(), reason }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => url.fmt(f),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => f.write_str("postgres://…"),
        }
    }
}
