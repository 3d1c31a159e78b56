//! The `relata` command: parse, run, say what went wrong.

#[cfg(not(unix))]
compile_error!(
    "the relata command is for Unix; as a library, relata builds elsewhere with --lib \
     --no-default-features"
);

mod cli;
mod config;
mod sync;

use std::process::ExitCode;

fn main() -> ExitCode {
    match config::Config::read().and_then(cli::run) {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}
