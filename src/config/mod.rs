//! The command line, the environment and the configuration file. Only this folder reads
//! them.

mod commands;
mod drift;
mod duration;
mod file;
mod filters;
mod find;
mod listen;
mod memory;
mod names;
mod node_arg;
mod pull;
mod queries;
mod retention;
mod secrets;
mod serve;
mod store;
mod upstream;
mod variables;
mod webhooks;

pub(crate) use commands::*;
pub(crate) use drift::DriftArgs;
pub(crate) use filters::ConditionArg;
pub(crate) use find::{FOUND_MAX, FindArgs};
pub(crate) use names::Names;
pub(crate) use node_arg::NodeArg;
pub(crate) use pull::{ProgressArg, PullArgs};
pub(crate) use queries::*;
pub(crate) use secrets::read_secret;
pub(crate) use serve::*;
pub(crate) use variables::{is_dumb_terminal, wants_color};

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use relata::journal::Database;

/// Heading of the flags that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Relata keeps the associations that a CRM reports by webhook, and answers who is linked to
/// what, and under which label.
#[derive(Debug, Parser)]
#[command(name = "relata", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it with a sample:  relata serve --demo")]
pub(crate) struct Config {
    /// Database: a file, or the URL of a PostgreSQL database. A URL on the command line is
    /// without a password
    #[arg(
        long,
        env = "RELATA_DB",
        default_value = "relata.db",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FILE|URL",
        value_parser = PathBufValueParser::new().map(Database::from),
        hide_env_values = true
    )]
    pub(crate) db: Database,

    /// Log level: error, warn, info, debug or trace
    #[arg(
        long,
        env = "RELATA_LOG",
        default_value = "info",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "LEVEL"
    )]
    pub(crate) log: tracing_subscriber::filter::LevelFilter,

    /// Log format: lines for people or JSON for programs
    #[arg(
        long,
        env = "RELATA_LOG_FORMAT",
        default_value = "human",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    /// TOML file of flags, such as `listen = "127.0.0.1:9000"`; the environment and the
    /// command line take precedence
    #[arg(
        long = "config",
        env = "RELATA_CONFIG",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FILE"
    )]
    pub(crate) file: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive webhooks and answer queries over HTTP
    Serve(ServeArgs),
    /// Check whether a running server accepts deliveries
    Health(HealthArgs),
    /// Import events from NDJSON files
    Ingest(IngestArgs),
    /// Read locations from HighLevel's API into a store, a server or a file
    Pull(PullArgs),
    /// Compare a location with HighLevel, and repair it
    Drift(DriftArgs),
    /// Find records by name, or by the beginning of their id
    Find(FindArgs),
    /// List the links of an object key or a record
    Links(LinksArgs),
    /// Count the links of a node under each label
    Labels(LabelsArgs),
    /// Find nodes linked to all, any or none of the given nodes
    Match(MatchArgs),
    /// Follow labelled links step by step, and list where they lead
    Walk(WalkArgs),
    /// Find the shortest paths between two nodes
    Path(PathArgs),
    /// Show the nodes around a node, and the links between them
    Neighborhood(NeighborhoodArgs),
    /// Show counts for each location, and check the declared cardinalities
    Summary(SummaryArgs),
    /// Show what was added, removed and renamed between two points in time
    Diff(DiffArgs),
    /// List the events of a node, relation or association
    History(HistoryArgs),
    /// Print changes as they happen, next to a running server
    Watch(WatchArgs),
    /// Write the graph in the format of another tool
    Export(ExportArgs),
    /// Replay the journal and compare it with the checkpoint
    Verify(VerifyArgs),
    /// Save a checkpoint of a database that no server has open, and empty its write-ahead log
    Checkpoint(CheckpointArgs),
    /// Erase all data of a location permanently
    Erase(EraseArgs),
    /// Back up the database, even while a server writes to it
    Backup(BackupArgs),
    /// Copy a whole store into a new file or PostgreSQL database
    Copy(CopyArgs),
    /// Measure this machine and its disk, with a temporary store
    Bench(BenchArgs),
    /// Create, list and revoke API tokens
    Token(TokenArgs),
    /// List, show, replay and delete deliveries that could not be used
    DeadLetters(DeadLettersArgs),
    /// Explain what the server would do with a delivery, and what is wrong with it
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Config {
    /// Returns the definition of the command line.
    fn known() -> clap::Command {
        variables::with_variables(Self::command())
    }
}

impl CompletionsArgs {
    /// Returns the completion script.
    pub(crate) fn script(&self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Config::known(), "relata", &mut script);
        script
    }
}
