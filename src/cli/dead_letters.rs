//! `relata dead-letters`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use relata::api::{DeadLetterItem, DeadLetterResponse};
use relata::journal::{Database, DeadLetterSummary, Journal, JournalError, JournalReader};
use relata::operations::ReplayError;
use relata::webhook::UrlTypes;
use relata::{IngestError, OpenError, Options, Store};

use crate::cli::database::ensure_exists;
use crate::cli::output::{print_json, print_line, print_table};
use crate::config::{LettersAction, Names};

/// Number of dead letters read at once.
const CHUNK: usize = 100;

pub(super) fn run(db: &Database, action: &LettersAction) -> anyhow::Result<ExitCode> {
    match action {
        LettersAction::List { json } => list(reader(db)?.as_mut(), *json)?,
        LettersAction::Show { id, json } => show(reader(db)?.as_mut(), *id, *json)?,
        LettersAction::Replay { id: Some(id), url, names, .. } => {
            let receipt = open(db, names)?
                .replay_dead_letter(*id, url.types())?
                .with_context(|| missing(*id))?;
            print_line(format_args!("dead letter {id}: {}", receipt.status.as_str()))?;
        }
        LettersAction::Replay { id: None, url, names, .. } => {
            return replay_all(&open(db, names)?, db, url.types());
        }
        LettersAction::Delete { id: Some(id), .. } => {
            anyhow::ensure!(writer(db)?.delete_dead_letter(*id)?, missing(*id));
            print_line(format_args!("dead letter {id} is deleted"))?;
        }
        LettersAction::Delete { id: None, .. } => {
            let mut journal = writer(db)?;
            let mut deleted = 0;
            each(journal.as_mut(), |journal, letter| {
                journal.delete_dead_letter(letter.id)?;
                deleted += 1;
                Ok(())
            })?;
            print_line(format_args!("{deleted} deleted"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn missing(id: u64) -> String {
    format!("there is no dead letter {id}")
}

/// Opens only the journal, for reading: dead letters need no graph.
fn reader(db: &Database) -> anyhow::Result<Box<dyn JournalReader>> {
    ensure_exists(db)?;
    db.open_read_only().with_context(|| db.to_string())
}

/// Opens only the journal, for writing.
fn writer(db: &Database) -> anyhow::Result<Box<dyn Journal>> {
    ensure_exists(db)?;
    db.open().map_err(|error| refused(db, error))
}

/// Opens the store for writing.
fn open(db: &Database, names: &Names) -> anyhow::Result<Store> {
    ensure_exists(db)?;
    let options = Options { names: names.limits(), ..Options::default() };
    Store::open_with(db, options).map_err(|error| match error {
        OpenError::Journal(error) => refused(db, error),
        error => anyhow::Error::new(error).context(db.to_string()),
    })
}

fn refused(db: &Database, error: JournalError) -> anyhow::Error {
    match error {
        JournalError::InUse { .. } => anyhow::anyhow!(
            "{db}: a server has it open; use its API: POST /v1/dead-letters/ID/replay, \
             POST /v1/dead-letters/replay or DELETE /v1/dead-letters/ID"
        ),
        error => anyhow::Error::new(error).context(db.to_string()),
    }
}

fn each<J: JournalReader + ?Sized>(
    journal: &mut J,
    mut each: impl FnMut(&mut J, DeadLetterSummary) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let chunk = journal.dead_letters(after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = last.id;
        chunk.into_iter().try_for_each(|letter| each(journal, letter))?;
    }
}

fn list(journal: &mut dyn JournalReader, json: bool) -> anyhow::Result<()> {
    if json {
        return each(journal, |_, letter| print_json(&DeadLetterItem::new(&letter)));
    }
    let mut rows = Vec::new();
    each(journal, |_, letter| {
        rows.push(vec![
            letter.id.to_string(),
            letter.times.to_string(),
            letter.last_at.to_string(),
            letter.location.unwrap_or_else(|| "-".to_owned()),
            letter.code,
            letter.reason,
        ]);
        Ok(())
    })?;
    print_table(&["id", "times", "last", "location", "code", "reason"], &rows)?;
    let totals = journal.dead_letter_totals()?;
    if totals.dropped > 0 {
        print_line(format_args!("{} older ones were dropped to make room", totals.dropped))?;
    }
    Ok(())
}

fn show(journal: &mut dyn JournalReader, id: u64, json: bool) -> anyhow::Result<()> {
    let letter = journal.dead_letter(id)?.with_context(|| missing(id))?;
    if json {
        return print_json(&DeadLetterResponse::new(&letter));
    }
    let DeadLetterSummary { code, reason, times, first_at, last_at, url_type, .. } = letter.summary;
    let mut lines = vec![
        format!("{code}: {reason}"),
        format!("received {times} times, first {first_at}, last {last_at}"),
    ];
    lines.extend(url_type.map(|name| format!("posted as {name}")));
    lines.extend(letter.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.iter().try_for_each(print_line)?;
    print_line("")?;
    // Unchanged, to the byte.
    std::io::stdout().lock().write_all(&letter.body)?;
    print_line("")?;
    Ok(())
}

fn replay_all(store: &Store, db: &Database, url_types: UrlTypes) -> anyhow::Result<ExitCode> {
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    each(reader(db)?.as_mut(), |_, letter| {
        match store.replay_dead_letter(letter.id, url_types) {
            Ok(_) => accepted += 1,
            Err(ReplayError::Ingest(
                IngestError::Unreadable(_) | IngestError::LimitReached { .. },
            )) => refused += 1,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    })?;
    print_line(format_args!("{accepted} accepted, {refused} still cannot be used"))?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
