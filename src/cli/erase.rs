//! `relata erase`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use relata::api::EraseResponse;
use relata::journal::{Database, JournalError};
use relata::{OpenError, Options, Store};

use crate::cli::database::ensure_exists;
use crate::cli::output::{print_json, print_line};
use crate::config::EraseArgs;

pub(super) fn run(db: &Database, command: &EraseArgs) -> anyhow::Result<ExitCode> {
    ensure_exists(db)?;
    let id = &*command.location;
    if !command.yes {
        confirm(id)?;
    }
    let opened = Store::open_with(db, Options::default()).map_err(|error| match error {
        OpenError::Journal(JournalError::InUse { .. }) => anyhow::anyhow!(
            "{db}: another process has it open for writing; use the server's API: \
             DELETE /v1/locations/{id}"
        ),
        error => anyhow::Error::new(error).context(db.to_string()),
    });
    let store = opened?;
    let erased = store.erase_location(id)?;
    let body = EraseResponse::new(&erased.with_context(|| format!("there is no location {id}"))?);
    store.close()?;
    if command.json {
        print_json(&body)?;
    } else {
        print_line(format_args!(
            "erased {id}: {} events, {} dead letters, {} records, {} relations",
            body.events, body.dead_letters, body.records, body.relations
        ))?;
        if !body.log_emptied {
            print_line(
                "another program is reading the database: until it ends, the write-ahead log still has the \
                 data",
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a person confirm by typing the id.
fn confirm(id: &str) -> anyhow::Result<()> {
    anyhow::ensure!(io::stdin().is_terminal(), "erasing cannot be undone: confirm with --yes");
    write!(io::stderr(), "this cannot be undone; type the id of the location to erase it: ")?;
    let mut typed = String::new();
    io::stdin().read_line(&mut typed)?;
    anyhow::ensure!(typed.trim_end_matches(['\r', '\n']) == id, "nothing was erased");
    Ok(())
}
