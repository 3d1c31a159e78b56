//! Errors of a database server, and what to do about them.

use tokio_postgres::error::SqlState;

use crate::journal::error::{JournalError, WriteOutcome};

impl From<tokio_postgres::Error> for JournalError {
    fn from(error: tokio_postgres::Error) -> Self {
        let (outcome, advice) = class(error.code());
        // The library's own text leaves out what the server has said.
        let source = match error.as_db_error() {
            Some(told) => format!("{} ({})", told.message(), told.code().code()).into(),
            None => Box::new(error) as Box<dyn std::error::Error + Send + Sync>,
        };
        Self::Storage { source, advice, outcome }
    }
}

/// Returns what a statement that failed with this code has done. An error that the server
/// reports has undone its transaction, unless the server or the connection was ending.
fn class(code: Option<&SqlState>) -> (WriteOutcome, &'static str) {
    use WriteOutcome::{Damaged, NothingWritten, Unknown};
    let Some(code) = code else {
        return (Unknown, "look at the database server and the network to it");
    };
    match code.code() {
        "53100" => (NothingWritten, "free some space on the disk of the database server"),
        // Of a standby: another server is the primary now.
        "25006" => (Unknown, "let the URL name every server, with target_session_attrs=read-write"),
        "42501" => (NothingWritten, "grant the role the rights to its schema"),
        "28000" | "28P01" => (Unknown, "let the role log in: see PGPASSFILE"),
        "XX001" | "XX002" => (Damaged, "restore the database from a backup"),
        // Two appends after the same event: a writer has not waited for its turn.
        "23505" | "42P01" | "42703" => {
            (Damaged, "look whether another program changes the tables of Relata")
        }
        "40003" => (Unknown, "look at the database server"),
        state if ["08", "57"].iter().any(|class| state.starts_with(class)) => {
            (Unknown, "look at the database server and the network to it")
        }
        _ => (NothingWritten, "look at the database server and its log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was undone is answered and may be sent again at once; what is unknown is looked up
    /// in the journal first; after damage nothing more is written.
    #[test]
    fn codes_say_what_a_failed_statement_has_done() {
        use WriteOutcome::{Damaged, NothingWritten, Unknown};
        for (code, expected, advice) in [
            ("01000", NothingWritten, "its log"),
            ("08003", Unknown, "network"),
            ("08006", Unknown, "network"),
            ("23505", Damaged, "another program"),
            ("25006", Unknown, "target_session_attrs"),
            ("25P03", NothingWritten, "its log"),
            ("28P01", Unknown, "PGPASSFILE"),
            ("40001", NothingWritten, "its log"),
            ("40003", Unknown, "database server"),
            ("40P01", NothingWritten, "its log"),
            ("42501", NothingWritten, "rights"),
            ("42703", Damaged, "another program"),
            ("42P01", Damaged, "another program"),
            ("53100", NothingWritten, "free some space"),
            ("53300", NothingWritten, "its log"),
            ("57014", Unknown, "network"),
            ("57P01", Unknown, "network"),
            ("57P02", Unknown, "network"),
            ("57P03", Unknown, "network"),
            ("XX001", Damaged, "backup"),
            ("XX002", Damaged, "backup"),
        ] {
            let (outcome, given) = class(Some(&SqlState::from_code(code)));
            assert_eq!(outcome, expected, "{code}");
            assert!(given.contains(advice), "{code}: {given}");
        }
        assert_eq!(class(None).0, Unknown, "the connection is lost");
    }
}
