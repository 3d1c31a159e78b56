//! From the command line to its command.

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::config::{Command, Config};

use super::{export, ingest, links, serve, summary, verify};

pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_max_level(config.log)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match config.command {
        Command::Serve(serve) => serve::run(&config.db, &serve),
        Command::Ingest(ingest) => ingest::run(&config.db, &ingest),
        Command::Links(links) => links::run(&config.db, &links),
        Command::Summary(summary) => summary::run(&config.db, &summary),
        Command::Export(export) => export::run(&config.db, &export),
        Command::Verify(verify) => verify::run(&config.db, &verify),
    }
}
