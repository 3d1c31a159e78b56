//! `relata copy`: a store in another place, which answers everything alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use relata::journal::Database;
use relata::{Delivery, Options, Status, Store, Timestamp};
use serde_json::{Value, json};

use crate::cli::queries::{AMARA, HOUSE, check_refusal, filled, here};
use crate::support::database::fresh;
use crate::support::postgres::{Cluster, shared};
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata, run};

/// An id that is hard on quotes, encodings and tables.
const NASTY: &str = "a\u{0}'\"; DROP TABLE event;-- \\x00 %\u{feff}🏠 שלום";

/// Number of events of the sample that are pruned.
const PRUNED: usize = 150;

/// Prints what a store says of everything that it holds.
const COMMANDS: &[&[&str]] = &[
    &["summary", "--json"],
    &["export", "--format", "ndjson"],
    &["export", "--format", "graphml"],
    &["export", "--format", "graphml", "--as-of", "260"],
    &["links", HOUSE, "--json"],
    &["links", HOUSE, "--json", "--as-of", "200"],
    &["links", "contact/nasty", "--json"],
    &["history", AMARA, "--json"],
    &["history", "contact/nasty", "--json"],
    &["diff", "--from", "200", "--json"],
    &["find", "maple"],
];

/// What holds for the whole store.
const OF_ALL: &[&[&str]] = &[
    &["dead-letters", "list", "--json"],
    &["dead-letters", "show", "1", "--json"],
    &["dead-letters", "show", "3", "--json"],
    &["token", "list", "--json"],
    &["verify", "--json"],
];

fn nasty_relation(id: &str, location: &str) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": id, "associationId": "A\u{0}'", "locationId": location,
        "firstObjectKey": "contact", "firstRecordId": "nasty",
        "secondObjectKey": "custom_objects.🏠", "secondRecordId": NASTY, "webhookId": id,
    });
    relation.to_string()
}

/// A store with some of everything: pruned events, compactions, an erased location, repeats,
/// events that say nothing new or are ignored, dead letters, tokens and imports. Its server
/// was killed, so its last events are in no checkpoint. Where events are `kept`, none are pruned.
fn some_of_everything(folder: &Path, db: &Path, kept: bool) -> Result<(), Error> {
    let keep_events = (!kept).then_some(Duration::ZERO);
    let pruning = Options { keep_events, checkpoint_events: 20, ..Options::default() };
    let store = Store::open_with(db, pruning)?;
    tell(&store, SAMPLE.lines().take(PRUNED))?;
    store.checkpoint()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !kept && store.pruned()? < PRUNED as u64 {
        assert!(Instant::now() < deadline, "nothing is pruned");
        std::thread::sleep(Duration::from_millis(10));
    }
    store.close()?;
    let forgetful = Options { keep_tombstones: Some(Duration::ZERO), ..Options::default() };
    let store = Store::open_with(db, forgetful)?;
    tell(&store, SAMPLE.lines().skip(PRUNED))?;
    std::thread::sleep(Duration::from_millis(5));
    assert!(store.compact()? > 0, "nothing was deleted");
    tell(&store, SAMPLE.lines().skip(PRUNED).step_by(7))?;
    store.checkpoint()?;
    store.close()?;
    let only_once = r#"{"type":"RecordCreate","id":"a","objectKey":"k","locationId":"L"}"#;
    let again = only_once.replace(r#""id""#, r#" "id""#);
    let lines = [only_once, &again, &nasty_relation(NASTY, NASTY)].join("\n");
    let imported = folder.join("imported.ndjson");
    fs::write(&imported, lines)?;
    let imported = imported.to_str().ok_or("path")?;
    run(db, &["ingest", imported])?;
    run(db, &["erase", "--location", "hillside-homes", "--yes"])?;
    run(db, &["token", "new", "--name", NASTY.trim_start_matches("a\u{0}")])?;
    run(db, &["token", "new", "--scope", "admin", "--location", "L", "--location", "M"])?;
    let server = Server::start(db)?;
    let bad = format!("{{\"type\":\"RelationCreate\",\"locationId\":\"L\",\"x\":\"{}\"", "\u{1}");
    for body in [bad.as_bytes(), b"\0\xff", b"{}", bad.as_bytes(), b"[1]"] {
        assert!(server.post("/webhooks", body)?.status >= 400);
    }
    assert_eq!(server.request("DELETE", "/v1/dead-letters/2", &[], b"")?.status, 204);
    for body in [
        nasty_relation("later", "seaside-realty"),
        r#"{"type":"InvoicePaid","id":"i","locationId":"seaside-realty"}"#.to_owned(),
    ] {
        assert_eq!(server.post("/webhooks", body.as_bytes())?.status, 200);
    }
    server.kill()
}

fn tell<'l>(store: &Store, lines: impl Iterator<Item = &'l str>) -> Result<(), Error> {
    for line in lines {
        let delivery = Delivery::read(line.as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |receipt| drop(receipt.expect("a disk that works")))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<Output, Error> {
    Ok(relata().arg("copy").args([from, to]).output()?)
}

fn answers(db: &Path) -> Vec<(String, Result<String, String>)> {
    let commands =
        COMMANDS.iter().map(|&command| here(command)).chain(OF_ALL.iter().map(|it| it.to_vec()));
    commands.map(|command| (command.join(" "), run(db, &command))).collect()
}

#[test]
fn a_store_answers_alike_in_a_file_in_a_database_and_in_a_file_again() -> Result<(), Error> {
    answers_alike_in_each_place(true)
}

#[test]
fn a_store_without_its_first_events_answers_alike_everywhere() -> Result<(), Error> {
    answers_alike_in_each_place(false)
}

fn answers_alike_in_each_place(kept: bool) -> Result<(), Error> {
    let (directory, file) = fresh()?;
    some_of_everything(directory.path(), &file, kept)?;
    let journal = &mut Database::from(&file).open_read_only()?;
    assert_eq!(journal.pruned()?, if kept { 0 } else { PRUNED as u64 });
    assert!(!journal.compactions(0)?.is_empty());
    let head = journal.head()?;
    assert!((PRUNED as u64..=head).any(|seq| journal.redeliveries(seq).unwrap() > 0));
    assert!((PRUNED as u64..=head).any(|seq| journal.is_no_op(seq).unwrap()));
    assert!(journal.load_checkpoint(&mut |_| Ok(()))?.seq < head);
    let expected = answers(&file);
    for (command, answer) in &expected {
        let is_refused = answer.as_ref().is_err_and(|it| it.contains("are pruned"));
        assert!(answer.is_ok() || is_refused && !kept, "{command}: {answer:?}");
    }
    let before = fs::read(&file)?;
    let mut places = vec![directory.path().join("copy.db")];
    if let Some(cluster) = shared() {
        places.extend([cluster.new_database().into(), directory.path().join("back.db")]);
        places.push(cluster.new_database().into());
    }
    let mut from = &file;
    for to in &places {
        let copied = copy(from, to)?;
        let (from_shown, to_shown) = (from.display(), to.display());
        let said = format!("{to_shown} includes everything of {from_shown} up to event {head}\n");
        assert_eq!(String::from_utf8(copied.stdout)?, said, "{:?}", copied.stderr);
        for (found, expected) in answers(to).iter().zip(&expected) {
            assert_eq!(found, expected, "{to_shown}");
        }
        from = to;
    }
    assert!(fs::read(&file)? == before, "the file is as it was");
    for place in places.iter().chain([&file]) {
        is_written_to(place, directory.path(), head)?;
    }
    Ok(())
}

/// A copy knows the deliveries and the imports that were before it, and goes on from there.
fn is_written_to(db: &Path, folder: &Path, head: u64) -> Result<(), Error> {
    let store = Store::open(db)?;
    let pruned = store.ingest(SAMPLE.lines().nth(3).ok_or("line")?.as_bytes())?;
    assert_eq!((pruned.status, pruned.seq), (Status::Duplicate, Some(4)), "{}", db.display());
    let known = store.ingest(nasty_relation("later", "seaside-realty").as_bytes())?;
    assert_eq!(known.status, Status::Duplicate);
    let new = store.ingest(nasty_relation("new", "seaside-realty").as_bytes())?;
    assert_eq!(new.seq, Some(head + 1));
    store.close()?;
    // The erasure has made the store forget its imports.
    let imported = folder.join("imported.ndjson");
    let ingest = ["ingest", "--json", imported.to_str().ok_or("path")?];
    for _ in 0..2 {
        run(db, &ingest)?;
    }
    let verified: Value = serde_json::from_str(&run(db, &["verify", "--json"])?)?;
    assert_eq!(verified["ok"], true, "{}: {verified}", db.display());
    Ok(())
}

/// Every file of a folder, and what is in it; but for those that SQLite adds for a reader.
fn contents(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("relata.db-wal") || path.ends_with("relata.db-shm") {
            continue;
        }
        let bytes = if path.is_file() { fs::read(&path)? } else { Vec::new() };
        found.push((path, bytes));
    }
    found.sort();
    Ok(found)
}

#[test]
fn a_copy_that_is_refused_changes_nothing() -> Result<(), Error> {
    let (directory, file) = filled()?;
    let at = |name: &str| directory.path().join(name);
    for (name, contents) in [("full.db", "x"), ("old.db-wal", "x"), ("text.txt", "no store")] {
        fs::write(at(name), contents)?;
    }
    fs::create_dir(at("folder"))?;
    std::os::unix::fs::symlink("nowhere", at("link.db"))?;
    let before = contents(directory.path())?;
    for (from, to, expected) in [
        (&file, at("full.db"), "full.db: it already exists"),
        (&file, at("folder"), "folder: it already exists"),
        (&file, at("link.db"), "link.db: it already exists"),
        (&file, file.clone(), "relata.db: that is the database"),
        (&file, at("relata.db-lock"), "that is a file of the database"),
        (&file, at("old.db"), "old.db-wal: it is left of a database"),
        (&file, at("none/new.db"), "there is no folder"),
        (&file, "-".into(), "cannot be streamed"),
        (&file, "postgres://ann@127.0.0.1:1/relata".into(), "postgres://ann@127.0.0.1:1/relata: "),
        (&at("none.db"), at("new.db"), "none.db: there is no such database"),
        (&at("text.txt"), at("new.db"), "text.txt: "),
        (&"postgres://ann@127.0.0.1:1/relata".into(), at("new.db"), "postgres://ann@"),
    ] {
        check_refusal(&copy(from, &to)?, 1, expected);
        assert!(contents(directory.path())? == before, "{expected}");
    }
    for (from, to) in [
        ("postgres://ann:SECRET@127.0.0.1:1/relata", "new.db"),
        ("relata.db", "postgres://127.0.0.1:1/relata?password=SECRET"),
    ] {
        let refused = copy(&at(from), &at(to))?;
        assert!(!refused.status.success());
        let refused = relata().args(["copy", from, to]).output()?;
        check_refusal(&refused, 2, "a URL has a password");
        assert!(!String::from_utf8(refused.stderr)?.contains("SECRET"));
    }
    assert!(contents(directory.path())? == before);
    Ok(())
}

#[test]
fn a_database_with_a_store_or_without_one_is_refused_where_it_must_be() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let (directory, file) = filled()?;
    let [url, empty, foreign] = [(); 3].map(|()| PathBuf::from(cluster.new_database()));
    copy(&file, &url)?;
    cluster.run_sql(foreign.to_str().ok_or("url")?, "CREATE TABLE event (id int)");
    let expected = answers(&url);
    let new = directory.path().join("new.db");
    for (from, to, at_fault, expected) in [
        (&file, &url, &url, "there is a store in it already"),
        (&url, &url, &url, "there is a store in it already"),
        (&empty, &url, &empty, "there is no store in it"),
        (&empty, &new, &empty, "there is no store in it"),
        (&url, &foreign, &foreign, "its schema has tables of another program"),
        (&foreign, &new, &foreign, "its schema has tables of another program"),
    ] {
        let refused = copy(from, to)?;
        check_refusal(&refused, 1, expected);
        check_refusal(&refused, 1, &format!("relata: {}: ", at_fault.display()));
    }
    assert_eq!(answers(&url), expected);
    assert!(
        fs::read_dir(directory.path())?
            .all(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("relata.db") })
    );
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(cluster.run_sql(empty.to_str().ok_or("url")?, tables), "0");
    assert_eq!(cluster.run_sql(foreign.to_str().ok_or("url")?, tables), "1");
    // Where there is a store already, another schema of the same database has place.
    let beside = format!("{}?options=-csearch_path%3Dbeside", url.display());
    cluster.run_sql(url.to_str().ok_or("url")?, "CREATE SCHEMA beside");
    assert!(copy(&url, Path::new(&beside))?.status.success());
    assert_eq!(answers(Path::new(&beside)), expected);
    Ok(())
}

/// Starts a copy of a database and returns once it has written most of what is no event:
/// then it waits for a table that is locked.
fn stopped_half_way(cluster: &Cluster, from: &str, to: &Path) -> Result<Child, Error> {
    let name = from.rsplit('/').next().ok_or("name")?;
    let waiting = format!(
        "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = '{name}'"
    );
    let count = format!("SELECT count(*) {waiting}");
    // The server does not notice that a process is gone while it waits in its name.
    while cluster.run_sql(from, &count) != "0" {
        cluster.run_sql(from, &format!("SELECT pg_terminate_backend(pid) {waiting}"));
    }
    let mut command = relata();
    command.args(["copy", from]).arg(to).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while cluster.run_sql(from, &count) != "1" {
        assert!(Instant::now() < deadline && child.try_wait()?.is_none(), "it never waits");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(child)
}

#[test]
fn a_copy_that_was_killed_is_no_store() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let (directory, file) = filled()?;
    let (from, to) = (cluster.new_database(), cluster.new_database());
    assert!(copy(&file, Path::new(&from))?.status.success());
    let new = directory.path().join("new.db");
    let locked = "BEGIN; LOCK TABLE dead_letter; SELECT pg_sleep(60)";
    std::thread::scope(|scope| -> Result<(), Error> {
        let holder = scope.spawn(|| std::panic::catch_unwind(|| cluster.run_sql(&from, locked)));
        let is_held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' \
            AND granted AND relation = 'dead_letter'::regclass";
        while cluster.run_sql(&from, is_held) != "1" {
            std::thread::sleep(Duration::from_millis(20));
        }
        for (place, signal) in [(&*new, "-KILL"), (&new, "-TERM"), (Path::new(&to), "-KILL")] {
            let child = stopped_half_way(cluster, &from, place)?;
            let number = child.id().to_string();
            assert!(std::process::Command::new("kill").args([signal, &number]).status()?.success());
            assert!(!child.wait_with_output()?.status.success());
            let opened = run(place, &["summary"]).unwrap_err();
            assert!(opened.contains("there is no s"), "{opened}");
            nothing_is_a_store(directory.path(), signal == "-KILL" && place == new)?;
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE query LIKE 'BEGIN; LOCK TABLE%'";
        cluster.run_sql(&from, end);
        assert!(holder.join().is_ok());
        Ok(())
    })?;
    for place in [&*new, Path::new(&to)] {
        let copied = copy(Path::new(&from), place)?;
        assert!(copied.status.success(), "{copied:?}");
        assert_eq!(answers(place), answers(&file));
    }
    Ok(())
}

/// Of the folders that copies leave only one that was killed leaves its own, in which nothing
/// can be opened.
fn nothing_is_a_store(folder: &Path, is_left: bool) -> Result<(), Error> {
    let mut left = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("name")?.to_string_lossy();
        if !name.starts_with(".relata-copy-") {
            assert!(name.starts_with("relata.db"), "{name}");
            continue;
        }
        left += 1;
        for entry in fs::read_dir(&path)? {
            let partial = entry?.path();
            assert!(fs::metadata(&partial)?.len() > 0, "{}", partial.display());
            let opened = run(&partial, &["summary"]).unwrap_err();
            assert!(opened.contains("not one of Relata's"), "{opened}");
            assert!(Store::open(&partial).is_err());
        }
        fs::remove_dir_all(path)?;
    }
    assert_eq!(left, i32::from(is_left));
    Ok(())
}
