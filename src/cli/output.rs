//! What people and programs read.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use relata::journal::JournalError;
use relata::{Location, OpenError, Store};

use crate::cli::log;
use crate::config::{LocationArg, is_dumb_terminal};

/// Prints a line to standard output.
pub(super) fn say(line: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Whether somebody watches who can be shown a bar that moves.
pub(super) fn has_progress() -> bool {
    io::stderr().is_terminal() && !is_dumb_terminal()
}

/// Prints an error to standard error, on one line.
pub(crate) fn complain(error: &anyhow::Error) {
    if error.chain().any(is_broken_pipe) {
        return; // Whoever read the output has enough.
    }
    log::print_line(&format!("relata: {}", on_one_line(error)));
}

/// Whether an error is that of a pipe whose reader is gone, in whatever it is
/// wrapped: an `io::Error` does not count what it holds among its causes.
fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| {
        error.kind() == io::ErrorKind::BrokenPipe
            || error.get_ref().is_some_and(|held| is_broken_pipe(held))
    })
}

/// An error and its causes, but for those whose words are there already, and
/// what can be done about it.
fn on_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            let joint = if line.is_empty() { "" } else { ": " };
            line.extend([joint, &cause]);
        }
    }
    let advice = error.chain().find_map(|cause| match cause.downcast_ref::<OpenError>() {
        Some(OpenError::Journal(error)) => Some(error.advice()),
        _ => cause.downcast_ref::<JournalError>().map(JournalError::advice),
    });
    line.extend(advice.map(|advice| format!("; {advice}")));
    line.replace('\n', " ")
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string(value)?)?;
    Ok(())
}

/// Refuses a database that is not there.
pub(super) fn ensure_exists(db: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(db.exists(), "{}: there is no such database", db.display());
    Ok(())
}

/// Opens a store for questions, beside a server that may be running.
pub(super) fn open_for_questions(db: &Path) -> anyhow::Result<Store> {
    ensure_exists(db)?;
    Store::open_read_only(db).with_context(|| db.display().to_string())
}

/// Opens the location that a question is about, and none of the others.
pub(super) fn open_location(
    db: &Path,
    place: &LocationArg,
) -> anyhow::Result<(Store, Arc<Location>)> {
    ensure_exists(db)?;
    let shown = || db.display().to_string();
    let id = match &place.location {
        Some(id) => id.to_owned(),
        None => only_location(Store::location_ids(db, NAMED_MAX + 1).with_context(shown)?)?,
    };
    let store = Store::open_location_read_only(db, &id).with_context(shown)?;
    let location = store.location(&id).with_context(|| format!("there is no location {id}"))?;
    Ok((store, location))
}

/// Locations that an error names at most.
const NAMED_MAX: usize = 5;

fn only_location(mut ids: Vec<String>) -> anyhow::Result<String> {
    if ids.len() > NAMED_MAX {
        ids.truncate(NAMED_MAX);
        ids.push("…".to_owned());
    }
    match ids.len() {
        0 => anyhow::bail!("the store is empty"),
        1 => Ok(ids.remove(0)),
        _ => anyhow::bail!(
            "the store holds several locations; choose with --location: {}",
            ids.join(", ")
        ),
    }
}

/// Prints rows under a heading, each column as wide as its widest cell.
pub(super) fn print_table(heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let mut out = io::stdout().lock();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(&mut heading.iter().copied())?;
    rows.iter().try_for_each(|row| {
        line(
            &mut row
                .iter()
                .map(|cell| visible(cell))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        )
    })
}

/// Says that a list does not hold everything, if so.
pub(super) fn say_if_more(
    shown: usize,
    more: bool,
    total: Option<u64>,
    what: &str,
) -> io::Result<()> {
    match total {
        _ if !more => Ok(()),
        Some(total) => say(format_args!("{shown} of {total} {what}; more with --limit")),
        None => say(format_args!("the first {shown} {what}; more with --limit")),
    }
}

/// A label, or that its association has not come yet.
pub(super) fn label_text(label: Option<&str>) -> String {
    label.unwrap_or("(not known yet)").to_owned()
}

/// A text from outside, without what would move a terminal's cursor.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
