//! The `token` table: read and changed beside a process that writes events.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use crate::journal::error::JournalError;
use crate::journal::sqlite::connection::{BUSY_TIMEOUT, flush_drives};
use crate::journal::sqlite::database_path::resolve;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::sqlite::schema;
use crate::journal::token::TokenRow;
use crate::model::Timestamp;

const INSERT: &str = "INSERT INTO token (id, name, scope, hash, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_LOCATION: &str = "INSERT INTO token_location (token, location) VALUES (?1, ?2)";
const SELECT_HASH: &str = "SELECT EXISTS (SELECT 1 FROM token WHERE hash = ?1)";
const SELECT: &str = "SELECT id, name, scope, hash, created_at FROM token ORDER BY created_at, id";
const SELECT_LOCATIONS: &str =
    "SELECT location FROM token_location WHERE token = ?1 ORDER BY location";

/// The tokens of a store in a SQLite file.
#[derive(Debug)]
pub(in crate::journal) struct SqliteTokens {
    connection: Connection,
    format: i64,
}

impl SqliteTokens {
    /// Opens the tokens of the store in this file, creating the store if there
    /// is none.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteJournal::open`], except that the file may be in use.
    pub(in crate::journal) fn open(path: &Path) -> Result<Self, JournalError> {
        match SqliteJournal::open(path) {
            // Creates or migrates it, unless another process has it open and has done so.
            Ok(_) | Err(JournalError::InUse { .. }) => Self::connect(path),
            Err(error) => Err(error),
        }
    }

    /// Opens the tokens of a store for listing only: needs no lock, and leaves an older file
    /// as it is.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteJournal::open_read_only`].
    pub(in crate::journal) fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        let (connection, format) = SqliteJournal::open_read_only(path)?.into_connection();
        Ok(Self { connection, format })
    }

    /// Opens the tokens of an existing store.
    fn connect(path: &Path) -> Result<Self, JournalError> {
        let path = &resolve(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        flush_drives(&connection)?;
        let format = schema::version(&connection)?;
        Ok(Self { connection, format })
    }

    /// Returns every token, oldest first.
    pub(in crate::journal) fn list(&mut self) -> Result<Vec<TokenRow>, JournalError> {
        if self.format < 2 {
            // Tokens came with the second format.
            return Ok(vec![]);
        }
        let transaction = self.connection.transaction()?;
        list(&transaction)
    }

    /// Adds a token, and returns whether it did: not if there is one with the same secret. It
    /// is durable when this returns.
    pub(in crate::journal) fn add(&mut self, token: &TokenRow) -> Result<bool, JournalError> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_known: bool = transaction.query_row(SELECT_HASH, [token.hash], |row| row.get(0))?;
        if is_known {
            return Ok(false);
        }
        insert(&transaction, token)?;
        transaction.commit()?;
        Ok(true)
    }

    /// Deletes the token of this id, or the only one of this name, and returns its id, or
    /// `None` if there is none.
    pub(in crate::journal) fn revoke(
        &mut self,
        id_or_name: &str,
    ) -> Result<Option<String>, JournalError> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: Option<String> = transaction
            .query_row(
                "SELECT id FROM token WHERE id = ?1 OR (name = ?1 AND \
                 (SELECT count(*) FROM token WHERE name = ?1) = 1) \
                 ORDER BY id = ?1 DESC LIMIT 1",
                [id_or_name],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(id) = &found {
            transaction.execute("DELETE FROM token_location WHERE token = ?1", [id])?;
            transaction.execute("DELETE FROM token WHERE id = ?1", [id])?;
        }
        transaction.commit()?;
        Ok(found)
    }
}

/// Returns every token, oldest first. Called within a transaction.
pub(super) fn list(connection: &Connection) -> Result<Vec<TokenRow>, JournalError> {
    let mut select = connection.prepare_cached(SELECT)?;
    let mut select_locations = connection.prepare_cached(SELECT_LOCATIONS)?;
    let mut rows = select.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, scope): (String, String) = (row.get(0)?, row.get(2)?);
        let Ok(scope) = scope.parse() else { continue };
        let locations = select_locations.query_map([&id], |row| row.get(0))?;
        let locations = locations.collect::<Result<Vec<String>, _>>()?;
        tokens.push(TokenRow {
            name: row.get(1)?,
            scope,
            locations,
            hash: row.get(3)?,
            created_at: Timestamp::from_millis(row.get(4)?),
            id,
        });
    }
    Ok(tokens)
}

/// Inserts a token and its locations. Called within a transaction.
pub(super) fn insert(connection: &Connection, token: &TokenRow) -> Result<(), JournalError> {
    let (scope, created_at) = (token.scope.as_str(), token.created_at.as_millis());
    connection.execute(INSERT, (&token.id, &token.name, scope, token.hash, created_at))?;
    for location in &token.locations {
        connection.execute(INSERT_LOCATION, (&token.id, location))?;
    }
    Ok(())
}
