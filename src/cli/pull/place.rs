//! Where a pull remembers how far it has come.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use relata::journal::Database;
use relata::pull::{FileDestination, PullError, ResumeFile};

use crate::cli::destination::Reserved;
use crate::config::PullArgs;

/// Returns whether events go to standard output.
pub(super) fn is_stdout(pull: &PullArgs) -> bool {
    pull.output.as_ref().is_some_and(|path| path.as_os_str() == "-")
}

/// Returns the file that a pull of a location is continued from, unless its destination cannot
/// be continued.
pub(super) fn resume_file(db: &Database, pull: &PullArgs, location: &str) -> Option<ResumeFile> {
    if is_stdout(pull) {
        return None;
    }
    // Beside what is written, or in the current folder if that is in a database server.
    let beside = pull.output.as_deref().or(db.file()).unwrap_or(Path::new("relata"));
    let path = pull.state.clone().unwrap_or_else(|| {
        let mut name = beside.file_name().unwrap_or_default().to_owned();
        name.push(format!(".pull-{}.ndjson", file_name(location)));
        beside.with_file_name(name)
    });
    let keep = pull.keep;
    let destination = match (&pull.to, &pull.output) {
        (Some(to), _) => format!("server {to}"),
        (None, Some(output)) => format!("file {}", absolute(output).display()),
        (None, None) => match db.file() {
            Some(path) => format!("store {}", absolute(path).display()),
            None => format!("store {db}"),
        },
    };
    let destination = format!("{destination}, keep {keep:?}");
    Some(ResumeFile { path, fresh: pull.fresh, destination })
}

/// Returns an error if a pull would write to a file of the database, to a file that it reads,
/// or to one file twice.
pub(super) fn check_files(db: &Database, pull: &PullArgs) -> Result<(), PullError> {
    let mut reserved = Reserved::database(db);
    let read = [&pull.upstream.token_file, &pull.upstream.ca_file, &pull.to_token_file];
    for path in read.into_iter().flatten() {
        reserved.input(path);
    }
    let output = pull.output.as_deref().filter(|_| !is_stdout(pull));
    let output = output.map(|path| [path.to_owned(), FileDestination::partial_path(path)]);
    let output: Vec<PathBuf> = output.into_iter().flatten().collect();
    let resumed = pull.location.iter().filter_map(|it| resume_file(db, pull, it));
    let resumed: Vec<PathBuf> = resumed.map(|it| it.path).collect();
    for path in output.iter().chain(&resumed) {
        let failed = |why| PullError::Setting(format!("{}: {why}", path.display()));
        reserved.check(path).map_err(|error| failed(error.to_string()))?;
    }
    let is_written = |path: &&PathBuf| output.iter().any(|it| absolute(it) == absolute(path));
    match resumed.iter().find(is_written) {
        Some(path) => Err(PullError::Setting(format!(
            "{}: a pull does not write its events and how far it has come to one file",
            path.display()
        ))),
        None => Ok(()),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns an id as a part of the name of a file: others than letters and digits as their
/// codes.
fn file_name(id: &str) -> String {
    let mut name = String::new();
    for byte in id.bytes().take(100) {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) {
            name.push(char::from(byte));
        } else {
            write!(name, "%{byte:02x}").unwrap_or_default();
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_path() {
        assert_eq!(file_name("eHy2-x_1"), "eHy2-x_1");
        assert_eq!(file_name("../é"), "%2e%2e%2f%c3%a9");
    }
}
