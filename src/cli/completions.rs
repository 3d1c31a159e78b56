//! `relata completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::Completions;

pub(super) fn run(command: &Completions) -> anyhow::Result<ExitCode> {
    io::stdout().lock().write_all(&command.script())?;
    Ok(ExitCode::SUCCESS)
}
