//! Where a pull remembers how far it has come.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use relata::pull::ResumeFile;

use crate::config::PullArgs;

/// Returns whether events go to standard output.
pub(super) fn is_stdout(pull: &PullArgs) -> bool {
    pull.output.as_ref().is_some_and(|path| path.as_os_str() == "-")
}

/// Returns the file that a pull of a location is continued from, unless its destination cannot
/// be continued.
pub(super) fn resume_file(db: &Path, pull: &PullArgs, location: &str) -> Option<ResumeFile> {
    if is_stdout(pull) {
        return None;
    }
    let beside = pull.output.as_deref().unwrap_or(db);
    let path = pull.state.clone().unwrap_or_else(|| {
        let mut name = beside.file_name().unwrap_or_default().to_owned();
        name.push(format!(".pull-{}.ndjson", file_name(location)));
        beside.with_file_name(name)
    });
    let keep = pull.keep;
    let destination = match (&pull.to, &pull.output) {
        (Some(to), _) => format!("server {to}"),
        (None, Some(output)) => format!("file {}", absolute(output).display()),
        (None, None) => format!("store {}", absolute(db).display()),
    };
    let destination = format!("{destination}, keep {keep:?}");
    Some(ResumeFile { path, fresh: pull.fresh, destination })
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
