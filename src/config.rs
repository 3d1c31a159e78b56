//! The command line and the environment, read here and nowhere else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use relata::http::Limits;
use relata::{NodeRef, Options};

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
        value_name = "FILE"
    )]
    pub(crate) db: PathBuf,

    /// How much to log: error, warn, info, debug or trace
    #[arg(long, env = "RELATA_LOG", default_value = "info", global = true, value_name = "LEVEL")]
    pub(crate) log: tracing_subscriber::filter::LevelFilter,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive webhooks and answer questions over HTTP
    Serve(Serve),
    /// Read events from NDJSON files
    Ingest(Ingest),
    /// List what is linked to an object key or a record
    Links(Links),
    /// Count what the store holds
    Summary(Summary),
    /// Write the graph in the format of another tool
    Export(Export),
    /// Replay the journal and compare it with the checkpoint
    Verify(Verify),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata serve
  relata serve --demo
  relata serve --db /var/lib/relata/relata.db --listen 127.0.0.1:9000")]
pub(crate) struct Serve {
    /// The address to listen on; port 0 picks a free one
    #[arg(long, env = "RELATA_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// Start with a sample of two real-estate offices, in a store that is gone
    /// afterwards
    #[arg(long, env = "RELATA_DEMO")]
    pub(crate) demo: bool,

    /// Listen on an address that others can reach although deliveries and
    /// questions are not checked
    #[arg(long, env = "RELATA_ALLOW_UNPROTECTED")]
    pub(crate) allow_unprotected: bool,

    /// How long a request's head may take to arrive, in milliseconds
    #[arg(long, env = "RELATA_HEADER_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) header_timeout_ms: u64,

    /// How long a request's body may take to arrive, in milliseconds
    #[arg(long, env = "RELATA_BODY_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) body_timeout_ms: u64,

    /// How long requests may take to finish once a stop was asked for, in
    /// milliseconds
    #[arg(long, env = "RELATA_SHUTDOWN_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub(crate) shutdown_timeout_ms: u64,

    /// Connections open at once; more wait
    #[arg(long, env = "RELATA_CONNECTIONS", default_value_t = 4_096, value_name = "N")]
    pub(crate) connections: usize,

    #[command(flatten)]
    pub(crate) store: Pace,
}

impl Serve {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            header_timeout: Duration::from_millis(self.header_timeout_ms),
            body_timeout: Duration::from_millis(self.body_timeout_ms),
            shutdown_timeout: Duration::from_millis(self.shutdown_timeout_ms),
            connections: self.connections.clamp(1, 1 << 20),
            ..Limits::default()
        }
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

    /// Keep events of other types in the journal, too
    #[arg(long, env = "RELATA_KEEP_IGNORED")]
    pub(crate) keep_ignored: bool,
}

impl Pace {
    pub(crate) fn options(&self) -> Options {
        Options {
            queue_events: self.queue_events.clamp(1, 1 << 20),
            checkpoint_events: self.checkpoint_events,
            checkpoint_interval: Duration::from_millis(self.checkpoint_ms),
            keep_ignored: self.keep_ignored,
            ..Options::default()
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata ingest events.ndjson
  relata ingest january.ndjson.gz february.ndjson.gz --rejects refused.ndjson
  zcat events.gz | relata ingest -")]
pub(crate) struct Ingest {
    /// Files of one event a line, gzip or plain; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write refused lines here, each with the reason
    #[arg(long, env = "RELATA_REJECTS", value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    /// Print the counts as JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

/// Which location a question is about.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The location; not needed if the store holds one alone
    #[arg(long, env = "RELATA_LOCATION", value_name = "ID")]
    pub(crate) location: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata links contact
  relata links custom_objects.property/12-maple-street --label 'Interested Buyer'
  relata links contact/amara-okafor --location seaside-realty --order newest --json")]
pub(crate) struct Links {
    /// An object key, or an object key, a slash and a record id
    #[arg(value_name = "NODE")]
    pub(crate) node: NodeRef,

    #[command(flatten)]
    pub(crate) place: Place,

    /// Only links whose far end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Only links to things of this object key
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,

    /// Only links in which the node stands on this end
    #[arg(long, value_name = "SIDE")]
    pub(crate) side: Option<Side>,

    /// The order in which the store first heard of the links
    #[arg(long, default_value = "oldest", value_name = "ORDER")]
    pub(crate) order: Order,

    /// The greatest number of links
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Side {
    First,
    Second,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Order {
    Oldest,
    Newest,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata summary
  relata summary --location seaside-realty --json")]
pub(crate) struct Summary {
    #[command(flatten)]
    pub(crate) place: Place,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata export --format graphml --output graph.graphml
  relata export --format dot --layer objects | dot -Tsvg > schema.svg
  relata export --format ndjson --location seaside-realty | gzip > events.ndjson.gz")]
pub(crate) struct Export {
    /// graphml, dot, node-link or ndjson
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: String,

    /// objects, records or all
    #[arg(long, default_value = "all", value_name = "LAYER")]
    pub(crate) layer: String,

    #[command(flatten)]
    pub(crate) place: Place,

    /// Only links of which an end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Write here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  relata verify --db relata.db")]
pub(crate) struct Verify {
    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}
