//! The URL of a PostgreSQL database.

use std::fmt;
use std::net::IpAddr;
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

    /// Returns whether it contains a password, even if it cannot be used.
    pub fn has_password(&self) -> bool {
        let (credentials, _) = self.after_scheme().split_once('@').unwrap_or_default();
        credentials.contains(':')
            || self.0.contains("password=")
            || self.config().is_ok_and(|config| config.get_password().is_some())
    }

    /// Returns what follows `postgres://`.
    fn after_scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
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
            let is_local = config.get_hosts().iter().all(is_local)
                && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
            config.ssl_mode(if is_local { SslMode::Disable } else { SslMode::Require });
        }
        Ok(config)
    }
}

/// Returns whether a host is this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Display for PostgresUrl {
    /// Shows the user, the hosts and the database. What may be a part of a password, because
    /// it was written without escapes, is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.after_scheme();
        let (user, rest) = match rest.split_once('@') {
            Some((credentials, rest)) => (credentials.split([':', '/', '?']).next(), rest),
            None => (None, rest),
        };
        f.write_str("postgres://")?;
        if let Some(user) = user {
            write!(f, "{user}@")?;
        }
        // Parameters may contain a password, too.
        let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
        let hosts = place.split('/').next().unwrap_or_default();
        let is_plain = !rest.contains('@') && hosts.split(',').all(has_plain_port);
        f.write_str(if is_plain { place } else { "…" })
    }
}

/// Returns whether what follows the name of a host is a port, or nothing.
fn has_plain_port(host: &str) -> bool {
    let name_and_port = host.rsplit_once(']').map_or(host, |(_, port)| port);
    let port = name_and_port.split_once(':').map_or("", |(_, port)| port);
    port.bytes().all(|it| it.is_ascii_digit())
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is written where, `SECRET` is never shown.
    #[test]
    fn a_password_is_never_shown() {
        for (url, shown, has_password) in [
            ("postgres://ann@db.example/relata", "postgres://ann@db.example/relata", false),
            ("postgresql://db.example", "postgres://db.example", false),
            ("postgres://ann:SECRET@db/relata", "postgres://ann@db/relata", true),
            ("postgres://ann:@db/relata", "postgres://ann@db/relata", true),
            ("postgres://:SECRET@db/relata", "postgres://@db/relata", true),
            ("postgres://ann:a:SECRET@db:5433", "postgres://ann@db:5433", true),
            ("postgres://ann:SECRET@a:1,[::1]:2/x", "postgres://ann@a:1,[::1]:2/x", true),
            ("postgres://ann:%53ECRET@db/relata", "postgres://ann@db/relata", true),
            ("postgres://ann@db/relata?password=SECRET", "postgres://ann@db/relata", true),
            ("postgres://db?user=ann&password=SECRET", "postgres://db", true),
            ("postgres://ann@db/x?password=a@SECRET", "postgres://ann@…", true),
            ("postgres://db/x?password=SECRET@b", "postgres://db@b", true),
            ("postgres://ann:a?SECRET@db/relata", "postgres://ann@db/relata", true),
            ("postgres://ann:a/SECRET@db/relata", "postgres://ann@db/relata", true),
            ("postgres://ann:a@SECRET@db/relata", "postgres://ann@…", true),
            ("postgres://ann:a@b?SECRET@db/relata", "postgres://ann@…", true),
            ("postgres://ann:a@SECRET?b@db/relata", "postgres://ann@…", true),
            ("postgres://ann:SECRET/relata", "postgres://…", false),
            ("postgres://ann:SECRET@db/relata?nonsense=SECRET", "postgres://ann@db/relata", true),
            ("postgres://ann:SECRET@db:port/relata", "postgres://ann@…", true),
            ("POSTGRES://ann:SECRET@db/relata", "postgres://ann@db/relata", true),
            ("postgres://", "postgres://", false),
        ] {
            let given = PostgresUrl::new(url);
            assert_eq!((&*given.to_string(), given.has_password()), (shown, has_password), "{url}");
            let database = crate::journal::database::Database::from(url);
            let mut texts = vec![format!("{given:?} {database} {database:?}")];
            if let Err(error) = given.config() {
                let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |it| {
                    std::error::Error::source(*it)
                });
                texts.extend(causes.map(|it| format!("{it} {it:?}")));
            }
            assert!(!texts.concat().contains("SECRET"), "{url}: {texts:?}");
            assert_eq!(database.file(), None, "{url}");
        }
    }

    #[test]
    fn tls_is_required_of_other_machines() {
        use SslMode::{Disable, Require};
        for (place, expected) in [
            ("localhost", Disable),
            ("127.0.0.1", Disable),
            ("127.8.0.1:5433", Disable),
            ("[::1]:5433", Disable),
            ("", Disable),
            ("/relata?host=/run/postgresql", Disable),
            ("%2Frun%2Fpostgresql/relata", Disable),
            ("localhost,127.0.0.1", Disable),
            ("db.example", Require),
            ("localhost,db.example", Require),
            ("localhost.example", Require),
            ("10.0.0.1", Require),
            ("localhost?hostaddr=10.0.0.1", Require),
            ("db.example?hostaddr=127.0.0.1", Require),
            ("?host=db.example", Require),
            ("db.example?sslmode=prefer", Require),
            ("localhost?sslmode=prefer", Disable),
            ("localhost?sslmode=require", Require),
            ("localhost?sslmode=verify-ca", Require),
            ("localhost/x?application_name=y&sslmode=verify-full", Require),
            ("db.example?sslmode=disable", Disable),
        ] {
            let url = PostgresUrl::new(&format!("postgres://ann@{place}"));
            assert_eq!(url.config().unwrap().get_ssl_mode(), expected, "{place}");
        }
        for mode in ["allow", "verify", ""] {
            let url = PostgresUrl::new(&format!("postgres://db.example/x?sslmode={mode}"));
            assert!(url.config().is_err(), "{mode}");
        }
    }
}
