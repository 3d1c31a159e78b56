//! The arguments about the sender's API: where it is, as whom it is asked, and how fast.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use relata::pull::{BaseUrl, ServerDestination, Stop, UpstreamSettings};

use crate::config::duration::parse_duration;
use crate::config::secrets::secret;

/// The variable of the token.
const TOKEN_VARIABLE: &str = "RELATA_HIGHLEVEL_TOKEN";

/// The name of the token among the credentials of systemd.
const TOKEN_CREDENTIAL: &str = "highlevel-token";

/// The same for the token of the server that is written to.
const SERVER_TOKEN_CREDENTIAL: &str = "relata-token";

/// How the sender's API is asked.
#[derive(Debug, Args)]
pub(crate) struct UpstreamArgs {
    /// File with the token of the sender's API; - is standard input. Without it, the credential
    /// `highlevel-token` of systemd, or the variable `RELATA_HIGHLEVEL_TOKEN`
    #[arg(long, env = "RELATA_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Address of the sender's API; plain http for this machine only
    #[arg(
        long,
        env = "RELATA_BASE_URL",
        default_value = UpstreamSettings::BASE_URL,
        value_name = "URL"
    )]
    base_url: String,

    /// Send tokens over plain http to other machines, too
    #[arg(long, env = "RELATA_INSECURE_HTTP")]
    pub(crate) insecure_http: bool,

    /// Version of the sender's API to ask for
    #[arg(
        long,
        env = "RELATA_API_VERSION",
        default_value = UpstreamSettings::API_VERSION,
        value_name = "VERSION"
    )]
    api_version: String,

    /// Requests per second; at most 9, as the sender allows 100 in 10 seconds to all programs
    /// together
    #[arg(long, env = "RELATA_RATE", default_value_t = 8.0, value_name = "N")]
    pub(crate) rate: f64,

    /// Maximum number of requests in flight
    #[arg(long, env = "RELATA_CONCURRENCY", default_value_t = 4, value_name = "N")]
    concurrency: usize,

    /// Allow rates beyond the sender's documented limits
    #[arg(long, env = "RELATA_UNLIMITED")]
    unlimited: bool,

    /// Stop while this many requests of the day are left, for other programs
    #[arg(long, env = "RELATA_DAILY_RESERVE", default_value_t = 20_000, value_name = "N")]
    daily_reserve: u64,

    /// Wait for the next day when the requests of this one are used up, instead of stopping
    #[arg(long, env = "RELATA_WAIT_FOR_QUOTA")]
    wait_for_quota: bool,

    /// Stop after this many requests
    #[arg(long, env = "RELATA_MAX_REQUESTS", value_name = "N")]
    max_requests: Option<u64>,

    /// How often a request is repeated [default: 8 if it was too early, 6 if it failed]
    #[arg(long, env = "RELATA_RETRIES", value_name = "N")]
    retries: Option<u32>,

    /// Time limit of a request
    #[arg(long, env = "RELATA_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = parse_duration)]
    timeout: Duration,

    /// PEM file of certificates to trust instead of the built-in roots
    #[arg(long, env = "RELATA_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Bound of the first pause after a failure
    #[arg(long, hide = true, default_value = "1s", value_parser = parse_duration)]
    pub(crate) first_pause: Duration,
}

impl UpstreamArgs {
    /// Reads the token, and returns the settings.
    pub(crate) fn settings(&self) -> anyhow::Result<UpstreamSettings> {
        let base_url = BaseUrl::parse(&self.base_url, self.insecure_http)?;
        let token = secret(self.token_file.as_deref(), Some(TOKEN_CREDENTIAL), TOKEN_VARIABLE)?;
        let token = token.with_context(|| {
            format!("a token is needed: --token-file, or the variable {TOKEN_VARIABLE}")
        })?;
        Ok(UpstreamSettings {
            api_version: self.api_version.clone(),
            rate: self.rate,
            concurrency: self.concurrency,
            unlimited: self.unlimited,
            daily_reserve: self.daily_reserve,
            wait_for_quota: self.wait_for_quota,
            max_requests: self.max_requests,
            retries: self.retries,
            timeout: self.timeout,
            ca_file: self.ca_file.clone(),
            first_pause: self.first_pause,
            ..UpstreamSettings::new(base_url, token)
        })
    }

    /// Returns the running server at an address, with its token if there is one, for which
    /// `stop` ends the waiting.
    pub(super) fn server(
        &self,
        to: &str,
        token_file: Option<&Path>,
        stop: &Stop,
    ) -> anyhow::Result<ServerDestination> {
        let base = BaseUrl::parse(to, self.insecure_http)?;
        let token = secret(token_file, Some(SERVER_TOKEN_CREDENTIAL), "RELATA_TO_TOKEN")?;
        let (ca, pause) = (self.ca_file.as_deref(), self.first_pause);
        Ok(ServerDestination::new(base, token, ca, pause, stop.clone())?)
    }
}
