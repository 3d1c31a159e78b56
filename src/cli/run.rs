//! Dispatches the command line to its command.

use std::process::ExitCode;

use crate::config::{Command, Config};

use crate::cli::{
    backup, bench, checkpoint, completions, copy, dead_letters, diff, doctor, drift, erase, export,
    find, health, history, ingest, links, log, pull, serve, summary, token, traversals, verify,
    watch,
};

/// Runs the command and returns its exit status.
pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _flushed = log::start(config.log, config.log_format)?;
    match config.command {
        Command::Serve(serve) => serve::run(&config.db, &serve),
        Command::Health(health) => health::run(&health),
        Command::Ingest(ingest) => ingest::run(&config.db, &ingest),
        Command::Pull(pull) => pull::run(&config.db, &pull),
        Command::Drift(drift) => drift::run(&config.db, &drift),
        Command::Find(find) => find::run(&config.db, &find),
        Command::Links(links) => links::run(&config.db, &links),
        Command::Labels(labels) => links::labels(&config.db, &labels),
        Command::Match(command) => traversals::matches(&config.db, &command),
        Command::Walk(walk) => traversals::walk(&config.db, &walk),
        Command::Path(path) => traversals::path(&config.db, &path),
        Command::Neighborhood(command) => traversals::neighborhood(&config.db, &command),
        Command::History(history) => history::run(&config.db, &history),
        Command::Diff(diff) => diff::run(&config.db, &diff),
        Command::Watch(watch) => watch::run(config.db, watch),
        Command::Summary(summary) => summary::run(&config.db, &summary),
        Command::Export(export) => export::run(&config.db, &export),
        Command::Verify(verify) => verify::run(&config.db, &verify),
        Command::Checkpoint(command) => checkpoint::run(&config.db, &command),
        Command::Erase(command) => erase::run(&config.db, &command),
        Command::Bench(bench) => bench::run(&config.db, &bench),
        Command::Backup(backup) => backup::run(&config.db, &backup),
        Command::Copy(command) => copy::run(&command),
        Command::Token(token) => token::run(&config.db, token.action),
        Command::DeadLetters(letters) => dead_letters::run(&config.db, &letters.action),
        Command::Doctor(doctor) => doctor::run(&config.db, &doctor),
        Command::Completions(command) => completions::run(&command),
    }
}
