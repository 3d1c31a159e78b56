//! `relata verify`.

use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use relata::journal::Database;
use relata::operations::{
    Verification, VerifyOptions, VerifyProgress, repair_with, verify_location, verify_with,
};
use serde::Serialize;

use crate::cli::database::ensure_exists;
use crate::cli::output::{print_json, print_line, shows_progress};
use crate::config::VerifyArgs;

/// Maximum number of differences reported.
const DIFFERENCES_MAX: usize = 20;

#[derive(Serialize)]
struct Body {
    ok: bool,
    events: u64,
    pruned: u64,
    checkpoint: u64,
    locations: usize,
    differing: Vec<String>,
    differences: Vec<String>,
    repaired: bool,
}

pub(super) fn run(db: &Database, command: &VerifyArgs) -> anyhow::Result<ExitCode> {
    ensure_exists(db)?;
    let progress = progress()?;
    let found = find(db, command, &mut |now| {
        progress.set_length(now.all);
        progress.set_position(now.read);
    })?;
    progress.finish_and_clear();
    let body = Body {
        ok: found.differences.is_empty(),
        events: found.events,
        pruned: found.pruned,
        checkpoint: found.checkpoint,
        locations: found.locations,
        differing: found.differing.iter().map(ToString::to_string).collect(),
        repaired: command.repair && !found.differences.is_empty() && found.pruned == 0,
        differences: found.differences.iter().map(ToString::to_string).collect(),
    };
    if command.json {
        print_json(&body)?;
    } else if body.ok {
        print_line(proof(&body, command.location.as_deref()))?;
    } else {
        print_line("the checkpoint (left) differs from the journal (right):")?;
        body.differences.iter().try_for_each(print_line)?;
        print_line(verdict(&body, command.repair))?;
    }
    Ok(if body.ok || body.repaired { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find(
    db: &Database,
    command: &VerifyArgs,
    report: &mut dyn FnMut(VerifyProgress),
) -> anyhow::Result<Verification> {
    let options = VerifyOptions { differences_max: DIFFERENCES_MAX, ..VerifyOptions::default() };
    let named = || db.to_string();
    if command.repair {
        let mut journal = db.open().with_context(named)?;
        return Ok(repair_with(journal.as_mut(), &options, report)?);
    }
    let mut journal = db.open_read_only().with_context(named)?;
    let Some(id) = &command.location else {
        return Ok(verify_with(journal.as_mut(), &options, report)?);
    };
    let found = verify_location(journal.as_mut(), id, &options, report)?;
    found.with_context(|| format!("there is no location {id}"))
}

fn progress() -> anyhow::Result<ProgressBar> {
    if !shows_progress() {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {human_pos}/{human_len} events read {eta}";
    Ok(ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?))
}

/// Returns what was proven.
fn proof(body: &Body, location: Option<&str>) -> String {
    let Body { events, pruned, checkpoint, locations, .. } = body;
    match (location, *pruned > 0) {
        (None, true) => format!(
            "ok: {events} events in {locations} locations, those up to {pruned} pruned; the others \
             agree with the checkpoint at {checkpoint} and what follows"
        ),
        (None, false) => format!(
            "ok: {events} events in {locations} locations; replaying all of them gives the \
             checkpoint at {checkpoint} and what follows"
        ),
        (Some(id), true) => format!(
            "ok: the events of {id} after {pruned}, up to which they are pruned, agree with the \
             checkpoint at {checkpoint} and what follows"
        ),
        (Some(id), false) => format!(
            "ok: replaying the events of {id} gives the checkpoint at {checkpoint} and what follows"
        ),
    }
}

/// Returns which locations differ, and what was or can be done about it.
fn verdict(body: &Body, repair: bool) -> String {
    let Body { differing, pruned, .. } = body;
    let names = if differing.is_empty() { "none".to_owned() } else { differing.join(", ") };
    if body.repaired {
        format!("repaired: the checkpoint now agrees with the journal; locations: {names}")
    } else if *pruned > 0 {
        let refused = if repair { "nothing was repaired: " } else { "" };
        format!(
            "{refused}events up to {pruned} are pruned, so these locations can neither be \
             verified nor rebuilt: {names}; restore the database from a backup"
        )
    } else {
        format!("differing locations: {names}; `relata verify --repair` rebuilds them")
    }
}
