//! Where a test keeps its database.

use std::path::PathBuf;

/// A folder that goes with the test, and the path of a database in it that is not there yet.
pub(crate) fn fresh() -> std::io::Result<(tempfile::TempDir, PathBuf)> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    Ok((directory, db))
}
