//! The arguments of `relata pull`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use relata::pull::{Method, ReadSettings, RecordsRead, ServerDestination, Stop};

use crate::config::duration::parse_duration;
use crate::config::store::KeepArg;
use crate::config::upstream::UpstreamArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata pull --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt --dry-run
  relata pull --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt
  relata pull --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt \\
      --to http://127.0.0.1:8787 --to-token-file relata.txt
  relata pull --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt --output events.ndjson.gz

Subscribe to the location's webhooks first and pull second: what changes during a pull
arrives by webhook.

Exit status: 0 if everything was read, 3 if it stopped early or something was unstable (run
it again), 75 if the requests of the day are used up, 2 for usage, 1 for other errors.")]
pub(crate) struct PullArgs {
    /// Location to read; may be repeated
    #[arg(long, env = "RELATA_LOCATION", required = true, value_name = "ID")]
    pub(crate) location: Vec<String>,

    #[command(flatten)]
    pub(crate) upstream: UpstreamArgs,

    /// Write to the running server at this address instead of --db
    #[arg(long, env = "RELATA_PULL_TO", value_name = "URL", conflicts_with = "output")]
    pub(crate) to: Option<String>,

    /// File with the token of that server. Without it, the credential `relata-token` of systemd,
    /// or the variable `RELATA_TO_TOKEN`
    #[arg(long, env = "RELATA_TO_TOKEN_FILE", value_name = "FILE")]
    pub(crate) to_token_file: Option<PathBuf>,

    /// Write events to this file instead of --db, gzip if it ends in .gz; - is standard output
    #[arg(long, short, env = "RELATA_PULL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    read: ReadArgs,

    /// Records to write: all, those with links of the object keys whose links are listed, or
    /// none; links are read in any case
    #[arg(long, env = "RELATA_RECORDS", value_enum, default_value_t = RecordsArg::All, value_name = "WHICH")]
    records: RecordsArg,

    /// Number of records of each object key whose links are read a second way, to prove the
    /// method; 0 for none
    #[arg(long, env = "RELATA_SAMPLE", default_value_t = 100, value_name = "N")]
    sample: usize,

    /// How much to keep of what records are: all that the sender says, their names, or ids alone
    #[arg(long, env = "RELATA_KEEP", value_enum, default_value_t = KeepArg::Names, value_name = "WHAT")]
    pub(crate) keep: KeepArg,

    /// File that remembers how far the pull has come [default: beside the database or the
    /// output; in the current folder if the database is a server's]
    #[arg(long, env = "RELATA_STATE", value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Start again, whatever an earlier run has read
    #[arg(long, env = "RELATA_FRESH")]
    pub(crate) fresh: bool,

    /// Print what the pull would cost, and write nothing
    #[arg(long, env = "RELATA_DRY_RUN")]
    pub(crate) dry_run: bool,

    /// How progress is shown on standard error
    #[arg(long, env = "RELATA_PROGRESS", value_enum, default_value_t = ProgressArg::Auto, value_name = "HOW")]
    pub(crate) progress: ProgressArg,

    /// Print one JSON object for each location at the end
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    /// Bars on a terminal, else a line every 30 seconds
    Auto,
    /// JSON lines
    Json,
    /// Not at all
    None,
}

/// What is read of a location, and how.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// Only these object keys; comma-separated or repeated [default: all]
    #[arg(long, env = "RELATA_OBJECTS", value_delimiter = ',', value_name = "KEY")]
    objects: Vec<String>,

    /// Only these associations, by id or key; comma-separated or repeated [default: all]
    #[arg(long, env = "RELATA_PULL_ASSOCIATIONS", value_delimiter = ',', value_name = "ID|KEY")]
    associations: Vec<String>,

    /// How links are read: from search results, in one list per record, in one list per record
    /// and association, or in the cheapest of these ways that proves good
    #[arg(long, env = "RELATA_METHOD", value_enum, default_value_t = MethodArg::Auto, value_name = "METHOD")]
    method: MethodArg,

    /// Records whose links are listed: the fewest that touch every association, or all
    #[arg(long, env = "RELATA_ENDS", value_enum, default_value_t = EndsArg::Cover, value_name = "ENDS")]
    ends: EndsArg,

    /// Rows of a page to ask for [default: 100; 500 for searches]
    #[arg(long, env = "RELATA_PAGE_SIZE", value_name = "N")]
    page_size: Option<usize>,

    /// Time between two readings that must agree
    #[arg(long, hide = true, default_value = "10s", value_parser = parse_duration)]
    proof_settle: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordsArg {
    All,
    Linked,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodArg {
    Auto,
    Embedded,
    List,
    ListEach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EndsArg {
    Cover,
    Both,
}

impl ReadArgs {
    /// Returns whether only a part of the location is read.
    pub(super) fn is_partial(&self) -> bool {
        !self.objects.is_empty() || !self.associations.is_empty()
    }

    /// Returns the settings for a location.
    pub(crate) fn settings(&self, location: &str) -> ReadSettings {
        let some = |names: &Vec<String>| Some(names.clone()).filter(|names| !names.is_empty());
        ReadSettings {
            objects: some(&self.objects),
            associations: some(&self.associations),
            method: match self.method {
                MethodArg::Auto => None,
                MethodArg::Embedded => Some(Method::Embedded),
                MethodArg::List => Some(Method::List),
                MethodArg::ListEach => Some(Method::ListEach),
            },
            both_ends: self.ends == EndsArg::Both,
            page_size: self.page_size,
            settle: self.proof_settle,
            ..ReadSettings::new(location)
        }
    }
}

impl PullArgs {
    /// Returns the settings for a location.
    pub(crate) fn read_settings(&self, location: &str) -> ReadSettings {
        ReadSettings {
            records: match self.records {
                RecordsArg::All => RecordsRead::All,
                RecordsArg::Linked => RecordsRead::Linked,
                RecordsArg::None => RecordsRead::None,
            },
            sample: self.sample,
            ..self.read.settings(location)
        }
    }

    /// Returns the server to write to, if there is one, for which `stop` ends the waiting.
    pub(crate) fn server(&self, stop: &Stop) -> anyhow::Result<Option<ServerDestination>> {
        let server = |to: &String| self.upstream.server(to, self.to_token_file.as_deref(), stop);
        self.to.as_ref().map(server).transpose()
    }
}
