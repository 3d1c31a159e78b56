//! The file that a store is kept in: its one name, its one writer, who may read it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use relata::journal::{JournalError, SqliteJournal, backup};
use relata::{OpenError, Store};

use crate::support::database::fresh;
use crate::support::sample::event;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn relata(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relata"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refusal(path: impl AsRef<Path>) -> JournalError {
    let opened = Store::open(path);
    let Err(OpenError::Journal(error)) = opened else { unreachable!("{opened:?}") };
    error
}

/// Somebody's release script linked `current.db` to the file of a running server, and a
/// second server was started on it: both answered 200, both wrote, and from then on each
/// called the journal damaged.
#[test]
fn a_file_has_one_writer_by_whatever_name_it_is_reached() {
    let (folder, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    std::fs::write(folder.path().join("more.ndjson"), event(1)).unwrap();

    symlink("relata.db", folder.path().join("current.db")).unwrap();
    symlink("current.db", folder.path().join("link to a link.db")).unwrap();
    symlink(folder.path(), folder.path().join("here")).unwrap();
    let names = ["relata.db", "./relata.db", "current.db", "link to a link.db", "here/current.db"];
    let taken = || {
        for name in names {
            let here = refusal(folder.path().join(name));
            assert!(matches!(here, JournalError::InUse { .. }), "{name}: {here}");
            let other = complaint(&relata(folder.path(), &["ingest", "--db", name, "more.ndjson"]));
            assert!(other.contains("open for writing in another process"), "{name}: {other}");
        }
    };
    taken();
    // Whoever thinks that a lock file is left over deletes it.
    std::fs::remove_file(beside(&path, "-lock")).unwrap();
    taken();

    // The name given last is not that of the log.
    std::fs::hard_link(&path, folder.path().join("twin.db")).unwrap();
    for name in ["twin.db", "relata.db"] {
        let error = refusal(folder.path().join(name));
        assert!(matches!(error, JournalError::SeveralNames { .. }), "{name}: {error}");
    }
    std::fs::remove_file(folder.path().join("twin.db")).unwrap();

    // Nor does a file get a second writer by being moved.
    std::fs::rename(&path, folder.path().join("moved.db")).unwrap();
    let moved = refusal(folder.path().join("moved.db"));
    assert!(matches!(moved, JournalError::InUse { .. }), "{moved}");
    std::fs::rename(folder.path().join("moved.db"), &path).unwrap();

    store.ingest(event(1)).unwrap();
    let beside = relata(folder.path(), &["verify", "--db", "current.db"]);
    assert!(beside.status.success(), "readers are let in: {beside:?}");
    store.close().unwrap();
    assert_eq!(Store::open(folder.path().join("current.db")).unwrap().head(), 2);
}

/// A hard link that was there before nobody was running: the log of a killed server is
/// beside the other name, and its events would be hidden, then overwritten.
#[test]
fn a_file_with_two_names_of_its_own_is_not_written() {
    let (folder, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    store.close().unwrap();
    std::fs::hard_link(&path, folder.path().join("snapshot.db")).unwrap();
    assert!(matches!(refusal(&path), JournalError::SeveralNames { .. }));
    assert_eq!(Store::open_read_only(&path).unwrap().head(), 1);
    std::fs::remove_file(folder.path().join("snapshot.db")).unwrap();
    assert_eq!(Store::open(&path).unwrap().head(), 1);
}

/// The locks of SQLite end when a process closes any handle on the file: an attempt to
/// open it a second time, or a store that is closed, must not end those of others.
#[test]
fn readers_beside_a_writer_keep_its_locks() {
    let (folder, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    assert!(matches!(refusal(&path), JournalError::InUse { .. }));
    // The last one to close the file takes the log away, if it can lock all others out.
    let seen = relata(
        folder.path(),
        &["token", "new", "--db", "relata.db", "--name", "x", "--scope", "read"],
    );
    assert!(seen.status.success(), "{seen:?}");
    assert!(beside(&path, "-wal").exists());
    store.ingest(event(1)).unwrap();
    let reader = store.reader().unwrap();
    store.close().unwrap();
    let seen = relata(
        folder.path(),
        &["token", "new", "--db", "relata.db", "--name", "y", "--scope", "read"],
    );
    assert!(seen.status.success(), "{seen:?}");
    assert!(beside(&path, "-wal").exists(), "a reader has it open still");
    drop(reader);
}

/// A server that was started with `--db :memory:`, by habit, answered 200 for what no
/// disk held.
#[test]
fn names_of_files_that_do_not_last_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let path = folder.path().join("relata.db");
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    store.close().unwrap();
    std::fs::write(folder.path().join("one.ndjson"), event(0)).unwrap();
    for name in
        [":memory:", "file:x.db", "FILE:x.db?mode=memory", "", "-", "folder", "pipe", "/dev/null"]
    {
        for command in [
            &["serve", "--listen", "127.0.0.1:0", "--db", name][..],
            &["ingest", "--db", name, "one.ndjson"],
            &["summary", "--db", name, "L"],
            &["verify", "--db", name],
            &["export", "--db", name, "L", "--format", "ndjson"],
            &["backup", "--db", name, "copy.db"],
            &["token", "new", "--db", name, "--name", "x", "--scope", "read"],
            &["token", "list", "--db", name],
        ] {
            complaint(&relata(folder.path(), command));
        }
    }
    for name in [":memory:", "file:x.db", "", "-", "nul\0.db"] {
        let name = Path::new(name);
        assert!(matches!(refusal(name), JournalError::NotAFile { .. }), "{name:?}");
        let read = SqliteJournal::open_read_only(name).map(|_| ());
        assert!(matches!(read, Err(JournalError::NotAFile { .. })), "{name:?}");
        let copied = backup(&path, name, &mut |_, _| ());
        assert!(matches!(copied, Err(JournalError::NotAFile { .. })), "{name:?}");
    }
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["folder", "one.ndjson", "pipe", "relata.db", "relata.db-lock"]);
}

/// Everybody on the machine could read the bodies of a CRM and copy the database.
#[test]
fn files_are_readable_to_their_owner_alone() {
    let (folder, path) = fresh().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    for suffix in ["", "-wal", "-shm", "-lock"] {
        assert_eq!(mode(&beside(&path, suffix)), 0o600, "{suffix}");
    }
    backup(&path, &folder.path().join("copy.db"), &mut |_, _| ()).unwrap();
    assert_eq!(mode(&folder.path().join("copy.db")), 0o600);
    store.close().unwrap();
    let wide = format!("umask 0; exec {} \"$@\"", env!("CARGO_BIN_EXE_relata"));
    for arguments in [
        &["token", "new", "--db", "wide.db", "--name", "x", "--scope", "read"][..],
        &["backup", "--db", "relata.db", "wide-copy.db"],
    ] {
        let mut command = Command::new("sh");
        command.current_dir(folder.path()).args(["-c", &wide, "sh"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    for name in ["wide.db", "wide.db-lock", "wide-copy.db"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }

    // What an operator has opened to a group stays as it is.
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(1)).unwrap();
    assert_eq!((mode(&path), mode(&beside(&path, "-wal"))), (0o640, 0o640));
}

/// `cp relata.db copy.db` beside a young server copies an empty file: all is in the log.
/// It was called another program's, and a server started on it would have begun anew.
#[test]
fn a_copy_without_its_log_is_recognised() {
    let (folder, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::write(folder.path().join("more.ndjson"), event(1)).unwrap();
    // A supervisor tries again: the second attempt began anew in the empty file.
    for command in [
        &["verify", "--db", "copy.db"][..],
        &["ingest", "--db", "copy.db", "more.ndjson"],
        &["ingest", "--db", "copy.db", "more.ndjson"],
        &["serve", "--db", "copy.db", "--listen", "127.0.0.1:0"],
    ] {
        let said = complaint(&relata(folder.path(), command));
        assert!(said.contains("copy.db-wal") && said.contains("relata backup"), "{said}");
    }
}

/// A backup on read-only media could not even be looked at.
#[test]
fn a_store_on_read_only_media_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let media = folder.path().join("me dia?#%");
    std::fs::create_dir(&media).unwrap();
    let store = Store::open(media.join("relata.db")).unwrap();
    store.ingest(event(0)).unwrap();
    store.close().unwrap();
    let mounted = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 77; cd \"$1\" || exit 77; \
        \"$2\" verify --db relata.db && \"$2\" links --db relata.db --help >/dev/null \
        && \"$2\" backup --db relata.db ../copy.db && ! \"$2\" token new --db relata.db --name x --scope read";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", mounted, "sh"]).arg(&media).arg(env!("CARGO_BIN_EXE_relata"));
    let Ok(output) = command.output() else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || said.starts_with("unshare:") {
        // Nothing may be mounted here.
        return;
    }
    assert!(output.status.success(), "{output:?}");
    assert_eq!(Store::open_read_only(folder.path().join("copy.db")).unwrap().head(), 1);
}

/// Listing tokens took the writer's lock for a moment: a server that was started then
/// ended with "in use".
#[test]
fn listing_tokens_leaves_the_file_as_it_is() {
    let (folder, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    store.ingest(event(0)).unwrap();
    store.close().unwrap();
    std::fs::remove_file(beside(&path, "-lock")).unwrap();
    let content = std::fs::read(&path).unwrap();
    let listed = relata(folder.path(), &["token", "list", "--db", "relata.db"]);
    assert!(listed.status.success(), "{listed:?}");
    assert!(std::fs::read(&path).unwrap() == content);
    assert!(!beside(&path, "-lock").exists());
}
