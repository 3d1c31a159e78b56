//! `relata backup`.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use relata::journal::backup;
use serde_json::json;

use super::output::{print_json, say};
use crate::config::Backup;

pub(super) fn run(db: &Path, command: &Backup) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(db.exists(), "{}: there is no such database", db.display());
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pages")?);
    let head = backup(db, &command.to, &mut |copied, total| {
        bar.set_length(total);
        bar.set_position(copied);
    })
    .with_context(|| db.display().to_string())?;
    bar.finish_and_clear();
    let bytes = std::fs::metadata(&command.to)?.len();
    if command.json {
        print_json(&json!({ "file": command.to, "events": head, "bytes": bytes }))?;
    } else {
        say(format_args!(
            "{} holds everything up to event {head}, {bytes} bytes",
            command.to.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
