//! `relata backup`.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use relata::journal::{Database, JournalError, backup};
use serde_json::json;
use tempfile::{Builder, TempPath};

use crate::cli::database::{ensure_exists, file};
use crate::cli::destination::{NEW_FILE_MODE, Reserved, folder_of};
use crate::cli::interrupt::Cleanup;
use crate::cli::output::{print_json, print_line, shows_progress};
use crate::config::BackupArgs;

pub(super) fn run(db: &Database, command: &BackupArgs) -> anyhow::Result<ExitCode> {
    let advice = "back the database up with its own tools: pg_dump or a base backup";
    let path = file(db, advice)?;
    ensure_exists(db)?;
    let to = &*command.to;
    ensure!(to.as_os_str() != "-", "-: a database cannot be streamed; name a file");
    Reserved::database(db).check(to).with_context(|| to.display().to_string())?;
    ensure!(to.symlink_metadata().is_err(), "{}: it already exists", to.display());
    let head = copy(path, to)?;
    let bytes = std::fs::metadata(&command.to)?.len();
    if command.json {
        print_json(&json!({ "file": command.to, "events": head, "bytes": bytes }))?;
    } else {
        print_line(format_args!(
            "{} includes everything up to event {head}, {bytes} bytes",
            command.to.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies into a temporary folder next to the destination, which is removed even if a signal
/// ends the process, and moves the copy from there into place.
fn copy(db: &Path, to: &Path) -> anyhow::Result<u64> {
    let shown = || to.display().to_string();
    let place = folder_of(to);
    ensure!(place.is_dir(), "{}: there is no folder {}", to.display(), place.display());
    let mut cleanup = Cleanup::watch()?;
    let folder = cleanup.begin_with(|| {
        let folder = Builder::new().prefix(".relata-backup-").tempdir_in(place)?;
        let path = folder.path().to_owned();
        Ok((folder, path))
    });
    let folder = folder.with_context(shown)?;
    let copy = folder.path().join("relata.db");
    let bar = if shows_progress() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pages")?);
    let copied = backup(db, &copy, &mut |copied, total| {
        bar.set_length(total);
        bar.set_position(copied);
    });
    let head = match copied {
        // It names the temporary copy, which is gone by the time the error is read.
        Err(JournalError::File { path, source }) if path.starts_with(&folder) => {
            return Err(source).with_context(shown);
        }
        copied => copied.with_context(|| db.display().to_string())?,
    };
    bar.finish_and_clear();
    let put_in_place = || {
        std::fs::set_permissions(&copy, Permissions::from_mode(NEW_FILE_MODE))?;
        let copy = TempPath::try_from_path(copy)?;
        copy.persist_noclobber(to).map_err(|failed| failed.error)?;
        File::open(place)?.sync_all()?;
        folder.close()
    };
    cleanup.end_with(put_in_place).map_err(exists).with_context(shown)?;
    Ok(head)
}

fn exists(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return io::Error::new(error.kind(), "it already exists");
    }
    error
}
