//! Compares, repairs if asked to, and decides how the command ends.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::drift::{
    Comparison, DriftError, Repair, RepairSettings, SampleEstimate, compare_sample,
    compare_with_dump, compare_with_sender, repair, repair_by_server,
};
use relata::journal::{Database, JournalError};
use relata::pull::{PullError, Reader, Stop};
use relata::{OpenError, Store, Timestamp};

use crate::cli::database::{ensure_exists, open_read_only};
use crate::cli::drift::summary::{open_report, print, write_report};
use crate::cli::errors;
use crate::cli::pull::{Display, EXIT_AGAIN, EXIT_USAGE, is_usage, print_stopped, stop_by_signal};
use crate::config::DriftArgs;

pub(in crate::cli) fn run(db: &Database, drift: &DriftArgs) -> anyhow::Result<ExitCode> {
    match compare_and_repair(db, drift) {
        Err(error) if is_usage(&error) => {
            errors::print_error(&error);
            Ok(ExitCode::from(EXIT_USAGE))
        }
        Err(error) => match error.downcast_ref() {
            Some(DriftError::Stopped(reason)) => {
                Ok(print_stopped(reason, "nothing was compared for good"))
            }
            _ => Err(error),
        },
        ended => ended,
    }
}

fn compare_and_repair(db: &Database, drift: &DriftArgs) -> anyhow::Result<ExitCode> {
    if let Some(fault) = drift.fault() {
        return Err(PullError::Setting(fault.to_owned()).into());
    }
    ensure_exists(db)?;
    let report = open_report(db, drift)?;
    // Reading a dump ends at once.
    let stop = if drift.against.is_none() { stop_by_signal()? } else { Stop::default() };
    let server = drift.server(&stop)?;
    let store =
        if drift.repair.apply && server.is_none() { open(db)? } else { open_read_only(db)? };
    let mut sample = None;
    let comparison = match (&drift.against, drift.sample) {
        (Some(dump), _) => with_dump(&store, drift, dump)?,
        (None, None) => with_sender(&store, drift, stop)?,
        (None, Some(size)) => {
            let (comparison, estimate) = with_sample(&store, drift, stop, size.get())?;
            sample = Some(estimate);
            comparison
        }
    };
    let repairs = if drift.repair.apply {
        let trust_dump = drift.against.as_deref().filter(|_| drift.repair.trust_dump);
        let settings = RepairSettings {
            trust_dump: trust_dump.map(last_change).transpose()?,
            allow_mass_delete: drift.repair.allow_mass_delete,
        };
        let (store, location) = (&store, &*drift.location);
        Some(match &server {
            Some(server) => repair_by_server(server, store, location, &comparison, &settings)?,
            None => repair(store, location, &comparison, &settings)?,
        })
    } else {
        None
    };
    if let Some(to) = report {
        write_report(to, &comparison, repairs.as_deref())?;
    }
    print(drift, &comparison, repairs.as_deref(), sample)?;
    if drift.repair.apply {
        store.close()?;
    }
    Ok(ExitCode::from(status(&comparison, repairs.as_deref())))
}

fn status(comparison: &Comparison, repairs: Option<&[Repair]>) -> u8 {
    let is_repaired =
        |repairs: &[Repair]| repairs.iter().all(|it| matches!(it, Repair::Applied(_)));
    let is_equal = match repairs {
        Some(repairs) => is_repaired(repairs),
        None => comparison.findings.is_empty(),
    };
    if is_equal && comparison.is_complete() { 0 } else { EXIT_AGAIN }
}

fn reader(drift: &DriftArgs, stop: Stop) -> anyhow::Result<Reader> {
    Ok(Reader::new(drift.upstream.settings()?, drift.read_settings(), stop)?)
}

fn with_sender(store: &Store, drift: &DriftArgs, stop: Stop) -> anyhow::Result<Comparison> {
    let reader = reader(drift, stop)?;
    let mut display = Display::new(drift.progress)?;
    let compared =
        compare_with_sender(store, &reader, &drift.settings(), &mut |it| display.show(it));
    display.end();
    Ok(compared?)
}

/// Compares a sample. Returns what it says, too, and by which seed it was chosen.
fn with_sample(
    store: &Store,
    drift: &DriftArgs,
    stop: Stop,
    size: usize,
) -> anyhow::Result<(Comparison, (SampleEstimate, u64))> {
    let reader = reader(drift, stop)?;
    let seed = drift.seed.unwrap_or_else(|| Timestamp::now().as_millis().unsigned_abs());
    let (comparison, estimate) = compare_sample(store, &reader, &drift.settings(), size, seed)?;
    Ok((comparison, (estimate, seed)))
}

fn with_dump(store: &Store, drift: &DriftArgs, dump: &Path) -> anyhow::Result<Comparison> {
    let shown = || dump.display().to_string();
    let file = File::open(dump).with_context(shown)?;
    let only = drift.settings().only;
    compare_with_dump(store, &drift.location, file, &only).with_context(shown)
}

/// Returns when a file last changed.
fn last_change(path: &Path) -> anyhow::Result<Timestamp> {
    let changed = std::fs::metadata(path)?.modified()?;
    let millis = changed.duration_since(std::time::UNIX_EPOCH)?.as_millis();
    Ok(Timestamp::from_millis(i64::try_from(millis)?))
}

/// Opens the store to write to.
fn open(db: &Database) -> anyhow::Result<Store> {
    match Store::open(db) {
        Err(OpenError::Journal(JournalError::InUse { .. })) => anyhow::bail!(
            "another process writes to {db}: repairs can be sent to it by --to; without --apply \
             nothing is written"
        ),
        opened => opened.with_context(|| db.to_string()),
    }
}
