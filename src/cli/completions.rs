//! `relata completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::CompletionsArgs;

pub(super) fn run(command: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    out.write_all(&command.script())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
