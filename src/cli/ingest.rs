//! `relata ingest`: bulk import of NDJSON.

use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use relata::api::ImportResponse;
use relata::import::{Import, ImportCounts, ImportedLine, LineOutcome};
use relata::journal::Database;
use relata::{Options, Store};
use serde_json::json;

use crate::cli::destination::{Destination, Reserved};
use crate::cli::output::{print_json, print_line, shows_progress};
use crate::config::IngestArgs;

/// Number of events between two checkpoints: about a second of a start.
const CHECKPOINT_EVENTS: u64 = 250_000;

/// Time between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);

pub(super) fn run(db: &Database, ingest: &IngestArgs) -> anyhow::Result<ExitCode> {
    let mut rejects = check(db, ingest)?;
    // The checkpoint at the end matters: until then a start replays what was imported.
    let pace = Options {
        checkpoint_events: CHECKPOINT_EVENTS,
        checkpoint_interval: CHECKPOINT_INTERVAL,
        names: ingest.names.limits(),
        ..Options::default()
    };
    let store = Store::open_with(db, pace).with_context(|| db.to_string())?;
    let mut counts = ImportCounts::default();
    for path in &ingest.files {
        let import = store.import();
        let import = if ingest.only_changes { import.only_changes() } else { import };
        counts +=
            file(import, path, rejects.as_mut()).with_context(|| path.display().to_string())?;
    }
    if let Some(rejects) = rejects {
        rejects.into_inner().map_err(IntoInnerError::into_error)?.finish()?;
    }
    report(&counts, ingest.json)?;
    store.close()?;
    Ok(if counts.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks every path of the command line before anything is read or written, and opens the
/// file for refused lines.
fn check(db: &Database, ingest: &IngestArgs) -> anyhow::Result<Option<BufWriter<Destination>>> {
    let mut reserved = Reserved::database(db);
    let files = || ingest.files.iter().filter(|path| path.as_os_str() != "-");
    ensure!(
        ingest.files.len() - files().count() < 2,
        "- is standard input, which can be read only once"
    );
    for path in files() {
        check_input(path, &reserved).with_context(|| path.display().to_string())?;
    }
    files().for_each(|path| reserved.input(path));
    let Some(path) = &ingest.rejects else { return Ok(None) };
    ensure!(
        path.as_os_str() != "-",
        "--rejects - is not a file; without --rejects, refused lines are logged"
    );
    Ok(Some(BufWriter::new(Destination::open(Some(path), &reserved)?)))
}

fn check_input(path: &Path, reserved: &Reserved) -> anyhow::Result<()> {
    let found = std::fs::metadata(path)?;
    reserved.check_file(&found)?;
    if found.is_file() {
        File::open(path)?;
    }
    Ok(())
}

fn file(
    import: Import<'_>,
    path: &Path,
    mut rejects: Option<&mut BufWriter<Destination>>,
) -> anyhow::Result<ImportCounts> {
    let (input, bytes): (Box<dyn Read>, u64) = if path.as_os_str() == "-" {
        (Box::new(io::stdin().lock()), 0)
    } else {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        (Box::new(file), bytes)
    };
    let progress = progress(bytes)?;
    let counts = import.read(progress.wrap_read(input), |line| match line.outcome {
        LineOutcome::Accepted { .. } => Ok(()),
        LineOutcome::Refused(_) => refused(line, rejects.as_deref_mut()),
    })?;
    progress.finish_and_clear();
    Ok(counts)
}

fn refused(line: ImportedLine<'_>, rejects: Option<&mut BufWriter<Destination>>) -> io::Result<()> {
    let LineOutcome::Refused(refusal) = line.outcome else { return Ok(()) };
    let (number, reason) = (line.number, refusal.error.to_string());
    let Some(rejects) = rejects else {
        tracing::warn!(line = number, reason, "line refused");
        return Ok(());
    };
    let body = String::from_utf8_lossy(&refusal.line);
    writeln!(rejects, "{}", json!({ "line": number, "reason": reason, "body": body }))
}

fn progress(bytes: u64) -> anyhow::Result<ProgressBar> {
    if !shows_progress() {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    Ok(ProgressBar::new(bytes).with_style(ProgressStyle::with_template(style)?))
}

fn report(counts: &ImportCounts, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&ImportResponse::new(counts));
    }
    let named = counts.named().map(|(name, count)| format!("{count} {name}"));
    Ok(print_line(named.join(", "))?)
}
