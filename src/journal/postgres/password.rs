//! Where the password of a database comes from: never from the command line, where other
//! users would see it.

use std::path::PathBuf;

use postgres::Config;
use postgres::config::Host;

use crate::journal::error::JournalError;

/// Adds the password that `PGPASSWORD` holds, or the first that the file named by
/// `PGPASSFILE` (`~/.pgpass` by default) has for this server, database and user, as `psql`
/// does. One that is there already stays.
pub(super) fn add(config: &mut Config) -> Result<(), JournalError> {
    if config.get_password().is_some() {
        return Ok(());
    }
    if let Some(password) = std::env::var_os("PGPASSWORD").filter(|it| !it.is_empty()) {
        config.password(password.as_encoded_bytes());
        return Ok(());
    }
    let named = std::env::var_os("PGPASSFILE").filter(|it| !it.is_empty()).map(PathBuf::from);
    let is_named = named.is_some();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
    let Some(path) = named.or(home) else { return Ok(()) };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(_) if !is_named => return Ok(()),
        Err(source) => return Err(JournalError::File { path, source }),
    };
    if let Some(password) = find(&text, config) {
        config.password(password);
    }
    Ok(())
}

/// Returns the password of the first line that matches.
fn find(text: &str, config: &Config) -> Option<String> {
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.as_str(),
        _ => "localhost",
    };
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [of_host, of_port, of_database, of_user, password] = fields.as_slice() else {
            return None;
        };
        let matches = |field: &str, value: &str| field == "*" || field == value;
        let is_it = matches(of_host, host)
            && matches(of_port, &port)
            && matches(of_database, database)
            && matches(of_user, user);
        is_it.then(|| password.clone())
    })
}

/// Splits a line at its colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut escaped) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '\\' if !escaped => escaped = true,
            ':' if !escaped && fields.len() < 5 => fields.push(String::new()),
            _ => {
                escaped = false;
                if let Some(field) = fields.last_mut() {
                    field.push(letter);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_matches_has_the_password() {
        let text = "# a comment\n\
            other:5432:relata:ann:one\n\
            db.example:5433:*:ann:two\n\
            db.example:*:re\\:lata:ann:a\\\\b:c\n\
            *:*:*:*:last";
        for (url, expected) in [
            ("postgres://ann@db.example:5433/relata", "two"),
            ("postgres://ann@db.example/re:lata", "a\\b:c"),
            ("postgres://ann@other/relata", "one"),
            ("postgres://bob@other/relata", "last"),
        ] {
            let found = find(text, &url.parse().unwrap());
            assert_eq!(found.as_deref(), Some(expected), "{url}");
        }
        assert_eq!(find("", &"postgres://ann@other/x".parse().unwrap()), None);
    }
}
