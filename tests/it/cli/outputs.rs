//! What commands write: checked before anything is lost, replaced as a whole, and
//! never what they read.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use relata::export::Format;

use crate::support::server;
use crate::support::server::{Error, relata};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/real-estate.ndjson");

/// A folder with the store of the sample in it.
pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn filled() -> Result<Self, Error> {
        let place = Self { folder: tempfile::tempdir()? };
        assert!(place.run(&["ingest", SAMPLE])?.status.success());
        Ok(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = relata();
        command.current_dir(self.folder.path()).env("RELATA_LOCATION", "seaside-realty");
        command.env("RELATA_DB", "relata.db").args(["--log", "error"]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Error> {
        Ok(self.command(arguments).stdin(Stdio::null()).output()?)
    }

    /// Runs a command that must be refused with one line that holds this.
    fn refused(&self, arguments: &[&str], part: &str) -> Result<(), Error> {
        let output = self.run(arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {part:?} is not in {errors:?}");
        assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
        Ok(())
    }

    /// Every name in the folder but those of the database.
    fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.path())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| !name.starts_with("relata.db"));
        names.sort();
        Ok(names)
    }
}

fn mode(path: &Path) -> Result<u32, Error> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// Somebody mistyped a flag in the command that makes the nightly export, and the
/// export of the night before was empty.
#[test]
fn a_refused_export_leaves_the_last_good_file() -> Result<(), Error> {
    let place = Place::filled()?;
    let good = place.at("graph");
    fs::write(&good, "yesterday")?;
    let tries: &[(&[&str], &str)] = &[
        (&["--format", "grahpml"], "--format is one of"),
        (&["--format", "csv", "--layer", "recrods"], "--layer is one of"),
        (&["--format", "csv", "--edges-key", "edgse"], "--edges-key is one of"),
        (&["--format", "csv", "--dynamic"], "--dynamic needs --format"),
        (&["--format", "csv", "--of", "contact/nobody"], "contact/nobody"),
        (&["--format", "csv", "--location", "nowhere"], "no location nowhere"),
        (&["--format", "csv", "--db", "missing.db"], "no such database"),
        (&["--format", "ndjson", "--label", "Viewed"], "--label cannot be combined with ndjson"),
        (&["--format", "ndjson", "--layer", "objects"], "--layer cannot be combined with ndjson"),
    ];
    for (arguments, part) in tries {
        let arguments = [&["export", "--output", "graph"][..], arguments].concat();
        place.refused(&arguments, part)?;
        assert_eq!(fs::read_to_string(&good)?, "yesterday", "{arguments:?}");
        assert_eq!(place.names()?, ["graph"], "{arguments:?}");
    }
    for (to, part) in [("none/graph", "there is no folder none"), (".", "it is a folder")] {
        place.refused(&["export", "--format", "csv", "--output", to], part)?;
    }
    assert!(place.run(&["export", "--format", "csv", "--output", "graph"])?.status.success());
    assert!(fs::read_to_string(&good)?.starts_with("source,target,"));
    assert_eq!(place.names()?, ["graph"]);
    Ok(())
}

/// The disk was full before the export was, and the last one was gone, too.
#[test]
fn an_export_that_does_not_fit_leaves_the_last_good_file() -> Result<(), Error> {
    let place = Place::filled()?;
    fs::write(place.at("graph"), "yesterday")?;
    for format in Format::ALL.iter().map(|format| format.as_str()).chain(["ndjson"]) {
        if matches!(format, "mermaid" | "neo4j-csv" | "csv") {
            continue; // Small enough for the limit, which SQLite's own files need.
        }
        let binary = env!("CARGO_BIN_EXE_relata");
        let run = format!(
            "ulimit -f 64; exec {binary} export --db relata.db --location seaside-realty \
             --format {format} --output graph"
        );
        let output =
            Command::new("sh").args(["-c", &run]).current_dir(place.folder.path()).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{format}: {errors}");
        assert!(errors.starts_with("relata: graph: "), "{format}: {errors}");
        assert_eq!(fs::read_to_string(place.at("graph"))?, "yesterday", "{format}");
        assert_eq!(place.names()?, ["graph"], "{format}");
    }
    Ok(())
}

/// `--db` and `--output` got the same name from the shell's history, and the store
/// was a CSV file.
#[test]
fn no_command_writes_over_the_database_by_whatever_name() -> Result<(), Error> {
    let place = Place::filled()?;
    // Somebody reads and writes: all files of the database are there.
    let _server = server::Server::start(&place.at("relata.db"))?;
    fs::write(place.at("bad.ndjson"), "not an event\n")?;
    fs::create_dir(place.at("folder"))?;
    symlink("relata.db", place.at("link.db"))?;
    symlink(place.folder.path(), place.at("folder/up"))?;
    fs::hard_link(place.at("relata.db"), place.at("hard.db"))?;
    let whole = place.at("relata.db").display().to_string();
    let before = fs::read(place.at("relata.db"))?;
    let names = [
        "relata.db",
        "./relata.db",
        "folder/../relata.db",
        "folder/up/relata.db",
        &whole,
        "link.db",
        "hard.db",
        "relata.db-wal",
        "relata.db-shm",
        "relata.db-lock",
        "folder/up/relata.db-lock",
        "relata.db-journal",
    ];
    for name in names {
        place.refused(&["export", "--format", "csv", "--output", name], "the database")?;
        place.refused(&["backup", name], name)?;
        place.refused(&["ingest", "bad.ndjson", "--rejects", name], "the database")?;
        if place.at(name).exists() {
            place.refused(&["ingest", name], "the database")?;
        }
        // Reached by its other name, the database is the same.
        let other = ["export", "--format", "csv", "--db", "link.db", "--output", name];
        place.refused(&other, "the database")?;
    }
    assert!(fs::read(place.at("relata.db"))? == before);
    let out = fs::File::options().append(true).open(place.at("relata.db"))?;
    let output = place.command(&["export", "--format", "csv"]).stdout(out).output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("that is the database"));
    assert!(fs::read(place.at("relata.db"))? == before);
    Ok(())
}

/// The place of a backup on its way was the place of the store that it was of.
#[test]
fn an_unfinished_backup_replaces_nothing() -> Result<(), Error> {
    let place = Place::filled()?;
    fs::rename(place.at("relata.db"), place.at("copy-partial"))?;
    let before = fs::read(place.at("copy-partial"))?;
    let made = place.run(&["--db", "copy-partial", "backup", "copy"])?;
    assert!(made.status.success(), "{made:?}");
    assert!(fs::read(place.at("copy-partial"))? == before);
    fs::remove_file(place.at("copy"))?;
    let by_the_library =
        relata::journal::backup(&place.at("copy-partial"), &place.at("copy"), &mut |_, _| {});
    assert!(by_the_library.is_err());
    assert!(fs::read(place.at("copy-partial"))? == before);
    Ok(())
}

/// Refused lines were written over the file that held them.
#[test]
fn refused_lines_never_replace_what_is_read() -> Result<(), Error> {
    let place = Place::filled()?;
    let lines = "not an event\nnor this\n";
    fs::write(place.at("in.ndjson"), lines)?;
    symlink("in.ndjson", place.at("link"))?;
    fs::hard_link(place.at("in.ndjson"), place.at("hard"))?;
    for name in ["in.ndjson", "./in.ndjson", "link", "hard"] {
        let ingest = ["ingest", "in.ndjson", "--rejects", name];
        place.refused(&ingest, "that is the file that is read")?;
    }
    assert_eq!(fs::read_to_string(place.at("in.ndjson"))?, lines);
    // A file that cannot be read is found before the last rejects are gone.
    fs::write(place.at("rejects"), "yesterday")?;
    place.refused(&["ingest", "in.ndjson", "none", "--rejects", "rejects"], "none: ")?;
    assert_eq!(fs::read_to_string(place.at("rejects"))?, "yesterday");
    let output = place.run(&["ingest", "in.ndjson", "--rejects", "rejects"])?;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(place.at("rejects"))?.lines().count(), 2);
    Ok(())
}

#[test]
fn a_dash_is_a_stream_or_refused_but_no_file() -> Result<(), Error> {
    let place = Place::filled()?;
    let plain = place.run(&["export", "--format", "csv"])?;
    let dashed = place.run(&["export", "--format", "csv", "--output", "-"])?;
    assert!(dashed.status.success() && !dashed.stdout.is_empty());
    assert!(plain.stdout == dashed.stdout);
    place.refused(&["backup", "-"], "cannot be streamed")?;
    place.refused(&["ingest", "-", "--rejects", "-"], "--rejects - is not a file")?;
    place.refused(&["ingest", "-", "-"], "read only once")?;
    assert_eq!(place.names()?, [""; 0]);
    Ok(())
}

#[test]
fn devices_and_pipes_are_written_to_and_links_followed() -> Result<(), Error> {
    let place = Place::filled()?;
    let plain = place.run(&["export", "--format", "csv"])?.stdout;
    let export = ["export", "--format", "csv", "--output"];
    let piped = place.run(&[&export[..], &["/dev/stdout"]].concat())?;
    assert!(piped.status.success() && piped.stdout == plain);
    assert!(place.run(&[&export[..], &["/dev/null"]].concat())?.status.success());
    place.refused(&[&export[..], &["/dev/full"]].concat(), "/dev/full: ")?;
    // As `>> log` gives it.
    fs::write(place.at("log"), "before\n")?;
    let out = fs::File::options().append(true).open(place.at("log"))?;
    let mut command = place.command(&[&export[..], &["/dev/stdout"]].concat());
    assert!(command.stdout(out).status()?.success());
    assert!(fs::read(place.at("log"))? == [b"before\n", &plain[..]].concat());
    let fifo = place.at("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status()?.success());
    let mut child = place.command(&[&export[..], &["fifo"]].concat()).spawn()?;
    let mut read = Vec::new();
    fs::File::open(&fifo)?.read_to_end(&mut read)?;
    assert!(child.wait()?.success() && read == plain);
    fs::remove_file(&fifo)?;
    // A link stays one, and what it leads to is replaced.
    fs::write(place.at("real"), "old")?;
    symlink("real", place.at("link"))?;
    assert!(place.run(&[&export[..], &["link"]].concat())?.status.success());
    assert!(fs::read(place.at("real"))? == plain);
    assert!(fs::symlink_metadata(place.at("link"))?.is_symlink());
    fs::remove_file(place.at("real"))?;
    place.refused(&[&export[..], &["link"]].concat(), "a link to a file that does not exist")?;
    Ok(())
}

#[test]
fn a_written_file_is_as_private_as_the_database() -> Result<(), Error> {
    let place = Place::filled()?;
    let (db, graph) = (place.at("relata.db"), place.at("graph"));
    fs::set_permissions(&db, Permissions::from_mode(0o640))?;
    let export = ["export", "--format", "csv", "--output", "graph"];
    assert!(place.run(&export)?.status.success());
    assert_eq!(mode(&graph)?, 0o600, "a new file");
    for (was, becomes) in [(0o644, 0o640), (0o640, 0o640), (0o600, 0o600)] {
        fs::set_permissions(&graph, Permissions::from_mode(was))?;
        assert!(place.run(&export)?.status.success());
        assert_eq!(mode(&graph)?, becomes, "{was:o}");
    }
    assert!(place.run(&["backup", "copy.db"])?.status.success());
    assert_eq!(mode(&place.at("copy.db"))?, 0o600, "a backup");
    assert!(place.run(&["copy", "relata.db", "another.db"])?.status.success());
    assert_eq!(mode(&place.at("another.db"))?, 0o600, "a copy");
    Ok(())
}

/// Whether these tests run under `nohup`, which what they start inherits.
fn hang_ups_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0) & 1 == 1
}

/// Somebody pressed Ctrl-C, and cron's next run found half a file.
#[test]
fn a_signal_leaves_the_last_good_file_and_nothing_else() -> Result<(), Error> {
    let place = Place::filled()?;
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && hang_ups_are_ignored() {
            continue;
        }
        fs::write(place.at("rejects"), "yesterday")?;
        let mut child = place
            .command(&["ingest", "-", "--rejects", "rejects"])
            .stdin(Stdio::piped())
            .spawn()?;
        child.stdin.as_mut().ok_or("no input")?.write_all(b"not an event\n")?;
        let start = Instant::now();
        while place.names()?.len() < 2 {
            assert!(start.elapsed() < Duration::from_secs(30), "{signal}: nothing is written");
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status()?.success());
        assert_eq!(child.wait()?.code(), Some(code), "{signal}");
        assert_eq!(fs::read_to_string(place.at("rejects"))?, "yesterday", "{signal}");
        assert_eq!(place.names()?, ["rejects"], "{signal}");
    }
    Ok(())
}

/// A pipe whose reader has gone.
fn closed_pipe() -> Result<Stdio, Error> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    Ok(writer.into())
}

#[test]
fn a_closed_pipe_is_not_reported_as_an_error() -> Result<(), Error> {
    let place = Place::filled()?;
    let formats = Format::ALL.iter().map(|format| format.as_str()).chain(["ndjson"]);
    let mut commands: Vec<Vec<&str>> =
        formats.map(|format| vec!["export", "--format", format]).collect();
    commands.extend([
        vec!["summary"],
        vec!["links", "contact"],
        vec!["links", "contact", "--json"],
        vec!["labels", "contact"],
        vec!["history", "contact"],
        vec!["diff", "--from", "1"],
        vec!["verify"],
        vec!["dead-letters", "list"],
        vec!["token", "list"],
        vec!["completions", "bash"],
        vec!["backup", "copy.db"],
        vec!["copy", "relata.db", "another.db"],
    ]);
    for arguments in commands {
        let mut command = place.command(&arguments);
        if arguments == ["export", "--format", "mermaid"] {
            command.args(["--layer", "objects"]);
        }
        let output = command.stdout(closed_pipe()?).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*errors), (Some(1), ""), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn output_that_cannot_be_written_is_an_error_of_one_line() -> Result<(), Error> {
    let place = Place::filled()?;
    fs::write(place.at("body"), r#"{"type":"ContactDelete","id":"a","locationId":"L"}"#)?;
    let commands: &[&[&str]] = &[
        &["summary"],
        &["links", "contact", "--json"],
        &["export", "--format", "csv"],
        &["export", "--format", "ndjson"],
        &["export", "--format", "neo4j-csv"],
        &["completions", "zsh"],
        &["backup", "copy.db"],
        &["copy", "relata.db", "another.db"],
        &["doctor", "body"],
        &["token", "list"],
    ];
    for arguments in commands {
        let full = fs::File::options().write(true).open("/dev/full")?;
        let output = place.command(arguments).stdout(full).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    }
    Ok(())
}

/// A token's secret went to a full disk; the token stayed, known to nobody.
#[test]
fn a_token_that_could_not_be_printed_is_not_kept() -> Result<(), Error> {
    let place = Place::filled()?;
    let full = || fs::File::options().write(true).open("/dev/full");
    for json in [false, true] {
        for out in [Stdio::from(full()?), closed_pipe()?] {
            let mut command = place.command(&["token", "new", "--name", "lost"]);
            command.args(json.then_some("--json"));
            let output = command.stdout(out).output()?;
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(
                errors.contains("so it was not kept") && errors.lines().count() == 1,
                "{errors}"
            );
            assert!(!String::from_utf8(place.run(&["token", "list"])?.stdout)?.contains("lost"));
        }
    }
    assert!(place.run(&["token", "new", "--name", "kept"])?.status.success());
    assert!(String::from_utf8(place.run(&["token", "list"])?.stdout)?.contains("kept"));
    Ok(())
}

/// `relata dead-letters list` took the memory of every graph to print a heading.
#[test]
fn commands_that_need_no_graph_build_none() -> Result<(), Error> {
    let place = Place::filled()?;
    let db = place.at("relata.db");
    // Who builds a graph of these notices, and reads the whole journal instead; but
    // none of the other location is needed.
    rusqlite::Connection::open(&db)?.execute(
        "UPDATE state_relation SET first = 4000000000 WHERE location = \
         (SELECT number FROM state_location WHERE id = 'hillside-homes')",
        [],
    )?;
    let whole = place.command(&["summary"]).env_remove("RELATA_LOCATION").output()?;
    let notices = |output: &Output| {
        String::from_utf8_lossy(&output.stderr).contains("the checkpoint is damaged")
    };
    assert!(whole.status.success() && notices(&whole), "{whole:?}");
    for arguments in [
        &["dead-letters", "list"][..],
        &["dead-letters", "delete", "--all"],
        &["token", "list"],
        &["backup", "copy.db"],
        &["summary"],
        &["links", "contact"],
        &["history", "contact"],
        &["diff", "--from", "300"],
        &["export", "--format", "csv"],
    ] {
        let output = place.run(arguments)?;
        assert!(output.status.success() && !notices(&output), "{arguments:?}: {output:?}");
    }
    Ok(())
}
