//! How the sender's API is asked.

use std::path::PathBuf;
use std::time::Duration;

use crate::pull::error::PullError;
use crate::pull::secret::Secret;
use crate::pull::upstream::base_url::BaseUrl;

/// Requests that the sender allows in ten seconds, less some for others.
const REQUESTS_IN_WINDOW: f64 = 96.0;

/// The highest rate without [`UpstreamSettings::unlimited`], in requests a second.
const RATE_MAX: f64 = 9.0;

/// Most requests in flight.
const CONCURRENCY_MAX: usize = 64;

/// How the sender's API is asked: where, as whom, and how fast.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Where it is.
    pub base_url: BaseUrl,
    /// Value of the header `Version`.
    pub api_version: String,
    /// The token that reads the location.
    pub token: Secret,
    /// Requests a second.
    pub rate: f64,
    /// Maximum number of requests in flight.
    pub concurrency: usize,
    /// Allows rates that the sender's documented limits do not.
    pub unlimited: bool,
    /// Requests of the day that are left for other programs.
    pub daily_reserve: u64,
    /// Waits for the day to turn instead of stopping.
    pub wait_for_quota: bool,
    /// Maximum number of requests.
    pub max_requests: Option<u64>,
    /// How often a request is repeated: by default 8 times if it was too early, 6 times if
    /// it failed.
    pub retries: Option<u32>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Certificates to trust instead of the built-in roots, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Bound of the first pause after a failure; it doubles with each.
    pub first_pause: Duration,
}

impl UpstreamSettings {
    /// The address of the sender's API.
    pub const BASE_URL: &str = "https://services.leadconnectorhq.com";

    /// The version of the API that is asked for by default.
    pub const API_VERSION: &str = "2021-07-28";

    /// Returns the defaults.
    pub fn new(base_url: BaseUrl, token: Secret) -> Self {
        Self {
            base_url,
            api_version: Self::API_VERSION.to_owned(),
            token,
            rate: 8.0,
            concurrency: 4,
            unlimited: false,
            daily_reserve: 20_000,
            wait_for_quota: false,
            max_requests: None,
            retries: None,
            timeout: Duration::from_secs(30),
            ca_file: None,
            first_pause: Duration::from_secs(1),
        }
    }

    /// Returns an error if the settings would break the sender's limits, or cannot be used.
    pub(crate) fn check(&self) -> Result<(), PullError> {
        let fault = |why: &str| Err(PullError::Setting(why.to_owned()));
        if !(self.rate.is_finite() && self.rate > 0.0 && self.rate <= 1e6) {
            return fault("the rate must be above 0 requests a second");
        }
        if !(1..=CONCURRENCY_MAX).contains(&self.concurrency) {
            return fault("1 to 64 requests may be in flight");
        }
        if self.timeout.is_zero() {
            return fault("the time limit of a request must not be zero");
        }
        let printable = |c: char| c.is_ascii_graphic();
        if self.api_version.is_empty() || !self.api_version.chars().all(printable) {
            return fault("the API version must be printable ASCII without spaces");
        }
        #[expect(clippy::cast_precision_loss, reason = "64 at most")]
        let in_window = self.rate.mul_add(10.0, self.concurrency as f64);
        if !self.unlimited && (self.rate > RATE_MAX || in_window > REQUESTS_IN_WINDOW) {
            return fault(
                "the sender allows 100 requests in 10 seconds: the rate may be 9 at most, and ten \
                 times the rate and the requests in flight 96 together; --unlimited lifts this",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_would_break_the_limits_are_refused() {
        let base = BaseUrl::parse(UpstreamSettings::BASE_URL, false).unwrap();
        let defaults = UpstreamSettings::new(base, Secret::parse("t".to_owned()).unwrap());
        defaults.check().unwrap();
        for (rate, concurrency, unlimited, is_good) in [
            (9.0, 6, false, true),
            (9.0, 7, false, false),
            (9.1, 1, false, false),
            (8.0, 17, false, false),
            (1_000.0, 64, true, true),
            (0.0, 1, true, false),
            (-1.0, 1, true, false),
            (f64::NAN, 1, true, false),
            (1.0, 0, true, false),
            (1.0, 65, true, false),
        ] {
            let settings = UpstreamSettings { rate, concurrency, unlimited, ..defaults.clone() };
            assert_eq!(settings.check().is_ok(), is_good, "{rate} {concurrency} {unlimited}");
        }
        assert!(!format!("{defaults:?}").contains("\"t\""));
    }
}
