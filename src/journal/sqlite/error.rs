//! Errors of SQLite, and what to do about them.

use rusqlite::ErrorCode;

use crate::journal::error::{JournalError, WriteOutcome};

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use WriteOutcome::{Damaged, NothingWritten, Unknown};
        let (outcome, advice) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (Unknown, "free some space on the disk"),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                (Unknown, "let this user write to the file and its folder")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                (Damaged, "restore the database from a backup")
            }
            // Only ever met before a transaction has begun to write.
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (NothingWritten, "end the program that holds the database")
            }
            _ => (Unknown, "look at the disk and the system's log"),
        };
        Self::Storage { source: Box::new(error), advice, outcome }
    }
}
