//! `relata completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::Completions;

pub(super) fn run(command: &Completions) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    out.write_all(&command.script())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
