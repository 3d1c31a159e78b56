//! The URL of a PostgreSQL database.

use std::fmt;

use tokio_postgres::Config;

use crate::journal::error::JournalError;
use crate::journal::postgres::servers;

/// The URL of a PostgreSQL database, as `psql` takes it. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// Creates a URL, which is checked when it is used.
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// Returns whether it contains a password, even if it cannot be used.
    pub fn has_password(&self) -> bool {
        let (credentials, _) = self.after_scheme().split_once('@').unwrap_or_default();
        credentials.contains(':')
            || self.0.contains("password=")
            || self.servers().is_ok_and(|all| all.iter().any(|it| it.get_password().is_some()))
    }

    /// Returns what follows `postgres://`.
    fn after_scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// Returns how to connect to each of the servers that it names, in the order in which they
    /// are tried.
    pub(super) fn servers(&self) -> Result<Vec<Config>, JournalError> {
        servers::parse(&self.0)
            .map_err(|reason| JournalError::BadUrl { url: self.to_string(), reason })
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
            if let Err(error) = given.servers() {
                let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |it| {
                    std::error::Error::source(*it)
                });
                texts.extend(causes.map(|it| format!("{it} {it:?}")));
            }
            assert!(!texts.concat().contains("SECRET"), "{url}: {texts:?}");
            assert_eq!(database.file(), None, "{url}");
        }
    }
}
