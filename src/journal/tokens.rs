//! The tokens of a store, wherever it is.

use crate::journal::database::{Database, Place};
use crate::journal::error::JournalError;
#[cfg(feature = "postgres")]
use crate::journal::postgres::tokens::PostgresTokens;
use crate::journal::sqlite::tokens::SqliteTokens;
use crate::journal::token::TokenRow;

/// The tokens of one store.
///
/// Each change is a short transaction of its own, so that it can be made while servers run
/// on the same database.
#[derive(Debug)]
pub struct Tokens(Kept);

#[derive(Debug)]
enum Kept {
    File(SqliteTokens),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresTokens>),
}

impl Tokens {
    /// Opens the tokens of the store in this database, creating the store if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Database::open`], except that a file may be in use.
    pub fn open(database: impl Into<Database>) -> Result<Self, JournalError> {
        Ok(Self(match database.into().0 {
            Place::File(path) => Kept::File(SqliteTokens::open(&path)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Kept::Postgres(Box::new(PostgresTokens::open(&url)?)),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => return Err(crate::journal::database::unsupported()),
        }))
    }

    /// Opens the tokens of a store for listing only: needs no lock, and leaves an older store
    /// as it is.
    ///
    /// # Errors
    ///
    /// Those of [`Database::open_read_only`].
    pub fn open_read_only(database: impl Into<Database>) -> Result<Self, JournalError> {
        Ok(Self(match database.into().0 {
            Place::File(path) => Kept::File(SqliteTokens::open_read_only(&path)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Kept::Postgres(Box::new(PostgresTokens::open_read_only(&url)?)),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => return Err(crate::journal::database::unsupported()),
        }))
    }

    /// Returns every token, oldest first.
    pub fn list(&mut self) -> Result<Vec<TokenRow>, JournalError> {
        match &mut self.0 {
            Kept::File(tokens) => tokens.list(),
            #[cfg(feature = "postgres")]
            Kept::Postgres(tokens) => tokens.list(),
        }
    }

    /// Adds a token, and returns whether it did: not if there is one with the same secret. It
    /// is durable when this returns.
    pub fn add(&mut self, token: &TokenRow) -> Result<bool, JournalError> {
        match &mut self.0 {
            Kept::File(tokens) => tokens.add(token),
            #[cfg(feature = "postgres")]
            Kept::Postgres(tokens) => tokens.add(token),
        }
    }

    /// Deletes the token of this id, or the only one of this name, and returns its id, or
    /// `None` if there is none.
    pub fn revoke(&mut self, id_or_name: &str) -> Result<Option<String>, JournalError> {
        match &mut self.0 {
            Kept::File(tokens) => tokens.revoke(id_or_name),
            #[cfg(feature = "postgres")]
            Kept::Postgres(tokens) => tokens.revoke(id_or_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::token::Scope;
    use crate::model::Timestamp;

    fn token(id: &str, name: &str) -> TokenRow {
        TokenRow {
            id: id.to_owned(),
            name: name.to_owned(),
            scope: Scope::Write,
            locations: vec!["A".to_owned(), "B".to_owned()],
            hash: [id.as_bytes()[0]; 32],
            created_at: Timestamp::from_millis(5),
        }
    }

    /// Each journal keeps its promises beside a writer, in a file and in a server's database.
    #[test]
    fn tokens_are_changed_beside_the_writer() {
        let directory = tempfile::tempdir().unwrap();
        are_changed_beside_the_writer(&Database::from(directory.path().join("relata.db")));
        #[cfg(all(feature = "postgres", unix))]
        if let Some(cluster) = crate::journal::postgres::cluster::shared() {
            are_changed_beside_the_writer(&Database::from(cluster.new_database()));
        }
    }

    fn are_changed_beside_the_writer(database: &Database) {
        assert!(Tokens::open_read_only(database).is_err(), "there is no store");
        let mut tokens = Tokens::open(database).unwrap();
        let _writer = database.open().unwrap();
        let mut beside = Tokens::open(database).unwrap();
        for (id, name) in [("1", "crm"), ("2", "shop"), ("3", "shop")] {
            assert!(beside.add(&token(id, name)).unwrap());
        }
        let again = TokenRow { hash: [0; 32], ..token("1", "again") };
        assert!(beside.add(&again).is_err(), "an id is given once");
        let same = TokenRow { id: "5".to_owned(), ..token("1", "same") };
        assert!(!beside.add(&same).unwrap(), "a secret is a token once");
        let all = TokenRow { scope: Scope::Admin, locations: vec![], ..token("4", "łøç \u{0}") };
        assert!(beside.add(&all).unwrap());
        let expected = [token("1", "crm"), token("2", "shop"), token("3", "shop"), all];
        assert_eq!(tokens.list().unwrap(), expected);
        assert_eq!(Tokens::open_read_only(database).unwrap().list().unwrap(), expected);
        assert_eq!(tokens.revoke("shop").unwrap(), None, "two have that name");
        assert_eq!(tokens.revoke("crm").unwrap().as_deref(), Some("1"));
        assert_eq!(tokens.revoke("2").unwrap().as_deref(), Some("2"));
        assert_eq!(tokens.revoke("2").unwrap(), None);
        assert_eq!(tokens.revoke("łøç \u{0}").unwrap().as_deref(), Some("4"));
        assert_eq!(beside.list().unwrap(), [token("3", "shop")]);
        // An older one with its id for a name.
        let older = TokenRow { created_at: Timestamp::from_millis(1), ..token("0", "3") };
        assert!(beside.add(&older).unwrap());
        assert_eq!(beside.revoke("3").unwrap().as_deref(), Some("3"), "its id, not its name");
    }

    /// A server lists the tokens every second, for as long as it runs.
    #[cfg(all(feature = "postgres", unix))]
    #[test]
    fn a_lost_connection_is_replaced() {
        let Some(mut cluster) = crate::journal::postgres::cluster::Cluster::start() else { return };
        let database = Database::from(cluster.new_database());
        let mut tokens = Tokens::open(&database).unwrap();
        assert!(tokens.add(&token("1", "crm")).unwrap());
        cluster.stop_immediately();
        assert!(tokens.list().is_err());
        assert!(tokens.add(&token("2", "shop")).is_err());
        cluster.start_again();
        assert_eq!(tokens.list().unwrap(), [token("1", "crm")]);
        cluster.stop_immediately();
        cluster.start_again();
        assert_eq!(tokens.list().unwrap(), [token("1", "crm")], "nobody has noticed");
    }
}
