//! The `token` table: read and changed beside the processes that write events.

use tokio_postgres::Row;

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::database_url::PostgresUrl;
use crate::journal::postgres::schema;
use crate::journal::token::TokenRow;
use crate::model::Timestamp;

/// Begins a change: those who list do not wait for it, those who change do.
const BEGIN: &str = "BEGIN; LOCK TABLE token IN SHARE ROW EXCLUSIVE MODE";
const INSERT: &str = "INSERT INTO token (id, name, scope, hash, created_at) \
    VALUES ($1, $2, $3, $4, $5)";
const INSERT_LOCATION: &str = "INSERT INTO token_location (token, location) VALUES ($1, $2)";
const SELECT_HASH: &str = "SELECT FROM token WHERE hash = $1";
/// One statement sees one moment: a token without its locations would be good for all.
const SELECT: &str = "SELECT id, name, scope, hash, created_at, \
    ARRAY(SELECT location FROM token_location WHERE token = id ORDER BY location) \
    FROM token ORDER BY created_at, id COLLATE \"C\"";
/// As bytes: not every text from outside is one in every database.
/// Of a token of this id and another of this name, the first is meant.
const FIND: &str = "SELECT id FROM token WHERE convert_to(id, 'UTF8') = $1 OR (name = $1 AND \
    (SELECT count(*) FROM token WHERE name = $1) = 1) \
    ORDER BY convert_to(id, 'UTF8') = $1 DESC LIMIT 1";
const DELETE_LOCATIONS: &str = "DELETE FROM token_location WHERE token = $1";
const DELETE: &str = "DELETE FROM token WHERE id = $1";

/// The tokens of a store in a PostgreSQL database. A connection that was lost is replaced at
/// the next call.
#[derive(Debug)]
pub(in crate::journal) struct PostgresTokens {
    url: PostgresUrl,
    session: Option<Session>,
}

impl PostgresTokens {
    /// Opens the tokens, creating the store if there is none.
    pub(in crate::journal) fn open(url: &PostgresUrl) -> Result<Self, JournalError> {
        let mut session = Session::connect(url)?;
        schema::migrate(&mut session)?;
        Ok(Self { url: url.clone(), session: Some(session) })
    }

    /// Opens the tokens of a store that exists.
    pub(in crate::journal) fn open_read_only(url: &PostgresUrl) -> Result<Self, JournalError> {
        let mut session = Session::connect(url)?;
        if schema::version(&mut session)? == 0 {
            let reason = "there is no store in it".to_owned();
            let advice = "look at the URL, or let `relata serve` make a store there";
            return Err(JournalError::Unsuited { reason, advice });
        }
        Ok(Self { url: url.clone(), session: Some(session) })
    }

    pub(in crate::journal) fn list(&mut self) -> Result<Vec<TokenRow>, JournalError> {
        self.with_session(list)
    }

    pub(in crate::journal) fn add(&mut self, token: &TokenRow) -> Result<bool, JournalError> {
        self.change(|session| {
            let hash = &token.hash[..];
            if session.optional(SELECT_HASH, &[&hash])?.is_some() {
                return Ok(false);
            }
            insert(session, token)?;
            Ok(true)
        })
    }

    pub(in crate::journal) fn revoke(
        &mut self,
        id_or_name: &str,
    ) -> Result<Option<String>, JournalError> {
        self.change(|session| {
            let Some(found) = session.optional(FIND, &[&id_or_name.as_bytes()])? else {
                return Ok(None);
            };
            let id: String = found.try_get(0)?;
            session.execute(DELETE_LOCATIONS, &[&id])?;
            session.execute(DELETE, &[&id])?;
            Ok(Some(id))
        })
    }

    /// Changes the table in a transaction of its own.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.with_session(|session| {
            session.begin(BEGIN)?;
            let changed = change(session)?;
            session.commit()?;
            Ok(changed)
        })
    }

    /// Uses the connection, or a new one. After an error it is closed, which undoes what was
    /// begun.
    fn with_session<T>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let kept = self.session.take();
        let kept = kept.and_then(|mut session| (!session.is_lost()).then_some(session));
        let mut session = kept.map_or_else(|| Session::connect(&self.url), Ok)?;
        let done = work(&mut session)?;
        self.session = Some(session);
        Ok(done)
    }
}

/// Returns every token, oldest first.
pub(super) fn list(session: &mut Session) -> Result<Vec<TokenRow>, JournalError> {
    let rows = session.query(SELECT, &[])?;
    rows.iter().filter_map(|row| token(row).transpose()).collect()
}

/// Inserts a token and its locations. Called within a transaction.
pub(super) fn insert(session: &mut Session, token: &TokenRow) -> Result<(), JournalError> {
    let (scope, created_at) = (token.scope.as_str(), token.created_at.as_millis());
    let (name, hash) = (token.name.as_bytes(), &token.hash[..]);
    session.execute(INSERT, &[&token.id, &name, &scope, &hash, &created_at])?;
    for location in &token.locations {
        session.execute(INSERT_LOCATION, &[&token.id, &location.as_bytes()])?;
    }
    Ok(())
}

/// Returns the token of a row, unless its scope or its hash is one of a newer Relata.
fn token(row: &Row) -> Result<Option<TokenRow>, JournalError> {
    let (scope, hash): (&str, &[u8]) = (row.try_get(2)?, row.try_get(3)?);
    let (Ok(scope), Ok(hash)) = (scope.parse(), hash.try_into()) else { return Ok(None) };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let locations: Vec<&[u8]> = row.try_get(5)?;
    Ok(Some(TokenRow {
        id: row.try_get(0)?,
        name: text(row.try_get(1)?),
        scope,
        locations: locations.into_iter().map(text).collect(),
        hash,
        created_at: Timestamp::from_millis(row.try_get(4)?),
    }))
}
