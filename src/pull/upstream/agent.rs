//! The HTTP client below all requests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::pull::error::PullError;
use crate::pull::upstream::base_url::BaseUrl;

/// Longest time until a connection is there.
const CONNECT: Duration = Duration::from_secs(10);

/// Name and version by which requests introduce themselves: the sender's edge refuses those
/// of common libraries.
pub(crate) const USER_AGENT: &str = concat!("relata/", env!("CARGO_PKG_VERSION"));

/// Returns a client for one server. It follows no redirect, since the token must not travel;
/// and asks a server on this machine without a proxy.
pub(crate) fn agent(
    base: &BaseUrl,
    timeout: Duration,
    ca_file: Option<&Path>,
) -> Result<Agent, PullError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    if let Some(path) = ca_file {
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates(path)?));
    }
    let mut config = Agent::config_builder()
        .tls_config(tls.build())
        .user_agent(USER_AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(CONNECT.min(timeout)));
    if base.is_loopback() {
        config = config.proxy(None);
    }
    Ok(config.build().new_agent())
}

/// Reads the certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, PullError> {
    let failed = |why: String| PullError::Setting(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|it| failed(it.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(failed("it holds no certificate".to_owned()));
    }
    Ok(found)
}
