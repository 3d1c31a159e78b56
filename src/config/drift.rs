//! The arguments of `relata drift`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use relata::drift::{DriftSettings, What};
use relata::pull::{ReadSettings, ServerDestination, Stop};

use crate::config::duration::parse_duration;
use crate::config::pull::{ProgressArg, ReadArgs};
use crate::config::upstream::UpstreamArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  relata drift --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt
  relata drift --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt --apply
  relata drift --location eHy2cOSZxMQzQ6Yyvl8P --token-file pit.txt --apply \
      --to http://127.0.0.1:8787 --to-token-file relata.txt
  relata drift --location eHy2cOSZxMQzQ6Yyvl8P --against events.ndjson.gz

A difference counts once the sender was asked for that very thing after --settle, and it was
still there. Without --apply nothing is written. A server may have the database open, if --to
says where repairs are sent.

Exit status: 0 if both are equal, 3 if they differ or not everything was read, 75 if the
requests of the day are used up, 2 for usage, 1 for other errors.")]
pub(crate) struct DriftArgs {
    /// Location to compare
    #[arg(long, env = "RELATA_LOCATION", value_name = "ID")]
    pub(crate) location: String,

    #[command(flatten)]
    pub(crate) upstream: UpstreamArgs,

    /// Compare with this file of events instead of the sender, gzip or not: one that pull has
    /// written, or an export as ndjson. Nothing is confirmed then
    #[arg(long, env = "RELATA_AGAINST", value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// Compare only these kinds of things: objects, associations, records, relations;
    /// comma-separated or repeated [default: all]
    #[arg(long, env = "RELATA_ONLY", value_delimiter = ',', value_name = "WHAT")]
    only: Vec<What>,

    #[command(flatten)]
    read: ReadArgs,

    /// Compare only the links of this many records of the store, chosen at random, and estimate
    /// how many records differ
    #[arg(long, env = "RELATA_DRIFT_SAMPLE", value_name = "N", conflicts_with_all = ["against", "apply", "only"])]
    pub(crate) sample: Option<NonZeroUsize>,

    /// Number that decides which records are sampled [default: another one each time]
    #[arg(long, env = "RELATA_SEED", value_name = "N", requires = "sample")]
    pub(crate) seed: Option<u64>,

    /// How long webhooks may take to arrive: after this time, each difference is read again
    #[arg(long, env = "RELATA_SETTLE", default_value = "60s", value_name = "TIME", value_parser = parse_duration)]
    settle: Duration,

    /// Maximum number of differences to confirm, at one or two requests each; others are never
    /// applied
    #[arg(long, env = "RELATA_CONFIRM_MAX", default_value_t = 5_000, value_name = "N")]
    confirm_max: usize,

    #[command(flatten)]
    pub(crate) repair: RepairArgs,

    #[command(flatten)]
    to: ServerArgs,

    /// Maximum number of differences to print; all are counted
    #[arg(long, env = "RELATA_LIMIT", default_value_t = 1_000, value_name = "N")]
    pub(crate) limit: usize,

    /// Write all differences to this file, one JSON object a line
    #[arg(long, env = "RELATA_REPORT", value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// How progress is shown on standard error
    #[arg(long, env = "RELATA_PROGRESS", value_enum, default_value_t = ProgressArg::Auto, value_name = "HOW")]
    pub(crate) progress: ProgressArg,

    /// Print one JSON object
    #[arg(long, env = "RELATA_JSON")]
    pub(crate) json: bool,
}

/// The server that has the database open.
#[derive(Debug, Args)]
struct ServerArgs {
    /// Send repairs to the running server at this address, which has --db open; --db is only
    /// read then
    #[arg(long, env = "RELATA_DRIFT_TO", value_name = "URL", requires = "apply")]
    to: Option<String>,

    /// File with the token of that server. Without it, the credential `relata-token` of systemd,
    /// or the variable `RELATA_TO_TOKEN`
    #[arg(long, env = "RELATA_TO_TOKEN_FILE", value_name = "FILE")]
    to_token_file: Option<PathBuf>,
}

/// Whether and how differences are removed.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// Write events that remove the differences that were confirmed
    #[arg(long, env = "RELATA_APPLY")]
    pub(crate) apply: bool,

    /// Apply what a dump says, though nothing of it is confirmed; its events are dated by when
    /// the file last changed
    #[arg(long, env = "RELATA_TRUST_DUMP", requires = "against")]
    pub(crate) trust_dump: bool,

    /// Apply it even if more than 20 relations and more than 5 % of them would be deleted
    #[arg(long, env = "RELATA_ALLOW_MASS_DELETE")]
    pub(crate) allow_mass_delete: bool,
}

impl DriftArgs {
    /// Returns what is read of the location.
    pub(crate) fn read_settings(&self) -> ReadSettings {
        self.read.settings(&self.location)
    }

    /// Returns how it is compared.
    pub(crate) fn settings(&self) -> DriftSettings {
        DriftSettings {
            only: self.only.iter().copied().collect(),
            settle: self.settle,
            confirm_max: self.confirm_max,
        }
    }

    /// Returns the server that repairs are sent to, if there is one, for which `stop` ends the
    /// waiting.
    pub(crate) fn server(&self, stop: &Stop) -> anyhow::Result<Option<ServerDestination>> {
        let ServerArgs { to, to_token_file } = &self.to;
        let server = |to: &String| self.upstream.server(to, to_token_file.as_deref(), stop);
        to.as_ref().map(server).transpose()
    }

    /// Returns why arguments do not go together, if they do not.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let (is_dump, repair) = (self.against.is_some(), &self.repair);
        if is_dump && repair.apply && !repair.trust_dump {
            return Some("nothing of a dump is confirmed: --apply needs --trust-dump");
        }
        (is_dump && self.read.is_partial()).then_some(
            "a dump is compared as a whole: --objects and --associations are for the sender",
        )
    }
}
