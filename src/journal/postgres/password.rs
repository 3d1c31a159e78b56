//! Where the password of a database comes from: never from the command line, where other
//! users would see it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Once;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::journal::error::JournalError;

/// The folders in which servers create their socket by default: PostgreSQL's own and Debian's.
const SOCKET_FOLDERS: [&str; 2] = ["/tmp", "/var/run/postgresql"];

/// Adds the password that `PGPASSWORD` holds, or the first that the file named by
/// `PGPASSFILE` (`~/.pgpass` by default) has for this server, database and user, as `psql`
/// does. One that is there already stays.
pub(super) fn add(config: &mut Config) -> Result<(), JournalError> {
    if config.get_password().is_some_and(|it| !it.is_empty()) {
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
    let lines = match read(&path) {
        Ok(lines) => lines.unwrap_or_default(),
        Err(_) if !is_named => return Ok(()),
        Err(source) => return Err(JournalError::File { path, source }),
    };
    if let Some(password) = find(&lines, config) {
        config.password(password);
    }
    Ok(())
}

/// Returns what is in a file of passwords, or `None` if it is one that `psql` ignores, which
/// is logged once.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    static LOGGED: Once = Once::new();
    // Opening a pipe would wait.
    let found = fault(&std::fs::metadata(path)?);
    if found.is_none() {
        let mut file = File::open(path)?;
        if fault(&file.metadata()?).is_none() {
            let mut lines = Vec::new();
            file.read_to_end(&mut lines)?;
            return Ok(Some(lines));
        }
    }
    LOGGED.call_once(|| {
        let reason = found.unwrap_or("others may read it");
        tracing::warn!(file = %path.display(), reason, "the file of passwords is ignored");
    });
    Ok(None)
}

/// Returns why a file must not be used.
fn fault(file: &Metadata) -> Option<&'static str> {
    #[cfg(unix)]
    let is_open = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o077 != 0;
    #[cfg(not(unix))]
    let is_open = false;
    match (file.is_file(), is_open) {
        (false, _) => Some("it is no plain file"),
        (true, true) => Some("others may use it: chmod 600"),
        (true, false) => None,
    }
}

/// Returns the password of the first line that matches.
fn find(lines: &[u8], config: &Config) -> Option<Vec<u8>> {
    let host = host(config);
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    // A user that is not named is the one of the process, and any line for it has a `*`.
    let user = config.get_user();
    let database = config.get_dbname().or(user);
    let values = [Some(&*host), Some(&*port), database, user];
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.into_iter().find_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let password = values.iter().try_fold(line, |line, value| after_field(line, *value))?;
        Some(unescape(password)).filter(|password| !password.is_empty())
    })
}

/// Returns the name that a line has for the server.
fn host(config: &Config) -> String {
    match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => {
            let is_usual = SOCKET_FOLDERS.iter().any(|usual| folder == Path::new(usual));
            if is_usual { "localhost".to_owned() } else { folder.display().to_string() }
        }
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    }
}

/// Returns what follows the first field of a line, if that is a `*` or this value. A backslash
/// takes the next character as it is.
fn after_field<'l>(line: &'l [u8], value: Option<&str>) -> Option<&'l [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut value = value?.bytes().peekable();
    let mut rest = line.iter();
    loop {
        let mut byte = *rest.next()?;
        if byte == b':' && value.peek().is_none() {
            return Some(rest.as_slice());
        }
        if byte == b'\\' {
            byte = *rest.next()?;
        }
        if value.next() != Some(byte) {
            return None;
        }
    }
}

/// Returns the last field of a line.
fn unescape(field: &[u8]) -> Vec<u8> {
    let (mut password, mut rest) = (Vec::new(), field.iter());
    while let Some(byte) = rest.next() {
        match byte {
            b':' => break,
            b'\\' => password.push(*rest.next().unwrap_or(byte)),
            byte => password.push(*byte),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::postgres::database_url::PostgresUrl;

    #[test]
    fn the_first_line_that_matches_has_the_password() {
        let text = "# a comment\n\
            # other:5432:relata:ann:no\n\
            other:5432:relata:ann:one\r\n\
            db.example:5433:*:ann:two\n\
            db.example:*:re\\:lata:ann:a\\\\b\\:c:d\n\
            ::1:*:*:*:three\n\
            \\*:*:*:star:no\n\
            *:*:*:star:a\\\n\
            localhost:*:*:socket:usual\n\
            /run/other:*:*:socket:special\n\
            10.0.0.1:*:*:*:address\n\
            short:*:*\n\
            empty:*:*:*:\n\
            db.example:*:ann:ann:own\n\
            *:*:*:bob:last";
        for (url, expected) in [
            ("postgres://ann@db.example:5433/relata", Some("two")),
            ("postgres://ann@db.example/re:lata", Some("a\\b:c")),
            ("postgres://ann@other/relata", Some("one")),
            ("postgres://ann@other:5433/relata", None),
            ("postgres://bob@other/relata", Some("last")),
            ("postgres://ann@[::1]/x", Some("three")),
            ("postgres://star@db/x", Some("a\\")),
            ("postgres://socket@/x?host=/var/run/postgresql", Some("usual")),
            ("postgres://socket@/x?host=/tmp", Some("usual")),
            ("postgres://socket@/x?host=/run/other", Some("special")),
            ("postgres://socket@localhost/x", Some("usual")),
            ("postgres://ann@/x?hostaddr=10.0.0.1&sslmode=disable", Some("address")),
            ("postgres://ann@db/x?hostaddr=10.0.0.1", None),
            ("postgres://ann@short/x", None),
            ("postgres://bob@empty/x", Some("last")),
            ("postgres://ann@db.example", Some("own")),
            ("postgres://db.example/x", None),
            ("postgres://[::1]/x", Some("three")),
            ("postgres://star:a@other/x", Some("a\\")),
        ] {
            let servers = PostgresUrl::new(url).servers().unwrap();
            let found = find(text.as_bytes(), &servers[0]);
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{url}");
        }
    }

    /// The password of one server is none of another's business.
    #[test]
    fn each_server_is_sent_its_own_password() {
        let servers = PostgresUrl::new("postgres://ann@a,b:5433,c/x").servers().unwrap();
        let found = servers.iter().map(|server| find(b"a:*:*:*:one\nb:5433:*:*:two", server));
        let expected = [Some(b"one".to_vec()), Some(b"two".to_vec()), None];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_use_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwords");
        assert!(read(&path).is_err(), "there is none");
        std::fs::write(&path, "*:*:*:*:one").unwrap();
        for (mode, is_used) in [
            (0o600, true),
            (0o400, true),
            (0o700, true),
            (0o640, false),
            (0o604, false),
            (0o620, false),
            (0o602, false),
            (0o610, false),
            (0o601, false),
        ] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(read(&path).unwrap().is_some(), is_used, "{mode:o}");
        }
        assert_eq!(read(directory.path()).unwrap(), None, "a folder");
    }
}
