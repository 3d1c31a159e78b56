//! The file that a command writes: checked first, and replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use tempfile::{Builder, TempPath};

use crate::cli::interrupt::Cleanup;
use relata::journal::Database;

/// The files that belong to a database of this name.
pub(super) const DATABASE_SUFFIXES: [&str; 5] = ["", "-wal", "-shm", "-lock", "-journal"];

/// The permissions of a new file: its contents were private in the database.
pub(super) const NEW_FILE_MODE: u32 = 0o600;

/// The files that a command must not overwrite, under any name.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    /// Device, inode, and what the file is.
    files: Vec<(u64, u64, &'static str)>,
    /// A folder's device and inode, a name in it that must not be used even if there is no
    /// such file, and what the name is for.
    names: Vec<(u64, u64, OsString, &'static str)>,
    /// The permissions that all sources have in common.
    source_mode: Option<u32>,
}

impl Reserved {
    /// Reserves the files of a database, including those that do not exist now. A database
    /// server's are out of reach.
    pub(super) fn database(db: &Database) -> Self {
        let mut reserved = Self::default();
        let Some(db) = db.file() else { return reserved };
        let resolved = db.canonicalize().ok();
        for path in [Some(db), resolved.as_deref()].into_iter().flatten() {
            let Some(name) = path.file_name() else { continue };
            let parent = fs::metadata(folder_of(path)).ok();
            for suffix in DATABASE_SUFFIXES {
                let what =
                    if suffix.is_empty() { "the database" } else { "a file of the database" };
                let mut name = name.to_owned();
                name.push(suffix);
                reserved.file(&path.with_file_name(&name), what);
                let folder = parent.as_ref().map(|it| (it.dev(), it.ino(), name, what));
                reserved.names.extend(folder);
            }
        }
        reserved.source(db);
        reserved
    }

    /// Reserves a file that the command reads.
    pub(super) fn input(&mut self, path: &Path) {
        self.file(path, "the file that is read");
        self.source(path);
    }

    fn file(&mut self, path: &Path, what: &'static str) {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        self.files.extend(found.map(|it| (it.dev(), it.ino(), what)));
    }

    fn source(&mut self, path: &Path) {
        if let Ok(found) = fs::metadata(path)
            && found.is_file()
        {
            self.source_mode = Some(self.source_mode.unwrap_or(0o777) & found.mode() & 0o777);
        }
    }

    /// Returns an error if a file is reserved.
    pub(super) fn check_file(&self, found: &fs::Metadata) -> anyhow::Result<()> {
        let same = |it: &&(u64, u64, &str)| it.0 == found.dev() && it.1 == found.ino();
        let taken = self.files.iter().find(same).filter(|_| found.is_file());
        taken.map_or(Ok(()), |(_, _, what)| bail!("that is {what}"))
    }

    /// Returns an error if a path is reserved, even if there is no such file.
    pub(super) fn check(&self, path: &Path) -> anyhow::Result<()> {
        if let Ok(found) = fs::metadata(path) {
            self.check_file(&found)?;
        }
        let (Ok(folder), Some(name)) = (fs::metadata(folder_of(path)), path.file_name()) else {
            return Ok(());
        };
        let taken = self.names.iter().find(|(device, inode, reserved, _)| {
            *device == folder.dev() && *inode == folder.ino() && reserved == name
        });
        taken.map_or(Ok(()), |(.., what)| bail!("that is the path of {what}"))
    }
}

/// An open destination. An existing file is only replaced by [`finish`](Self::finish).
pub(super) struct Destination {
    to: Open,
    shown: String,
}

enum Open {
    Stdout,
    /// A device or a pipe, which cannot be replaced.
    Device(File),
    Replaced(Box<Replacement>),
}

/// A new file, written next to the one that it replaces.
struct Replacement {
    partial: TempPath,
    file: File,
    path: PathBuf,
    cleanup: Cleanup,
}

impl Destination {
    /// Opens a destination: standard output if there is no path, or for `-`.
    pub(super) fn open(path: Option<&Path>, reserved: &Reserved) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            if let Ok(found) = stdout_metadata() {
                reserved.check_file(&found).context("standard output")?;
            }
            return Ok(Self { to: Open::Stdout, shown: "standard output".to_owned() });
        };
        let shown = path.display().to_string();
        let to = open(path, reserved).with_context(|| shown.clone())?;
        Ok(Self { to, shown })
    }

    /// Moves what was written into place.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let shown = std::mem::take(&mut self.shown);
        match self.to {
            Open::Stdout => io::stdout().flush()?,
            Open::Device(mut file) => file.flush().context(shown)?,
            Open::Replaced(replacement) => replacement.put_in_place().context(shown)?,
        }
        Ok(())
    }

    fn named(&self, error: io::Error) -> io::Error {
        match &self.to {
            // A closed pipe is recognised by this.
            Open::Stdout => error,
            _ => io::Error::new(error.kind(), format!("{}: {error}", self.shown)),
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.to {
            Open::Stdout => io::stdout().write(bytes),
            Open::Device(file) => file.write(bytes),
            Open::Replaced(replacement) => replacement.file.write(bytes),
        };
        written.map_err(|error| self.named(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            Open::Stdout => io::stdout().flush(),
            Open::Device(file) => file.flush(),
            Open::Replaced(replacement) => replacement.file.flush(),
        }
    }
}

impl Replacement {
    fn put_in_place(self) -> io::Result<()> {
        self.file.sync_all()?;
        let Self { partial, path, cleanup, .. } = self;
        cleanup.end_with(|| partial.persist(&path).map_err(|failed| failed.error))?;
        File::open(folder_of(&path))?.sync_all()
    }
}

fn open(path: &Path, reserved: &Reserved) -> anyhow::Result<Open> {
    reserved.check(path)?;
    let found = match fs::metadata(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let is_link = fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    ensure!(found.is_some() || !is_link, "it is a link to a file that does not exist");
    ensure!(!found.as_ref().is_some_and(fs::Metadata::is_dir), "it is a folder");
    if found.as_ref().is_some_and(|it| !it.is_file()) || names_a_descriptor(path) {
        // A file is appended to: the shell passed it to this process by `>> file`.
        let device = OpenOptions::new().append(true).open(path)?;
        return Ok(Open::Device(device));
    }
    let path = if found.is_some() { path.canonicalize()? } else { path.to_owned() };
    if let Some(found) = &found {
        ensure!(found.mode() & 0o222 != 0, "it is read-only");
    }
    reserved.check(&path)?;
    let mode = found.map_or(NEW_FILE_MODE, |found| found.mode() & 0o777)
        & reserved.source_mode.unwrap_or(0o777)
        | NEW_FILE_MODE;
    Ok(Open::Replaced(Box::new(replacement(path, mode)?)))
}

/// Creates an empty file next to the path, which is removed if a signal ends the process.
fn replacement(path: PathBuf, mode: u32) -> anyhow::Result<Replacement> {
    let folder = folder_of(&path);
    ensure!(folder.is_dir(), "there is no folder {}", folder.display());
    let mut cleanup = Cleanup::watch()?;
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().context("it names no file")?);
    prefix.push(".");
    let partial = cleanup.begin_with(|| {
        let partial = Builder::new().prefix(&prefix).suffix(".partial").tempfile_in(folder)?;
        let name = partial.path().to_owned();
        Ok((partial, name))
    })?;
    let (file, partial) = partial.into_parts();
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(Replacement { partial, file, path, cleanup })
}

/// Returns whether the path names a descriptor of this process, such as `/dev/stdout` and
/// `/dev/fd/3`.
fn names_a_descriptor(path: &Path) -> bool {
    let Ok(folder) = folder_of(path).canonicalize() else { return false };
    folder == Path::new("/dev") || folder == Path::new("/dev/fd") || folder.starts_with("/proc")
}

/// Returns the folder of a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

fn stdout_metadata() -> io::Result<fs::Metadata> {
    File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata()
}
