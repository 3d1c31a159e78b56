//! The URL of a PostgreSQL database.

use std::fmt;
use std::str::FromStr;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::journal::error::JournalError;

/// The URL of a PostgreSQL database, as `psql` takes it. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// Creates a URL, which is checked when it is used.
    pub(in crate::journal) fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// Returns whether it contains a password.
    pub fn has_password(&self) -> bool {
        self.config().is_ok_and(|config| config.get_password().is_some())
    }

    /// Parses it.
    ///
    /// Certificates are always verified where TLS is used, names of hosts included, so
    /// `require`, `verify-ca` and `verify-full` mean the same. Without `sslmode`, or with
    /// `prefer`, TLS is required of every host but those of this machine: it never falls back
    /// in silence.
    pub(super) fn config(&self) -> Result<Config, JournalError> {
        let url = ["verify-full", "verify-ca"].iter().fold(self.0.clone(), |url, mode| {
            url.replace(&format!("sslmode={mode}"), "sslmode=require")
        });
        let mut config = Config::from_str(&url).map_err(|error| JournalError::BadUrl {
            url: self.to_string(),
            // Its source may quote the password.
            reason: error.to_string(),
        })?;
        if config.get_ssl_mode() == SslMode::Prefer {
            let is_local = config.get_hosts().iter().all(is_local);
            config.ssl_mode(if is_local { SslMode::Disable } else { SslMode::Require });
        }
        Ok(config)
    }
}

/// Returns whether a host is this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .trim_matches(['[', ']'])
                    .parse()
                    .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", ""));
        // Parameters may contain a password, too.
        let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, host) =
            place.rsplit_once('@').map_or((None, place), |(user, host)| (Some(user), host));
        write!(f, "{scheme}://")?;
        if let Some(user) = user {
            write!(f, "{}@", user.split_once(':').map_or(user, |(name, _)| name))?;
        }
        f.write_str(host)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
