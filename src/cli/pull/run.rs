//! Reads one location after another, and decides how the command ends.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use relata::journal::{Database, JournalError};
use relata::pull::{
    Destination, EventCounts, EventWriter, FileDestination, PullError, ReadSettings, Reader,
    Report, ResumeFile, Stop, StopReason, StoreDestination, StreamDestination, UpstreamSettings,
};
use relata::{OpenError, Options, Store};

use crate::cli::pull::display::Display;
use crate::cli::pull::estimate::print_estimate;
use crate::cli::pull::place::{check_files, is_stdout, resume_file};
use crate::cli::pull::stopped::{EXIT_AGAIN, exit_status, print_stopped};
use crate::cli::pull::summary::{print_summary, write_summary};
use crate::cli::{errors, signals};
use crate::config::PullArgs;

/// Exit status of wrong usage.
pub(in crate::cli) const EXIT_USAGE: u8 = 2;

pub(in crate::cli) fn run(db: &Database, pull: &PullArgs) -> anyhow::Result<ExitCode> {
    match pull_all(db, pull) {
        Err(error) if is_usage(&error) => {
            errors::print_error(&error);
            Ok(ExitCode::from(EXIT_USAGE))
        }
        ended => ended,
    }
}

/// Returns whether an error is one of the command line, which nothing was read for.
pub(in crate::cli) fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<relata::pull::BaseUrlError>()
            || cause.is::<relata::pull::SecretError>()
            || matches!(cause.downcast_ref(), Some(PullError::Setting(_)))
    })
}

fn pull_all(db: &Database, pull: &PullArgs) -> anyhow::Result<ExitCode> {
    let stop = stop_by_signal()?;
    let upstream = pull.upstream.settings()?;
    if pull.location.len() > 1 && (pull.state.is_some() || is_file(pull)) {
        let why = "a file holds one location: name each in a run of its own";
        return Err(PullError::Setting(why.to_owned()).into());
    }
    if pull.dry_run {
        return dry_run(pull, &upstream, &stop);
    }
    check_files(db, pull)?;
    let store = match (&pull.to, &pull.output) {
        (None, None) => Some(open(db, pull)?),
        _ => None,
    };
    let mut worst = 0;
    for location in &pull.location {
        let settings = pull.read_settings(location);
        let (report, events) = one(db, pull, &upstream, settings, &stop, store.as_ref())?;
        if is_stdout(pull) {
            write_summary(io::stderr(), pull, &report, &events)?;
        } else {
            print_summary(pull, &report, &events)?;
        }
        worst = worst.max(status(&report, &events));
        if stop.reason().is_some() {
            break;
        }
    }
    store.map(Store::close).transpose()?;
    Ok(ExitCode::from(worst))
}

fn is_file(pull: &PullArgs) -> bool {
    pull.output.is_some() && !is_stdout(pull)
}

fn status(report: &Report, events: &EventCounts) -> u8 {
    match &report.stopped {
        Some(reason) => exit_status(reason),
        None if report.is_complete() && events.refused == 0 => 0,
        _ => EXIT_AGAIN,
    }
}

/// Reads one location.
fn one(
    db: &Database,
    pull: &PullArgs,
    upstream: &UpstreamSettings,
    settings: ReadSettings,
    stop: &Stop,
    store: Option<&Store>,
) -> anyhow::Result<(Report, EventCounts)> {
    let location = settings.location.clone();
    let reader = Reader::new(upstream.clone(), settings, stop.clone())?;
    let resume = resume_file(db, pull, &location);
    let destination = destination(pull, stop, store)?;
    let mut writer = match EventWriter::new(&location, pull.keep.into(), destination) {
        Err(PullError::Stopped(reason)) => {
            let report = Report { location, stopped: Some(reason), ..Report::default() };
            return Ok((report, EventCounts::default()));
        }
        created => created?,
    };
    let mut display = Display::new(pull.progress)?;
    let read = reader.read(&mut writer, resume.as_ref(), &mut |it| display.show(it));
    display.end();
    let report = read.with_context(|| format!("location {location}"))?;
    Ok((report, writer.counts().clone()))
}

fn destination<'s>(
    pull: &PullArgs,
    stop: &Stop,
    store: Option<&'s Store>,
) -> anyhow::Result<Box<dyn Destination + 's>> {
    if let Some(store) = store {
        return Ok(Box::new(StoreDestination(store)));
    }
    if let Some(server) = pull.server(stop)? {
        return Ok(Box::new(server));
    }
    let output = pull.output.as_deref().filter(|_| !is_stdout(pull));
    Ok(match output {
        Some(path) => Box::new(FileDestination::create(path)?),
        None => Box::new(StreamDestination::new(io::stdout())),
    })
}

/// Opens the store to write to.
fn open(db: &Database, pull: &PullArgs) -> anyhow::Result<Store> {
    let options = Options { keep: pull.keep.into(), ..Options::default() };
    match Store::open_with(db, options) {
        Err(OpenError::Journal(JournalError::InUse { .. })) => {
            let files = pull.location.iter().filter_map(|it| resume_file(db, pull, it));
            match files.into_iter().find(ResumeFile::is_in_use) {
                Some(file) => Err(PullError::Running(file.path.display().to_string()).into()),
                None => anyhow::bail!(
                    "another process writes to {db}: use --to with the address of the server"
                ),
            }
        }
        opened => opened.with_context(|| db.to_string()),
    }
}

fn dry_run(pull: &PullArgs, upstream: &UpstreamSettings, stop: &Stop) -> anyhow::Result<ExitCode> {
    for location in &pull.location {
        let settings = pull.read_settings(location);
        let reader = Reader::new(upstream.clone(), settings, stop.clone())?;
        let estimate = match reader.estimate() {
            Ok(estimate) => estimate,
            Err(PullError::Stopped(reason)) => {
                let missing = format!("what {location} will cost is not known");
                return Ok(print_stopped(&reason, &missing));
            }
            Err(error) => return Err(error).with_context(|| format!("location {location}")),
        };
        print_estimate(pull, location, upstream, &estimate, reader.left_today())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what the first signal stops. The second ends the process.
pub(in crate::cli) fn stop_by_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let stopped = stop.clone();
    signals::on_stop(move || stopped.stop(StopReason::Asked))?;
    Ok(stop)
}
