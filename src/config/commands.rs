//! The arguments of the commands that are not queries.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Subcommand};
use clap_complete::Shell;
use relata::AsOf;
use relata::journal::{Database, Scope};

use crate::config::listen::ListenAddress;
use crate::config::names::Names;
use crate::config::node_arg::NodeArg;
use crate::config::queries::LocationArg;
use crate::config::webhooks::{KeyArgs, UrlTrustArgs};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata health
  relata health --listen 127.0.0.1:9000 --timeout-ms 500")]
pub(crate) struct HealthArgs {
    /// Address or host name, and port, that the server listens on
    #[arg(long, env = "RELATA_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub(crate) listen: ListenAddress,

    /// How long to wait for an answer, in milliseconds
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
    /// Files with one event per line, plain or gzip; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write refused lines to this file, each with the reason
    #[arg(long, env = "RELATA_REJECTS", value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,

    /// Leave out lines that say nothing new: counted as unchanged or stale, not stored
    #[arg(long, env = "RELATA_ONLY_CHANGES")]
    pub(crate) only_changes: bool,

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
  relata export --format dot --of '12 Maple Street' --depth 2 > maple.dot
  relata export --format gexf --dynamic > timeline.gexf
  relata export --format csv --bom --output links.csv")]
pub(crate) struct ExportArgs {
    /// Format: graphml, gexf, dot, mermaid, cytoscape, node-link, jgf, graphology, csv, neo4j-csv, cypher,
    /// ntriples, nquads or ndjson
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: String,

    /// Layer to export: objects, records or all
    #[arg(long, default_value = "all", value_name = "LAYER")]
    pub(crate) layer: String,

    #[command(flatten)]
    pub(crate) place: LocationArg,

    /// Only links with this label on either end; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,

    /// Only links under this association, by id or key; may be repeated
    #[arg(long, value_name = "ID|KEY")]
    pub(crate) association: Vec<String>,

    /// Only the neighborhood of this node, such as '12 Maple Street', contact/ID or contact
    #[arg(long, value_name = "NODE")]
    pub(crate) of: Option<NodeArg>,

    /// Depth of the neighborhood, in hops [default: 1]
    #[arg(long, value_name = "HOPS", requires = "of", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) depth: Option<u32>,

    /// For node-link: name of the list of edges, edges or links
    #[arg(long, default_value = "edges", value_name = "KEY")]
    pub(crate) edges_key: String,

    /// For gexf: everything that ever existed, with the times at which it did
    #[arg(long)]
    pub(crate) dynamic: bool,

    /// For csv: start with a byte order mark, for Excel
    #[arg(long)]
    pub(crate) bom: bool,

    /// For graphml: add shapes and labels for yEd
    #[arg(long)]
    pub(crate) yed: bool,

    /// Export the graph as of this event number or RFC 3339 time; for ndjson, the events up
    /// to it
    #[arg(long, value_name = "SEQ|TIME")]
    pub(crate) as_of: Option<AsOf>,

    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata verify --db relata.db
  relata verify --location seaside-realty
  relata verify --repair")]
pub(crate) struct VerifyArgs {
    // Has its own variable: one that is set for other commands must not narrow a proof.
    /// Verify this location only, without reading the others
    #[arg(long, env = "RELATA_VERIFY_LOCATION", value_name = "ID", conflicts_with = "repair")]
    pub(crate) location: Option<String>,

    /// Rebuild a checkpoint that disagrees from the journal; no server may be running
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

To erase on a running server, send DELETE /v1/locations/ID. Earlier backups still
contain the location.")]
pub(crate) struct EraseArgs {
    /// Location to erase
    #[arg(long, value_name = "ID")]
    pub(crate) location: String,

    /// Erase without asking for confirmation
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
    /// File to write; it must not exist
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata copy relata.db postgres://relata@db.example/relata
  relata copy postgres://relata@db.example/relata relata.db

FROM stays as it is, and others may write to it meanwhile: the copy is the store at one
moment. TO is a file that does not exist, or a database whose schema has no store. A copy
that is interrupted is no store: of a database nothing is left, of a file at most a folder
.relata-copy-... next to it, which can be removed.")]
pub(crate) struct CopyArgs {
    /// Store to copy: a file, or the URL of a PostgreSQL database, without a password
    #[arg(value_name = "FROM", value_parser = PathBufValueParser::new().map(Database::from))]
    pub(crate) from: Database,

    /// New place: a file that does not exist, or the URL of a database without a store
    #[arg(value_name = "TO", value_parser = PathBufValueParser::new().map(Database::from))]
    pub(crate) to: Database,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata bench
  relata bench --db /var/lib/relata/relata.db --seconds 60 --relations 5000000

The temporary store is in a new folder next to --db, which is neither opened nor needed.")]
pub(crate) struct BenchArgs {
    /// Approximate duration, in seconds
    #[arg(
        long,
        env = "RELATA_BENCH_SECONDS",
        default_value_t = 20,
        value_name = "S",
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub(crate) seconds: u64,

    /// Number of concurrent senders, each of which waits for its event to be durable
    #[arg(
        long,
        env = "RELATA_BENCH_SENDERS",
        default_value_t = 64,
        value_name = "N",
        value_parser = senders
    )]
    pub(crate) senders: usize,

    /// Maximum number of relations to import, time permitting
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
    /// Create a token and print it; it is never shown again
    New(NewToken),
    /// Accept the token of another system, such as a Private Integration Token, as a token
    Adopt(AdoptedToken),
    /// List the tokens, without their secrets
    List {
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Revoke a token; a running server notices within a second
    Revoke {
        /// Id of the token, or its name if that is unique
        #[arg(value_name = "ID|NAME")]
        token: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata token new --name dashboard
  relata token new --scope write --location seaside-realty --name crm-sync

A running server accepts a new token within a second.")]
pub(crate) struct NewToken {
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata token adopt --name crm-sync --scope write --location seaside-realty < pit.txt
  relata token adopt --name crm-sync --from-file pit.txt

The secret is read from standard input or a file, never from an argument, which other
users of the machine can see. Only its SHA-256 is stored. A running server accepts it
within a second.")]
pub(crate) struct AdoptedToken {
    /// File with the secret [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// What a token may do and see, and how it is called.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// Scope: read for queries and exports, write also to change associations and relations,
    /// to import events and to replay and delete dead letters, admin for everything
    #[arg(long, default_value = "read", value_name = "SCOPE", value_parser = scope)]
    pub(crate) scope: Scope,

    /// Location that the token may see; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub(crate) location: Vec<String>,

    /// Name of the token
    #[arg(long, default_value = "", value_name = "NAME")]
    pub(crate) name: String,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

fn scope(name: &str) -> Result<Scope, String> {
    name.parse().map_err(|_| "must be read, write or admin".to_owned())
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DeadLettersArgs {
    #[command(subcommand)]
    pub(crate) action: LettersAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LettersAction {
    /// List dead letters, without their bodies
    List {
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Show a dead letter with its body and headers
    Show {
        /// Number of the dead letter
        id: u64,
        /// Print JSON
        #[arg(long, env = "RELATA_JSON")]
        json: bool,
    },
    /// Replay a dead letter, or all; if a server is running, use its API instead
    Replay {
        /// Number of the dead letter
        #[arg(required_unless_present = "all")]
        id: Option<u64>,
        // Has its own variable: one that is set for other commands must delete nothing.
        /// All dead letters
        #[arg(long, env = "RELATA_DEAD_LETTERS_ALL", conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        url: UrlTrustArgs,
        #[command(flatten)]
        names: Names,
    },
    /// Delete a dead letter, or all; if a server is running, use its API instead
    Delete {
        /// Number of the dead letter
        #[arg(required_unless_present = "all")]
        id: Option<u64>,
        // Has its own variable: one that is set for other commands must delete nothing.
        /// All dead letters
        #[arg(long, env = "RELATA_DEAD_LETTERS_ALL", conflicts_with = "id")]
        all: bool,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata doctor delivery.json --header 'X-GHL-Signature: qW2…'
  relata doctor delivery.json --type RelationCreate --webhook-key ed25519:highlevel")]
pub(crate) struct DoctorArgs {
    /// File with the body, byte for byte; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Header of the delivery; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,

    /// Event type in the URL, if there is one
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) url_type: Option<String>,

    #[command(flatten)]
    pub(crate) keys: KeyArgs,

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
    /// Shell to print a script for
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}
