//! The command line, the environment and the configuration file, read here and
//! nowhere else.

mod commands;
mod file;
mod filters;
mod listen;
mod names;
mod questions;
mod retention;
mod variables;

use crate::config::retention::{Retention, days};
pub(crate) use commands::*;
pub(crate) use listen::ListenAddress;
pub(crate) use names::Names;
pub(crate) use questions::*;
pub(crate) use variables::{is_dumb_terminal, wants_color};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use relata::Options;
use relata::http::Limits;
use relata::journal::DeadLetterBounds;
use relata::signature::{KeyError, Verifier, WebhookKey};
use relata::webhook::UrlTypes;

/// The flags that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Relata keeps the associations that a CRM reports by webhook, and answers who
/// is linked to what, under which label.
#[derive(Debug, Parser)]
#[command(name = "relata", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it with a sample:  relata serve --demo")]
pub(crate) struct Config {
    /// The database file
    #[arg(
        long,
        env = "RELATA_DB",
        default_value = "relata.db",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FILE"
    )]
    pub(crate) db: PathBuf,

    /// How much to log: error, warn, info, debug or trace
    #[arg(
        long,
        env = "RELATA_LOG",
        default_value = "info",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "LEVEL"
    )]
    pub(crate) log: tracing_subscriber::filter::LevelFilter,

    /// Lines for people or JSON for programs
    #[arg(
        long,
        env = "RELATA_LOG_FORMAT",
        default_value = "human",
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    /// A TOML file of flags, such as `listen = "127.0.0.1:9000"`; what the
    /// environment or the command line says counts more
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
    /// Receive webhooks and answer questions over HTTP
    Serve(ServeArgs),
    /// Ask a running server whether it takes deliveries
    Health(HealthArgs),
    /// Read events from NDJSON files
    Ingest(IngestArgs),
    /// List what is linked to an object key or a record
    Links(LinksArgs),
    /// Count what is linked to a node under each label
    Labels(LabelsArgs),
    /// Find what is linked to all of these, to any of those, to none of others
    Match(MatchArgs),
    /// Go along labelled links, step by step, and say where that ends
    Walk(WalkArgs),
    /// Find the shortest ways between two nodes
    Path(PathArgs),
    /// Show the nodes around one, and the links between them
    Neighborhood(NeighborhoodArgs),
    /// Count what the store holds, and check the declared cardinalities
    Summary(SummaryArgs),
    /// Show what was added, removed and renamed between two moments
    Diff(DiffArgs),
    /// List the events that made a thing what it is
    History(HistoryArgs),
    /// Print what changes, as it changes, beside a running server
    Watch(WatchArgs),
    /// Write the graph in the format of another tool
    Export(ExportArgs),
    /// Replay the journal and compare it with the checkpoint
    Verify(VerifyArgs),
    /// Save a checkpoint of a database that no server has open, and empty its log
    Checkpoint(CheckpointArgs),
    /// Erase everything of a location, for good
    Erase(EraseArgs),
    /// Copy the database while it is written
    Backup(BackupArgs),
    /// Measure what this machine and its disk can do, with a store of its own
    Bench(BenchArgs),
    /// Make, list and revoke API tokens
    Token(TokenArgs),
    /// List, show, replay and delete deliveries that could not be used
    DeadLetters(DeadLettersArgs),
    /// Say how a delivery would be taken, and what is wrong with it
    Doctor(DoctorArgs),
    /// Write a script that completes commands and flags in a shell
    Completions(CompletionsArgs),
}

impl Config {
    /// The command line that is understood.
    fn known() -> clap::Command {
        variables::with_variables(Self::command())
    }
}

impl CompletionsArgs {
    /// The script.
    pub(crate) fn script(&self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Config::known(), "relata", &mut script);
        script
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata serve
  relata serve --demo
  relata serve --db /var/lib/relata/relata.db --listen 127.0.0.1:9000")]
pub(crate) struct ServeArgs {
    /// The address or name and the port to listen on; a port alone is one of 127.0.0.1,
    /// and port 0 picks a free one
    #[arg(long, env = "RELATA_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: ListenAddress,

    /// Start with a sample of two real-estate offices, in a store that is gone
    /// afterwards
    #[arg(long, env = "RELATA_DEMO")]
    pub(crate) demo: bool,

    /// Whether deliveries need a good signature [default: required, but off on a
    /// loopback address]
    #[arg(long, env = "RELATA_WEBHOOK_AUTH", value_name = "AUTH")]
    pub(crate) webhook_auth: Option<Auth>,

    /// Whether questions need a token [default: required, but off on a loopback
    /// address]
    #[arg(long, env = "RELATA_API_AUTH", value_name = "AUTH")]
    pub(crate) api_auth: Option<Auth>,

    /// Listen on an address that others can reach, and answer what comes through a
    /// proxy or asks for another host, although deliveries or questions are not checked
    #[arg(long, env = "RELATA_ALLOW_UNPROTECTED")]
    pub(crate) allow_unprotected: bool,

    /// An origin whose pages may use the API from a browser, as
    /// `https://app.example`; may be repeated. * is every origin, where tokens are
    /// required
    #[arg(long, env = "RELATA_CORS_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub(crate) cors_origin: Vec<String>,

    #[command(flatten)]
    pub(crate) keys: Keys,

    /// How long a request's head may take to arrive, in milliseconds
    #[arg(long, env = "RELATA_HEADER_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) header_timeout_ms: u64,

    /// How long a connection may stay open between two requests, in milliseconds;
    /// longer than the proxy in front keeps it, which otherwise sends into one that
    /// has just ended
    #[arg(long, env = "RELATA_IDLE_TIMEOUT_MS", default_value_t = 130_000, value_name = "MS")]
    pub(crate) idle_timeout_ms: u64,

    /// How long a request's body may take to arrive, in milliseconds
    #[arg(long, env = "RELATA_BODY_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) body_timeout_ms: u64,

    /// How much of all bodies together may be held while they arrive, in bytes, besides
    /// the first 16 KiB of each; with more of it a large one is answered with 429
    #[arg(long, env = "RELATA_RECEIVING_BYTES", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) receiving_bytes: usize,

    /// How long requests may take to finish once a stop was asked for, in
    /// milliseconds
    #[arg(long, env = "RELATA_SHUTDOWN_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) shutdown_timeout_ms: u64,

    /// What to do when nothing can be written any more, or has not been for a minute:
    /// stay and answer deliveries with 503, or exit with status 74 for a supervisor to
    /// start it again
    #[arg(
        long,
        env = "RELATA_ON_WRITE_FAILURE",
        value_enum,
        default_value_t = OnWriteFailure::Stay,
        value_name = "ACTION"
    )]
    pub(crate) on_write_failure: OnWriteFailure,

    /// How long an export waits for a reader that takes nothing, in milliseconds
    #[arg(long, env = "RELATA_EXPORT_STALL_MS", default_value_t = 30_000, value_name = "MS")]
    pub(crate) export_stall_ms: u64,

    /// How long an export may take as a whole, in milliseconds
    #[arg(long, env = "RELATA_EXPORT_TIMEOUT_MS", default_value_t = 1_800_000, value_name = "MS")]
    pub(crate) export_timeout_ms: u64,

    /// Connections open at once; more wait
    #[arg(long, env = "RELATA_CONNECTIONS", default_value_t = 4_096, value_name = "N")]
    pub(crate) connections: usize,

    /// Links that one question may visit; with more its answer is incomplete
    #[arg(long, env = "RELATA_QUESTION_LINKS", default_value_t = 5_000_000, value_name = "N")]
    pub(crate) question_links: u64,

    /// How long one question may take, in milliseconds; then its answer is
    /// incomplete
    #[arg(long, env = "RELATA_QUESTION_TIMEOUT_MS", default_value_t = 2_000, value_name = "MS")]
    pub(crate) question_timeout_ms: u64,

    /// Exports that run at once; more wait, and are shared out as --questions are
    #[arg(long, env = "RELATA_EXPORTS", default_value_t = 4, value_name = "N")]
    pub(crate) exports: usize,

    /// How much one answer may hold, in bytes, about; one that would hold more is
    /// incomplete
    #[arg(long, env = "RELATA_ANSWER_BYTES", default_value_t = 16 << 20, value_name = "BYTES")]
    pub(crate) answer_bytes: usize,

    /// Questions of more than a few thousand links that run at once; more wait, and a
    /// token (or a location, where there are none) has half of them at most, and no more
    /// than keep half of the cores busy
    #[arg(long, env = "RELATA_QUESTIONS", default_value_t = 4, value_name = "N")]
    pub(crate) questions: usize,

    /// Readings of the journal that run at once, for history, events and the past;
    /// more wait, and are shared out as --questions are
    #[arg(long, env = "RELATA_JOURNAL_READS", default_value_t = 4, value_name = "N")]
    pub(crate) journal_reads: usize,

    /// How long an export, a question or a reading of the journal waits for others, in
    /// milliseconds; then it is answered with 429
    #[arg(long, env = "RELATA_QUESTION_WAIT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) question_wait_ms: u64,

    /// How long the past of a location may take to build, in milliseconds; asked again,
    /// it goes on from there
    #[arg(long, env = "RELATA_PAST_TIMEOUT_MS", default_value_t = 60_000, value_name = "MS")]
    pub(crate) past_timeout_ms: u64,

    /// How long a question waits for the event of its minSeq, in milliseconds
    #[arg(long, env = "RELATA_MIN_SEQ_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) min_seq_timeout_ms: u64,

    /// How long a connection may take nothing of what it is sent, in milliseconds
    #[arg(long, env = "RELATA_WRITE_TIMEOUT_MS", default_value_t = 30_000, value_name = "MS")]
    pub(crate) write_timeout_ms: u64,

    /// Readers of changes that are open at once; one more is answered with 429. Each
    /// takes one of --connections
    #[arg(long, env = "RELATA_CHANGE_READERS", default_value_t = 2_048, value_name = "N")]
    pub(crate) change_readers: usize,

    /// Bytes that may wait for a slow reader of changes before it is dropped
    #[arg(long, env = "RELATA_CHANGE_BYTES", default_value_t = 4 << 20, value_name = "BYTES")]
    pub(crate) change_bytes: usize,

    /// Bytes that may wait for all readers of changes together before the slowest are
    /// dropped
    #[arg(long, env = "RELATA_CHANGE_TOTAL_BYTES", default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) change_total_bytes: usize,

    /// How often a reader of changes is sent a sign of life, in milliseconds
    #[arg(long, env = "RELATA_HEARTBEAT_MS", default_value_t = 15_000, value_name = "MS")]
    pub(crate) heartbeat_ms: u64,

    #[command(flatten)]
    pub(crate) store: Pace,
}

impl ServeArgs {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            header_timeout: millis(self.header_timeout_ms),
            idle_timeout: millis(self.idle_timeout_ms),
            body_timeout: millis(self.body_timeout_ms),
            // Room for one of the largest, packed and unpacked.
            receiving_bytes: self.receiving_bytes.max(2 << 20),
            shutdown_timeout: millis(self.shutdown_timeout_ms),
            export_stall: millis(self.export_stall_ms),
            export_timeout: millis(self.export_timeout_ms),
            connections: self.connections.clamp(1, 1 << 20),
            question_links: self.question_links,
            exports: self.exports.clamp(1, 1 << 10),
            answer_bytes: self.answer_bytes.max(1),
            question_timeout: millis(self.question_timeout_ms),
            questions: self.questions.clamp(1, 1 << 10),
            journal_reads: self.journal_reads.clamp(1, 1 << 10),
            question_wait: millis(self.question_wait_ms),
            past_timeout: millis(self.past_timeout_ms),
            min_seq_timeout: millis(self.min_seq_timeout_ms),
            write_timeout: millis(self.write_timeout_ms),
            change_readers: self.change_readers,
            change_bytes: self.change_bytes,
            change_total_bytes: self.change_total_bytes,
            heartbeat: millis(self.heartbeat_ms.max(1)),
            ..Limits::default()
        }
    }
}

/// More than anybody waits: a moment further away could not be told.
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count.min(YEAR_MS))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    Required,
    Off,
}

/// What deliveries are signed with.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// A key of the sender, or a file of them; may be repeated [default:
    /// ed25519:highlevel, the one HighLevel has published]
    ///
    /// SCHEME is ed25519, rsa or standard; VALUE is PEM, base64, hex, `highlevel`,
    /// or `whsec_…` or `whpk_…` of Standard Webhooks.
    #[arg(
        long,
        env = "RELATA_WEBHOOK_KEY",
        value_delimiter = ',',
        value_name = "FILE|SCHEME:VALUE",
        hide_env_values = true
    )]
    pub(crate) webhook_key: Vec<String>,

    /// How far the time of a Standard Webhooks signature may be off, in seconds
    #[arg(long, env = "RELATA_WEBHOOK_TOLERANCE_S", default_value_t = 300, value_name = "S")]
    pub(crate) webhook_tolerance_s: u64,

    #[command(flatten)]
    pub(crate) url: UrlTrust,
}

/// What counts of a delivery's URL.
#[derive(Debug, Args)]
pub(crate) struct UrlTrust {
    /// Let the URL's event type make a delete or update of a body that does not name its
    /// type, although no signature covers the URL
    #[arg(long, env = "RELATA_TRUST_URL_TYPES")]
    pub(crate) trust_url_types: bool,
}

impl UrlTrust {
    pub(crate) fn types(&self) -> UrlTypes {
        if self.trust_url_types { UrlTypes::Trusted } else { UrlTypes::Untrusted }
    }
}

impl Keys {
    pub(crate) fn verifier(&self) -> Result<Verifier, KeyError> {
        let mut keys = Vec::new();
        for key in &self.webhook_key {
            keys.extend(WebhookKey::read(key)?);
        }
        if keys.is_empty() {
            keys.push(WebhookKey::highlevel());
        }
        Ok(Verifier::new(keys, Duration::from_secs(self.webhook_tolerance_s)))
    }
}

/// How the store paces itself.
#[derive(Debug, Args)]
pub(crate) struct Pace {
    /// Deliveries that may wait for the disk; one more is answered with 429
    #[arg(long, env = "RELATA_QUEUE_EVENTS", default_value_t = 8_192, value_name = "N")]
    pub(crate) queue_events: usize,

    /// Save a checkpoint after this many events
    #[arg(long, env = "RELATA_CHECKPOINT_EVENTS", default_value_t = 10_000, value_name = "N")]
    pub(crate) checkpoint_events: u64,

    /// Save a checkpoint when events are this old, in milliseconds
    #[arg(long, env = "RELATA_CHECKPOINT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) checkpoint_ms: u64,

    /// Graphs of the past kept for further questions with asOf, each in as much
    /// memory as the location's graph took then
    #[arg(long, env = "RELATA_PAST_GRAPHS", default_value_t = 4, value_name = "N")]
    pub(crate) past_graphs: usize,

    /// Keep events of other types in the journal, too
    #[arg(long, env = "RELATA_KEEP_IGNORED")]
    pub(crate) keep_ignored: bool,

    /// Delete events from the journal once they are this many days old; the graph
    /// stays [default: never]
    #[arg(long, env = "RELATA_KEEP_EVENTS", value_name = "DAYS", value_parser = days)]
    pub(crate) keep_events: Option<Duration>,

    /// Keep in mind what was deleted for this many days, so that no event from before
    /// the delete that comes late brings it back; then drop it from memory. `forever`
    /// never does
    #[arg(long, env = "RELATA_KEEP_TOMBSTONES", value_name = "DAYS", default_value = "90")]
    pub(crate) keep_tombstones: Retention,

    /// Room for this many ids of accepted deliveries, to know a repeat for seven
    /// days; takes up to 29 bytes each
    #[arg(long, env = "RELATA_REMEMBER_DELIVERIES", default_value_t = 7_340_032, value_name = "N")]
    pub(crate) remember_deliveries: usize,

    /// Deliveries kept that could not be used; the oldest make room
    #[arg(long, env = "RELATA_DEAD_LETTERS", default_value_t = 10_000, value_name = "N")]
    pub(crate) dead_letters: u64,

    /// Bytes of such deliveries; the oldest make room
    #[arg(
        long,
        env = "RELATA_DEAD_LETTER_BYTES",
        default_value_t = 64 << 20,
        value_name = "BYTES"
    )]
    pub(crate) dead_letter_bytes: u64,

    #[command(flatten)]
    pub(crate) names: Names,
}

impl Pace {
    pub(crate) fn options(&self) -> Options {
        Options {
            queue_events: self.queue_events.clamp(1, 1 << 20),
            checkpoint_events: self.checkpoint_events,
            checkpoint_interval: Duration::from_millis(self.checkpoint_ms),
            keep_ignored: self.keep_ignored,
            past_graphs: self.past_graphs.clamp(1, 1 << 10),
            keep_events: self.keep_events,
            keep_tombstones: self.keep_tombstones.limit(),
            remembered_deliveries: self.remember_deliveries.clamp(2, 1 << 28),
            dead_letters: DeadLetterBounds {
                letters: self.dead_letters,
                bytes: self.dead_letter_bytes,
            },
            names: self.names.limits(),
            ..Options::default()
        }
    }
}
