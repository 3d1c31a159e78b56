//! `relata verify`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::journal::SqliteJournal;
use relata::verify;
use serde::Serialize;

use super::output::{print_json, say};
use crate::config::Verify;

/// Differences beyond this many tell nothing new.
const DIFFERENCES_MAX: usize = 20;

#[derive(Serialize)]
struct Body {
    ok: bool,
    events: u64,
    pruned: u64,
    checkpoint: u64,
    locations: usize,
    differences: Vec<String>,
}

pub(super) fn run(db: &Path, command: &Verify) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(db.exists(), "{}: there is no such database", db.display());
    let mut journal =
        SqliteJournal::open_read_only(db).with_context(|| db.display().to_string())?;
    let found = verify(&mut journal, DIFFERENCES_MAX)?;
    let body = Body {
        ok: found.differences.is_empty(),
        events: found.events,
        pruned: found.pruned,
        checkpoint: found.checkpoint,
        locations: found.locations,
        differences: found.differences.iter().map(ToString::to_string).collect(),
    };
    if command.json {
        print_json(&body)?;
    } else if body.ok && body.pruned > 0 {
        let Body { events, pruned, checkpoint, locations, .. } = body;
        say(format_args!(
            "ok: {events} events in {locations} locations, those up to {pruned} pruned; the others \
             agree with the checkpoint at {checkpoint} and what follows"
        ))?;
    } else if body.ok {
        let Body { events, checkpoint, locations, .. } = body;
        say(format_args!(
            "ok: {events} events in {locations} locations; replaying all of them gives the \
             checkpoint at {checkpoint} and what follows"
        ))?;
    } else {
        say("the checkpoint (left) is not what the journal says (right):")?;
        body.differences.iter().try_for_each(say)?;
    }
    Ok(if body.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
