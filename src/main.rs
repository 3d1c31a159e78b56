//! The `relata` command: parse, run, say what went wrong.

mod cli;
mod config;

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
