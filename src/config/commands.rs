//! The arguments of the commands that are no questions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;
use relata::journal::Scope;
use relata::{AsOf, NodeRef};

use crate::config::listen::ListenAddress;
use crate::config::names::Names;
use crate::config::{Keys, LocationArg, UrlTrust};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata health
  relata health --listen 127.0.0.1:9000 --timeout-ms 500")]
pub(crate) struct HealthArgs {
    /// The address or name and the port that the server listens on
    #[arg(long, env = "RELATA_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: ListenAddress,

    /// How long to wait for it, in milliseconds
    #[arg(long, default_value_t = 2_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout_ms: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata ingest events.ndjson
  relata ingest january.ndjson.gz february.ndjson.gz --rejects refused.ndjson
  zcat events.gz | relata ingest -")]
pub(crate) struct IngestArgs {
    /// Files of one event a line, gzip or plain; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write refused lines here, each with the reason
    #[arg(long, env = "RELATA_REJECTS", value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) names: Names,

    /// Print the counts as JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata export --format graphml --output graph.graphml
  relata export --format dot --layer objects | dot -Tsvg > schema.svg
  relata export --format cypher | cypher-shell
  relata export --format ndjson --location seaside-realty | gzip > events.ndjson.gz
  relata export --format graphml --as-of 2026-11-01T00:00:00Z > november.graphml
  relata export --format mermaid --layer objects > objects.mmd
  relata export --format gexf --dynamic > timeline.gexf
  relata export --format csv --bom --output links.csv")]
pub(crate) struct ExportArgs {
    /// graphml, gexf, dot, mermaid, cytoscape, node-link, jgf, graphology, csv, neo4j-csv, cypher,
    /// ntriples, nquads or ndjson
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: String,

    /// objects, records or all
    #[arg(long, default_value = "all", value_name = "LAYER")]
    pub(crate) layer: String,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Only links of which an end has this label; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Only what is around this node, as contact/amara-okafor or contact
    #[arg(long, value_name = "REF")]
    pub(crate) of: Option<NodeRef>,

    /// How many hops around it [default: 1]
    #[arg(long, value_name = "HOPS", requires = "of", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) depth: Option<u32>,

    /// How node-link calls its list of edges: edges or links
    #[arg(long, default_value = "edges", value_name = "KEY")]
    pub(crate) edges_key: String,

    /// For gexf: all that ever was, with the times at which it was there
    #[arg(long)]
    pub(crate) dynamic: bool,

    /// For csv: begin with a byte order mark, for Excel
    #[arg(long)]
    pub(crate) bom: bool,

    /// For graphml: add the shapes and labels that yEd draws
    #[arg(long)]
    pub(crate) yed: bool,

    /// The graph as it stood when this event had come in, or at this time (RFC
    /// 3339); of ndjson the events up to there
    #[arg(long, value_name = "SEQ|TIME")]
    pub(crate) as_of: Option<AsOf>,

    /// Write here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata verify --db relata.db
  relata verify --repair")]
pub(crate) struct VerifyArgs {
    /// Replace a checkpoint that disagrees by what the journal says; no server may run
    #[arg(long)]
    pub(crate) repair: bool,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  relata erase --location seaside-realty --yes

A running server erases by DELETE /v1/locations/ID. Backups taken before still hold
the location.")]
pub(crate) struct EraseArgs {
    /// The location to erase
    #[arg(long, value_name = "ID")]
    pub(crate) location: String,

    /// Erase without asking for the id once more
    #[arg(long)]
    pub(crate) yes: bool,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  relata checkpoint --db relata.db")]
pub(crate) struct CheckpointArgs {
    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  relata backup /backups/relata-2026-11-24.db

To restore: stop the server, remove relata.db, relata.db-wal, relata.db-shm and
relata.db-lock, copy the backup to relata.db, start the server.")]
pub(crate) struct BackupArgs {
    /// Where to write the copy; there must be no such file
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata bench
  relata bench --db /var/lib/relata/relata.db --seconds 60 --relations 5000000

It makes a store in a new folder beside --db, which it neither opens nor needs, and removes
it.")]
pub(crate) struct BenchArgs {
    /// How long to measure, about, in seconds
    #[arg(
        long,
        env = "RELATA_BENCH_SECONDS",
        default_value_t = 20,
        value_name = "S",
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub(crate) seconds: u64,

    /// Senders that each wait for their own event to be durable
    #[arg(
        long,
        env = "RELATA_BENCH_SENDERS",
        default_value_t = 64,
        value_name = "N",
        value_parser = senders
    )]
    pub(crate) senders: usize,

    /// Relations to import at most, if the time suffices
    #[arg(long, env = "RELATA_BENCH_RELATIONS", default_value_t = 1_000_000, value_name = "N")]
    pub(crate) relations: u64,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

fn senders(text: &str) -> Result<usize, String> {
    let senders: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1..=1_024).contains(&senders) { Ok(senders) } else { Err("1 to 1024".to_owned()) }
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) action: TokenAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenAction {
    /// Make a token and print it: it is never shown again
    New(NewToken),
    /// List the tokens, without their secrets
    List {
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Make a token useless, within a second on a running server
    Revoke {
        /// Its id, or its name where no other has it
        #[arg(value_name = "ID|NAME")]
        token: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata token new --name dashboard
  relata token new --scope write --location seaside-realty --name crm-sync

A running server takes a new token within a second.")]
pub(crate) struct NewToken {
    /// read asks and exports, write also imports events and replays and deletes dead
    /// letters, admin does everything
    #[arg(long, default_value = "read", value_name = "SCOPE", value_parser = scope)]
    pub(crate) scope: Scope,

    /// A location that it may see; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub(crate) location: Vec<String>,

    /// What to call it
    #[arg(long, default_value = "", value_name = "NAME")]
    pub(crate) name: String,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

fn scope(name: &str) -> Result<Scope, String> {
    name.parse().map_err(|_| "known are read, write and admin".to_owned())
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DeadLettersArgs {
    #[command(subcommand)]
    pub(crate) action: LettersAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LettersAction {
    /// List them, without their bodies
    List {
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Show one, its body and headers too
    Show {
        /// Its number
        id: u64,
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Try one again, or all; beside a running server, ask it instead
    Replay {
        /// Its number
        #[arg(required_unless_present = "all")]
        id: Option<u64>,
        // A variable of its own: one that is set for other commands must delete
        // nothing.
        /// Every one
        #[arg(long, env = "RELATA_DEAD_LETTERS_ALL", conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        url: UrlTrust,
        #[command(flatten)]
        names: Names,
    },
    /// Delete one, or all; beside a running server, ask it instead
    Delete {
        /// Its number
        #[arg(required_unless_present = "all")]
        id: Option<u64>,
        // A variable of its own: one that is set for other commands must delete
        // nothing.
        /// Every one
        #[arg(long, env = "RELATA_DEAD_LETTERS_ALL", conflicts_with = "id")]
        all: bool,
    },
}

/// What a server does that cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnWriteFailure {
    /// Answer deliveries with 503, and queries as before
    Stay,
    /// End, so that a supervisor starts it again
    Exit,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata doctor delivery.json --header 'X-GHL-Signature: qW2…'
  relata doctor delivery.json --type RelationCreate --webhook-key ed25519:highlevel")]
pub(crate) struct DoctorArgs {
    /// The body, byte for byte as it came; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// A header of the delivery; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,

    /// The event type of its URL, if that had one
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) url_type: Option<String>,

    #[command(flatten)]
    pub(crate) keys: Keys,

    #[command(flatten)]
    pub(crate) names: Names,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata completions bash > /etc/bash_completion.d/relata
  relata completions zsh > ~/.zfunc/_relata
  relata completions fish > ~/.config/fish/completions/relata.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell to write a script for
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}
