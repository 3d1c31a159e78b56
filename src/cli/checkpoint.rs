//! `relata checkpoint`.

use std::process::ExitCode;

use anyhow::Context;
use relata::journal::{Database, FileSizes, JournalError};
use relata::{OpenError, Options, Store};
use serde::Serialize;

use crate::cli::database::ensure_exists;
use crate::cli::output::{print_json, print_line};
use crate::config::CheckpointArgs;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    seq: u64,
    database_bytes: u64,
    log_bytes: u64,
}

pub(super) fn run(db: &Database, command: &CheckpointArgs) -> anyhow::Result<ExitCode> {
    ensure_exists(db)?;
    let opened = Store::open_with(db, Options::default()).map_err(|error| match error {
        OpenError::Journal(JournalError::InUse { .. }) => anyhow::anyhow!(
            "{db}: another process has it open for writing; a server saves checkpoints by itself, \
             see --checkpoint-events and --checkpoint-ms"
        ),
        error => anyhow::Error::new(error).context(db.to_string()),
    });
    let store = opened?;
    store.checkpoint()?;
    let seq = store.checkpoint_seq();
    // SQLite moves the rest of the log into the database when the last connection closes.
    store.close()?;
    let FileSizes { database, log } = sizes(db)?;
    let body = Body { seq, database_bytes: database, log_bytes: log };
    if command.json {
        print_json(&body)?;
    } else {
        let Body { seq, database_bytes, log_bytes } = body;
        print_line(format_args!(
            "the checkpoint includes event {seq}; {database_bytes} bytes, {log_bytes} in the log"
        ))
        .context("cannot print")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the sizes of a file and its log, or of a server's database, which has no log of
/// its own.
fn sizes(db: &Database) -> Result<FileSizes, JournalError> {
    let Some(path) = db.file() else { return db.open_read_only()?.file_sizes() };
    let size = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |metadata| metadata.len())
    };
    Ok(FileSizes { database: size(""), log: size("-wal") })
}
