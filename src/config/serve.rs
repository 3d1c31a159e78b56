//! The arguments of `relata serve`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use relata::http::Limits;

use crate::config::listen::ListenAddress;
use crate::config::store::StoreArgs;
use crate::config::webhooks::KeyArgs;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(after_help = "\
Examples:
  relata serve
  relata serve --demo --open
  relata serve --db /var/lib/relata/relata.db --listen 127.0.0.1:9000")]
pub(crate) struct ServeArgs {
    /// Address or host name, and port, to listen on; a port alone means 127.0.0.1, and port
    /// 0 picks a free one
    #[arg(long, env = "RELATA_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: ListenAddress,

    /// Start with sample data of two real-estate offices, in a store that is deleted
    /// afterwards
    #[arg(long, env = "RELATA_DEMO")]
    pub(crate) demo: bool,

    /// Open the explorer in the browser of this machine once the server is ready
    #[arg(long, env = "RELATA_OPEN")]
    pub(crate) open: bool,

    /// Whether deliveries need a valid signature [default: required, but off on a loopback
    /// address]
    #[arg(long, env = "RELATA_WEBHOOK_AUTH", value_name = "AUTH")]
    pub(crate) webhook_auth: Option<Auth>,

    /// Whether API requests need a token [default: required, but off on a loopback address]
    #[arg(long, env = "RELATA_API_AUTH", value_name = "AUTH")]
    pub(crate) api_auth: Option<Auth>,

    /// Listen on an address that others can reach, and answer requests that come through a
    /// proxy or name another host, although authentication is off
    #[arg(long, env = "RELATA_ALLOW_UNPROTECTED")]
    pub(crate) allow_unprotected: bool,

    /// Origin whose pages may use the API from a browser, such as `https://app.example`; may
    /// be repeated. * allows every origin, if tokens are required
    #[arg(long, env = "RELATA_CORS_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub(crate) cors_origin: Vec<String>,

    /// Whether to serve HighLevel's own API, too: /associations, /objects and /health
    #[arg(
        long,
        env = "RELATA_COMPAT",
        value_enum,
        default_value_t = Compat::On,
        value_name = "COMPAT"
    )]
    pub(crate) compat: Compat,

    #[command(flatten)]
    pub(crate) keys: KeyArgs,

    /// Time limit for the head of a request to arrive, in milliseconds
    #[arg(long, env = "RELATA_HEADER_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) header_timeout_ms: u64,

    /// How long a connection may stay open between two requests, in milliseconds; longer
    /// than a proxy in front keeps it, which otherwise sends into one that has just closed
    #[arg(long, env = "RELATA_IDLE_TIMEOUT_MS", default_value_t = 130_000, value_name = "MS")]
    pub(crate) idle_timeout_ms: u64,

    /// Time limit for the body of a request to arrive, in milliseconds
    #[arg(long, env = "RELATA_BODY_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) body_timeout_ms: u64,

    /// Maximum number of bytes of all arriving bodies held in memory, besides the first 16
    /// KiB of each; a large body beyond it is answered with 429
    #[arg(long, env = "RELATA_RECEIVING_BYTES", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) receiving_bytes: usize,

    /// Load the graphs of locations in the background after the start, the newest location
    /// first, until their memory is used up
    #[arg(long, env = "RELATA_PRELOAD")]
    pub(crate) preload: bool,

    /// How long requests may take to finish after a stop signal, in milliseconds
    #[arg(long, env = "RELATA_SHUTDOWN_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) shutdown_timeout_ms: u64,

    /// What to do when writing has become impossible, or has failed for a minute: stay and
    /// answer deliveries with 503, or exit with status 74 for a supervisor to restart it
    #[arg(
        long,
        env = "RELATA_ON_WRITE_FAILURE",
        value_enum,
        default_value_t = OnWriteFailure::Stay,
        value_name = "ACTION"
    )]
    pub(crate) on_write_failure: OnWriteFailure,

    /// How long an export waits for a client that reads nothing, in milliseconds
    #[arg(long, env = "RELATA_EXPORT_STALL_MS", default_value_t = 30_000, value_name = "MS")]
    pub(crate) export_stall_ms: u64,

    /// Time limit for a whole export, in milliseconds
    #[arg(long, env = "RELATA_EXPORT_TIMEOUT_MS", default_value_t = 1_800_000, value_name = "MS")]
    pub(crate) export_timeout_ms: u64,

    /// Maximum number of open connections; more wait
    #[arg(long, env = "RELATA_CONNECTIONS", default_value_t = 4_096, value_name = "N")]
    pub(crate) connections: usize,

    /// Maximum number of links that one query may visit; beyond it the answer is incomplete
    #[arg(long, env = "RELATA_QUESTION_LINKS", default_value_t = 5_000_000, value_name = "N")]
    pub(crate) question_links: u64,

    /// Time limit for one query, in milliseconds; beyond it the answer is incomplete
    #[arg(long, env = "RELATA_QUESTION_TIMEOUT_MS", default_value_t = 2_000, value_name = "MS")]
    pub(crate) question_timeout_ms: u64,

    /// Maximum number of concurrent exports; more wait, and are shared out as --questions are
    #[arg(long, env = "RELATA_EXPORTS", default_value_t = 4, value_name = "N")]
    pub(crate) exports: usize,

    /// Approximate maximum size of one answer, in bytes; a larger one is incomplete
    #[arg(long, env = "RELATA_ANSWER_BYTES", default_value_t = 16 << 20, value_name = "BYTES")]
    pub(crate) answer_bytes: usize,

    /// Maximum number of concurrent long queries (of more than a few thousand links); more
    /// wait. A token (or a location, where tokens are off) gets at most half of them, and no
    /// more than keep half of the cores busy
    #[arg(long, env = "RELATA_QUESTIONS", default_value_t = 4, value_name = "N")]
    pub(crate) questions: usize,

    /// Maximum number of concurrent reads of the journal, for history, events and past
    /// states; more wait, and are shared out as --questions are
    #[arg(long, env = "RELATA_JOURNAL_READS", default_value_t = 4, value_name = "N")]
    pub(crate) journal_reads: usize,

    /// How long an export, a query or a read of the journal waits for others, in
    /// milliseconds; after that it is answered with 429
    #[arg(long, env = "RELATA_QUESTION_WAIT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) question_wait_ms: u64,

    /// Time limit for building a past state of a location, in milliseconds; the next request
    /// for it continues from there
    #[arg(long, env = "RELATA_PAST_TIMEOUT_MS", default_value_t = 60_000, value_name = "MS")]
    pub(crate) past_timeout_ms: u64,

    /// How long a query waits for the event that its minSeq names, in milliseconds
    #[arg(long, env = "RELATA_MIN_SEQ_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) min_seq_timeout_ms: u64,

    /// How long a client may read nothing of an answer, in milliseconds
    #[arg(long, env = "RELATA_WRITE_TIMEOUT_MS", default_value_t = 30_000, value_name = "MS")]
    pub(crate) write_timeout_ms: u64,

    /// Maximum number of open change feeds; one more is answered with 429. Each takes one of
    /// --connections
    #[arg(long, env = "RELATA_CHANGE_READERS", default_value_t = 2_048, value_name = "N")]
    pub(crate) change_readers: usize,

    /// Maximum number of bytes that wait for a slow change-feed client before it is
    /// disconnected
    #[arg(long, env = "RELATA_CHANGE_BYTES", default_value_t = 4 << 20, value_name = "BYTES")]
    pub(crate) change_bytes: usize,

    /// Maximum number of bytes that wait for all change-feed clients together before the
    /// slowest are disconnected
    #[arg(long, env = "RELATA_CHANGE_TOTAL_BYTES", default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) change_total_bytes: usize,

    /// Interval between heartbeats on a change feed, in milliseconds
    #[arg(long, env = "RELATA_HEARTBEAT_MS", default_value_t = 15_000, value_name = "MS")]
    pub(crate) heartbeat_ms: u64,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

impl ServeArgs {
    /// Returns the limits of the server.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            header_timeout: millis(self.header_timeout_ms),
            idle_timeout: millis(self.idle_timeout_ms),
            body_timeout: millis(self.body_timeout_ms),
            // Room for one of the largest bodies, compressed and decompressed.
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

/// Longest time limit: later instants might not be representable.
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count.min(YEAR_MS))
}

/// Whether requests are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    Required,
    Off,
}

/// Whether programs that were written for HighLevel are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compat {
    On,
    Off,
}

/// What a server does when it cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnWriteFailure {
    /// Answer deliveries with 503, and keep answering queries
    Stay,
    /// Exit, for a supervisor to restart it
    Exit,
}
