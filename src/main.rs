//! The `relata` command: parses the command line, runs a command, reports its error.

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
            cli::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
