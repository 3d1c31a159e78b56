//! The arguments about deliveries: keys, and what the URL may say.

use std::time::Duration;

use clap::Args;
use relata::signature::{KeyError, Verifier, WebhookKey};
use relata::webhook::UrlTypes;

/// The keys that verify deliveries.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// Public key or secret of the sender, or a file of them; may be repeated [default:
    /// ed25519:highlevel, the key that HighLevel publishes]
    ///
    /// SCHEME is ed25519, rsa or standard; VALUE is PEM, base64, hex, `highlevel`, or a
    /// Standard Webhooks key (`whsec_…` or `whpk_…`).
    #[arg(
        long,
        env = "RELATA_WEBHOOK_KEY",
        value_delimiter = ',',
        value_name = "FILE|SCHEME:VALUE",
        hide_env_values = true
    )]
    pub(crate) webhook_key: Vec<String>,

    /// Maximum clock difference of a Standard Webhooks signature, in seconds
    #[arg(long, env = "RELATA_WEBHOOK_TOLERANCE_S", default_value_t = 300, value_name = "S")]
    pub(crate) webhook_tolerance_s: u64,

    #[command(flatten)]
    pub(crate) url: UrlTrustArgs,
}

/// Whether the event type in a delivery's URL is trusted.
#[derive(Debug, Args)]
pub(crate) struct UrlTrustArgs {
    /// Trust the event type in the URL for deletes and updates whose body names no type,
    /// although no signature covers the URL
    #[arg(long, env = "RELATA_TRUST_URL_TYPES")]
    pub(crate) trust_url_types: bool,
}

impl UrlTrustArgs {
    /// Returns whether the event type in a URL is trusted.
    pub(crate) fn types(&self) -> UrlTypes {
        if self.trust_url_types { UrlTypes::Trusted } else { UrlTypes::Untrusted }
    }
}

impl KeyArgs {
    /// Returns a verifier with these keys, or HighLevel's if none is given.
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
