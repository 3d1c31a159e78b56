//! The one name of the database file.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;

/// Returns the one name of a database that is to be written, creating an empty file if
/// there is none.
///
/// SQLite keeps the write-ahead log beside the name it is given, so two names of one file
/// have two logs, each of which hides the other's events. A link is therefore followed to
/// its end, and a file with several names of its own is refused.
pub(super) fn resolve_for_writing(path: &Path) -> Result<PathBuf, JournalError> {
    check_name(path)?;
    let at = |source| JournalError::File { path: path.to_owned(), source };
    if let Err(error) = std::fs::metadata(path) {
        if error.kind() != std::io::ErrorKind::NotFound {
            return Err(at(error));
        }
        private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(path)
            .map_err(at)?;
    }
    let resolved = canonical(path).map_err(at)?;
    check_links(&resolved)?;
    Ok(resolved)
}

/// Returns the one name of a database that is to be read, or the given name if there is no
/// such file.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, JournalError> {
    check_name(path)?;
    Ok(canonical(path).unwrap_or_else(|_| path.to_owned()))
}

/// Makes a new file readable by its owner only, whatever the umask says: it contains
/// personal data and the hashes of tokens. SQLite gives the files beside the database the
/// mode of the database.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Refuses names of files that do not last, and names that SQLite would take for something
/// other than a file.
pub(super) fn check_name(path: &Path) -> Result<(), JournalError> {
    let refused = |reason| Err(JournalError::NotAFile { path: path.to_owned(), reason });
    let name = path.as_os_str().as_encoded_bytes();
    if name.is_empty() {
        return refused("the name is empty, and what is stored would be gone at the end");
    }
    if name.contains(&0) {
        return refused("the name contains a NUL");
    }
    if name == b":memory:" {
        return refused("what is stored in memory is gone when the program ends");
    }
    if name == b"-" {
        return refused("a database cannot be read from a pipe");
    }
    if name.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"file:")) {
        return refused("a plain path is wanted, not a URI");
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => refused("it is a folder"),
        Ok(found) if !found.is_file() => refused("it is a device, a pipe or a socket"),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn canonical(path: &Path) -> std::io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Returns the canonical name without the prefix that Windows adds, which neither SQLite nor
/// people expect.
#[cfg(not(unix))]
fn canonical(path: &Path) -> std::io::Result<PathBuf> {
    std::path::absolute(path)
}

#[cfg(unix)]
fn check_links(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let at = |source| JournalError::File { path: path.to_owned(), source };
    let found = std::fs::metadata(path).map_err(at)?;
    if found.nlink() > 1 || is_mounted_alone(path) {
        return Err(JournalError::SeveralNames { path: path.to_owned() });
    }
    if found.mode() & 0o007 != 0 {
        tracing::warn!(
            "the database can be read by every user of this machine; to keep it to its owner, \
             run: chmod 600 {0} {0}-*",
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_links(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// Returns whether the file alone is mounted, as containers allow: its log would stay in the
/// folder around it, which is lost with the container.
#[cfg(target_os = "linux")]
fn is_mounted_alone(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::INO)
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_mounted_alone(_: &Path) -> bool {
    false
}

/// Returns the size of a database, or of the file beside it with this suffix; 0 if there is
/// none.
pub(super) fn size_beside(path: &Path, suffix: &str) -> Result<u64, JournalError> {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    match std::fs::metadata(&name) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(JournalError::File { path: name.into(), source }),
    }
}
