//! `relata backup`.

use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use relata::journal::{Database, backup};
use serde_json::json;

use crate::cli::database::{ensure_exists, file};
use crate::cli::destination::Reserved;
use crate::cli::new_database::{create, ensure_new, of_place};
use crate::cli::output::{print_json, print_line, shows_progress};
use crate::config::BackupArgs;

pub(super) fn run(db: &Database, command: &BackupArgs) -> anyhow::Result<ExitCode> {
    let advice = "copy the store into a file by `relata copy`, or back the database up with its \
        own tools: pg_dump or a base backup";
    let path = file(db, advice)?;
    ensure_exists(db)?;
    let to = &*command.to;
    Reserved::database(db).check(to).with_context(|| to.display().to_string())?;
    ensure_new(to)?;
    let bar = if shows_progress() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pages")?);
    let head = create(to, |temporary| {
        let copied = backup(path, temporary, &mut |copied, total| {
            bar.set_length(total);
            bar.set_position(copied);
        });
        copied.map_err(|error| {
            let error = of_place(error, temporary, to);
            error.unwrap_or_else(|error| anyhow::Error::new(error).context(db.to_string()))
        })
    })?;
    bar.finish_and_clear();
    let bytes = std::fs::metadata(to)?.len();
    if command.json {
        print_json(&json!({ "file": command.to, "events": head, "bytes": bytes }))?;
    } else {
        print_line(format_args!(
            "{} includes everything up to event {head}, {bytes} bytes",
            command.to.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
