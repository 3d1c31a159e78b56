//! The arguments of every command but `serve`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use relata::NodeRef;
use relata::journal::Scope;

use super::Keys;

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

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  relata backup /backups/relata-2026-11-24.db

To restore: stop the server, remove relata.db, relata.db-wal, relata.db-shm and
relata.db-lock, copy the backup to relata.db, start the server.")]
pub(crate) struct Backup {
    /// Where to write the copy; there must be no such file
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Token {
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
    /// read asks and exports, write also replays and deletes dead letters, admin
    /// does everything
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
    Scope::from_name(name).ok_or_else(|| "known are read, write and admin".to_owned())
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DeadLetters {
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
        /// Every one
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Delete one, or all; beside a running server, ask it instead
    Delete {
        /// Its number
        #[arg(required_unless_present = "all")]
        id: Option<u64>,
        /// Every one
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata doctor delivery.json --header 'X-GHL-Signature: qW2…'
  relata doctor delivery.json --type RelationCreate --webhook-key ed25519:highlevel")]
pub(crate) struct Doctor {
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

    /// Print JSON
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}
