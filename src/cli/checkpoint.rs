//! `relata checkpoint`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::journal::JournalError;
use relata::{OpenError, Options, Store};
use serde::Serialize;

use crate::cli::output::{print_json, print_line};
use crate::config::CheckpointArgs;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    seq: u64,
    database_bytes: u64,
    log_bytes: u64,
}

pub(super) fn run(db: &Path, command: &CheckpointArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(db.exists(), "{}: there is no such database", db.display());
    let opened = Store::open_with(db, Options::default()).map_err(|error| match error {
        OpenError::Journal(JournalError::InUse { .. }) => anyhow::anyhow!(
            "{}: another process has it open for writing; a server saves checkpoints by itself, \
             see --checkpoint-events and --checkpoint-ms",
            db.display()
        ),
        error => anyhow::Error::new(error).context(db.display().to_string()),
    });
    let store = opened?;
    store.checkpoint()?;
    let seq = store.checkpoint_seq();
    // SQLite moves the rest of the log into the database when the last connection closes.
    store.close()?;
    let size = |suffix: &str| {
        let mut name = db.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |metadata| metadata.len())
    };
    let body = Body { seq, database_bytes: size(""), log_bytes: size("-wal") };
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
