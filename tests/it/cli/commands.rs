//! The commands by the real binary.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use relata::export::Format;
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::golden;
use crate::support::server::{Error, Server, relata};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/real-estate.ndjson");
const HOUSE: &str = "custom_objects.property/6adf249e8ce18ef62a90b95f";

fn run(db: &Path, arguments: &[&str]) -> Result<Output, Error> {
    Ok(relata().arg("--db").arg(db).args(arguments).output()?)
}

/// Standard output of a command that must work.
fn out(db: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = run(db, arguments)?;
    let errors = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "", "{arguments:?}");
    Ok(String::from_utf8(output.stdout)?)
}

fn filled() -> Result<(tempfile::TempDir, std::path::PathBuf), Error> {
    let (directory, db) = fresh()?;
    assert_eq!(out(&db, &["ingest", SAMPLE])?, INGESTED);
    Ok((directory, db))
}

const INGESTED: &str = "387 applied, 0 unchanged, 1 stale, 0 duplicate, 0 ignored, 0 refused\n";

#[test]
fn summaries_and_links_are_printed_as_tables() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let here = ["--location", "seaside-realty"];
    let check = |name: &str, arguments: &[&str]| -> Result<(), Error> {
        golden::check(&format!("cli/{name}.txt"), &out(&db, arguments)?);
        Ok(())
    };
    check("summary", &["summary"])?;
    check("links-house", &[&["links", HOUSE][..], &here].concat())?;
    check("links-label", &[&["links", HOUSE, "--label", "Interested Buyer"][..], &here].concat())?;
    check("links-contact", &[&["links", "contact", "--limit", "3"][..], &here].concat())?;
    let events = out(&db, &["summary"])?;
    assert!(events.starts_with("388 events, 2 locations\n"), "{events}");
    let proof = out(&db, &["verify"])?;
    assert!(proof.starts_with("ok: 388 events in 2 locations"), "{proof}");
    Ok(())
}

#[test]
fn json_output_equals_the_answers_of_the_api() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let server = Server::start(&db)?;
    let at = "/v1/locations/seaside-realty";
    let here = ["--location", "seaside-realty"];
    let compare = |arguments: &[&str], path: &str| -> Result<(), Error> {
        let printed: Value = serde_json::from_str(&out(&db, &[arguments, &here].concat())?)?;
        assert_eq!(printed, server.get(&format!("{at}{path}"))?.json(), "{arguments:?}");
        Ok(())
    };
    compare(&["summary", "--json"], "/summary")?;
    compare(
        &[
            "links",
            HOUSE,
            "--json",
            "--label",
            "Viewed",
            "--label",
            "Interested Buyer",
            "--order",
            "newest",
        ],
        "/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f/links?label=Viewed&label=Interested%20Buyer&order=newest",
    )?;
    compare(
        &["links", "contact", "--json", "--side", "second", "--object", "contact"],
        "/objects/contact/links?side=second&object=contact",
    )?;
    let formats = Format::ALL.iter().map(|format| format.as_str());
    for format in formats.chain(["ndjson"]) {
        let printed = run(&db, &[&["export", "--format", format][..], &here].concat())?.stdout;
        let answered = server.get(&format!("{at}/export?format={format}"))?.body;
        assert!(printed == answered, "{format}");
    }
    let proof: Value = serde_json::from_str(&out(&db, &["verify", "--json"])?)?;
    assert_eq!((&proof["ok"], &proof["events"]), (&json!(true), &json!(388)));
    Ok(())
}

#[test]
fn what_is_exported_can_be_ingested_elsewhere() -> Result<(), Error> {
    let (directory, db) = filled()?;
    let part = directory.path().join("part.ndjson");
    let part = part.to_str().unwrap();
    let other = directory.path().join("other.db");
    for location in ["seaside-realty", "hillside-homes"] {
        out(&db, &["export", "--format", "ndjson", "--location", location, "--output", part])?;
        out(&other, &["ingest", part])?;
        for format in Format::ALL.iter().map(|format| format.as_str()) {
            let export = ["export", "--format", format, "--location", location];
            let (ours, theirs) = (run(&db, &export)?, run(&other, &export)?);
            assert!(ours.status.success() && ours.stdout == theirs.stdout, "{format}");
        }
    }
    out(&other, &["verify"])?;
    Ok(())
}

#[test]
fn ingest_leaves_out_what_says_nothing_new_when_asked_to() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("pulled.ndjson");
    let event = r#"{"type":"ContactDelete","id":"a","locationId":"L","origin":"pull","observedAt":"2026-01-02T03:04:05.006Z"}"#;
    std::fs::write(&file, event)?;
    let ingest = ["ingest", file.to_str().unwrap(), "--only-changes"];
    let first = out(&db, &ingest)?;
    assert!(first.starts_with("1 applied, 0 unchanged"), "{first}");
    let again = out(&db, &ingest)?;
    assert!(again.starts_with("0 applied, 1 unchanged"), "{again}");
    let history = out(&db, &["history", "contact/a", "--location", "L"])?;
    assert_eq!((history.matches("ContactDelete").count(), history.contains(" pull ")), (1, true));
    let json: Value =
        serde_json::from_str(&out(&db, &["history", "contact/a", "--location", "L", "--json"])?)?;
    let event = &json["events"][0];
    assert_eq!(
        (&event["origin"], &event["observedAt"]),
        (&json!("pull"), &json!("2026-01-02T03:04:05.006Z"))
    );
    Ok(())
}

#[test]
fn ingest_reports_refused_lines() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let lines = [
        r#"{"type":"ContactDelete","id":"a","locationId":"L"}"#,
        "not json",
        "",
        r#"{"type":"ContactDelete","locationId":"L"}"#,
        r#"{"type":"InvoicePaid"}"#,
        &format!(
            r#"{{"type":"ContactDelete","id":"b","locationId":"L","x":"{}"}}"#,
            "x".repeat(300 << 10)
        ),
        r#"{"type":"ContactDelete","id":"c","locationId":"L"}"#,
    ]
    .join("\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(lines.as_bytes())?;
    let file = directory.path().join("events.ndjson.gz");
    std::fs::write(&file, packed.finish()?)?;
    let rejects = directory.path().join("rejects.ndjson");
    let (file, named) = (file.to_str().unwrap(), rejects.to_str().unwrap());
    let output = run(&db, &["ingest", file, "--rejects", named, "--json"])?;
    assert_eq!(output.status.code(), Some(1));
    let counts: Value = serde_json::from_slice(&output.stdout)?;
    let expected = json!({"lines": 6, "applied": 2, "unchanged": 0, "stale": 0, "duplicate": 0, "ignored": 1, "refused": 3});
    assert_eq!(counts, expected);
    let refused: Vec<Value> = std::fs::read_to_string(&rejects)?
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<u64> = refused.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 4, 6]);
    assert_eq!(refused[1]["reason"], "`id` is missing");
    assert_eq!(refused[1]["body"], lines.lines().nth(3).unwrap());

    let mut child = relata()
        .arg("--db")
        .arg(&db)
        .args(["ingest", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().unwrap().write_all(lines.lines().next().unwrap().as_bytes())?;
    let output = child.wait_with_output()?;
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout)?.starts_with("0 applied, 1 unchanged"));
    Ok(())
}

/// One line on standard error, nothing on standard output.
fn check_refusal(output: &Output, code: i32, part: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(errors.contains(part), "{part:?} is not in {errors:?}");
    assert!(output.stdout.is_empty());
    // Where there is a choice, it is listed below.
    if code == 1 && !errors.contains("choose one") {
        assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    }
}

#[test]
fn errors_are_one_line_and_an_exit_code() -> Result<(), Error> {
    let (directory, db) = filled()?;
    let missing = directory.path().join("missing.db");
    check_refusal(&run(&missing, &["summary"])?, 1, "no such database");
    check_refusal(&run(&missing, &["verify"])?, 1, "no such database");
    assert!(!missing.exists());
    check_refusal(&run(&db, &["links", HOUSE])?, 1, "choose one with --location");
    check_refusal(&run(&db, &["links", HOUSE, "--location", "x"])?, 1, "no location x");
    check_refusal(
        &run(&db, &["links", "contact/nobody", "--location", "seaside-realty"])?,
        1,
        "contact/nobody",
    );
    check_refusal(&run(&db, &["links", "/"])?, 2, "node reference");
    check_refusal(&run(&db, &["links"])?, 2, "Usage");
    check_refusal(&run(&db, &["frobnicate"])?, 2, "frobnicate");
    check_refusal(&run(&db, &["ingest", "/nowhere/at/all"])?, 1, "/nowhere/at/all");
    check_refusal(
        &run(&db, &["export", "--format", "pdf", "--location", "seaside-realty"])?,
        1,
        "ntriples, nquads, ndjson",
    );
    for open in ["--api-auth", "--webhook-auth"] {
        let public = ["serve", "--listen", "0.0.0.0:0", open, "off"];
        check_refusal(&run(&db, &public)?, 1, "--allow-unprotected");
    }
    let server = Server::start(&db)?;
    check_refusal(&run(&db, &["serve", "--listen", "127.0.0.1:0"])?, 1, "another process");
    check_refusal(&run(&db, &["ingest", SAMPLE])?, 1, "another process");
    let taken = server.address.to_string();
    let other = directory.path().join("other.db");
    check_refusal(&run(&other, &["serve", "--listen", &taken])?, 1, &taken);
    let text = directory.path().join("text.db");
    std::fs::write(&text, "no database".repeat(100))?;
    check_refusal(&run(&text, &["summary"])?, 1, "text.db");
    Ok(())
}

#[test]
fn verify_fails_on_a_wrong_checkpoint() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    rusqlite::Connection::open(&db)?.execute(
        "UPDATE state_association SET first_label = 'Guest' WHERE key LIKE 'buyer%'",
        [],
    )?;
    let output = run(&db, &["verify"])?;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("Guest") && text.contains("Interested Buyer"), "{text}");
    assert!(text.contains("differing locations: seaside-realty"), "{text}");
    let repaired = out(&db, &["verify", "--repair"])?;
    assert!(repaired.contains("repaired: ") && repaired.contains("seaside-realty"), "{repaired}");
    assert!(out(&db, &["verify"])?.starts_with("ok: 388 events"));
    Ok(())
}

#[test]
fn one_location_is_verified_alone() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    let verify = |more: &[&str]| run(&db, &[&["verify"], more].concat());
    let [there, other] = ["seaside-realty", "hillside-homes"];
    assert_eq!(
        out(&db, &["verify", "--location", there])?,
        "ok: replaying the events of seaside-realty gives the checkpoint at 388 and what follows\n"
    );
    rusqlite::Connection::open(&db)?.execute(
        "UPDATE state_association SET first_label = 'Guest' WHERE key LIKE 'buyer%' \
         AND location = (SELECT number FROM state_location WHERE id = 'seaside-realty')",
        [],
    )?;
    let wrong = verify(&["--location", there, "--json"])?;
    assert_eq!(wrong.status.code(), Some(1));
    let body: Value = serde_json::from_slice(&wrong.stdout)?;
    assert_eq!(
        (&body["ok"], &body["locations"], &body["differing"]),
        (&json!(false), &json!(1), &json!([there]))
    );
    assert!(verify(&["--location", other])?.status.success());
    check_refusal(&verify(&["--location", "nowhere"])?, 1, "there is no location nowhere");
    check_refusal(&verify(&["--location", there, "--repair"])?, 2, "--repair");
    // A variable of other commands narrows no proof.
    let mut whole = relata();
    whole.env("RELATA_LOCATION", other).args(["verify", "--db"]).arg(&db);
    assert_eq!(whole.output()?.status.code(), Some(1));
    Ok(())
}

/// Contract: `relata checkpoint` ends with everything in the database itself. Beside a
/// server, which holds the writer's lock, it says so.
#[test]
fn a_checkpoint_is_saved_by_hand_when_no_server_runs() -> Result<(), Error> {
    let (_directory, db) = filled()?;
    rusqlite::Connection::open(&db)?.execute_batch(
        "DELETE FROM checkpoint; DELETE FROM state_location; DELETE FROM state_object;
         DELETE FROM state_association; DELETE FROM state_unkeyed_record;
         DELETE FROM state_record; DELETE FROM state_relation; DELETE FROM state_name",
    )?;
    let saved: Value = serde_json::from_str(&out(&db, &["checkpoint", "--json"])?)?;
    assert_eq!((&saved["seq"], &saved["logBytes"]), (&json!(388), &json!(0)));
    assert!(out(&db, &["verify"])?.contains("the checkpoint at 388"));
    let _server = Server::start(&db)?;
    check_refusal(&run(&db, &["checkpoint"])?, 1, "another process has it open for writing");
    check_refusal(&run(&db, &["verify", "--repair"])?, 1, "another process");
    Ok(())
}

#[test]
fn every_command_helps_with_examples() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let help = out(&db, &["--help"])?;
    let commands = [
        "serve",
        "ingest",
        "pull",
        "drift",
        "find",
        "links",
        "labels",
        "match",
        "walk",
        "path",
        "neighborhood",
        "summary",
        "history",
        "export",
        "verify",
        "checkpoint",
        "erase",
        "backup",
        "copy",
        "doctor",
        "completions",
    ];
    for command in commands {
        assert!(help.contains(command), "{help}");
        let own = out(&db, &[command, "--help"])?;
        assert!(own.contains("Example"), "{command} has no example");
    }
    assert_eq!(out(&db, &["--version"])?, format!("relata {}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}

#[test]
fn a_backup_beside_a_running_server_can_be_restored() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    run(&db, &["ingest", SAMPLE])?;
    let server = Server::start(&db)?;
    let copy = directory.path().join("copy.db");
    let to = copy.to_str().ok_or("path")?;
    let relation = |id: &str| {
        json!({
            "type": "RelationCreate", "id": id, "associationId": "A", "locationId": "seaside-realty",
            "firstObjectKey": "contact", "firstRecordId": "early",
            "secondObjectKey": "p", "secondRecordId": "p",
        })
        .to_string()
    };
    assert_eq!(server.post("/webhooks", relation("before").as_bytes())?.status, 200);
    let made = run(&db, &["backup", to, "--json"])?;
    assert!(made.status.success());
    assert_eq!(serde_json::from_slice::<Value>(&made.stdout)?["events"], 389);
    assert_eq!(server.post("/webhooks", relation("after").as_bytes())?.status, 200);
    check_refusal(&run(&db, &["backup", to])?, 1, "it already exists");
    server.kill()?;

    // The way that `relata backup --help` tells.
    for suffix in ["", "-wal", "-shm", "-lock"] {
        std::fs::remove_file(format!("{}{suffix}", db.display()))?;
    }
    std::fs::copy(&copy, &db)?;
    let server = Server::start(&db)?;
    assert_eq!(server.get("/readyz")?.json()["seq"], 389);
    let at = "/v1/locations/seaside-realty/objects/contact/records/early/links";
    assert_eq!(server.get(at)?.json()["links"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.post("/webhooks", relation("later").as_bytes())?.status, 200);
    drop(server);
    assert!(run(&db, &["verify"])?.status.success());
    Ok(())
}

/// What lies in a folder, hidden files too.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

#[test]
fn bench_measures_beside_the_database_and_leaves_nothing() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    std::fs::write(&db, "not even a database")?;
    let small = ["--seconds", "1", "--senders", "4", "--relations", "2000"];
    let told = relata().args(["bench", "--json", "--db"]).arg(&db).args(small).output()?;
    assert!(told.status.success(), "{told:?}");
    let told: Value = serde_json::from_slice(&told.stdout)?;
    for measured in ["fsync", "single", "concurrent"] {
        let rate = &told[measured];
        let number = |name: &str| rate[name].as_f64().unwrap_or_default();
        assert!(number("perSecond") > 1.0, "{told}");
        assert!(0.0 < number("p50Ms") && number("p50Ms") <= number("p99Ms"), "{told}");
    }
    assert_eq!(told["questions"].as_array().map(Vec::len), Some(5), "{told}");
    assert!(told["relations"].as_u64() > Some(100) && told["reopenMs"].as_f64() > Some(0.0));
    assert!(told["seconds"].as_f64().is_some_and(|seconds| seconds < 30.0), "{told}");
    assert_eq!(names(directory.path())?, ["relata.db"]);
    let table = relata().args(["bench", "--db"]).arg(&db).args(small).output()?;
    let table = String::from_utf8(table.stdout)?;
    assert!(table.contains("durable event, 4 senders") && table.contains("reopened"), "{table}");
    // Told to end in the midst of it, which what it meets when its folder goes must
    // not turn into a failure.
    for millis in (0..400).step_by(20) {
        let long = ["bench", "--seconds", "4", "--relations", "50000", "--db"];
        let long = relata().args(long).arg(&db).stderr(Stdio::piped()).spawn()?;
        while names(directory.path())?.len() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(millis));
        std::process::Command::new("kill").args(["-INT", &long.id().to_string()]).status()?;
        let ended = long.wait_with_output()?;
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*stderr), (Some(130), ""), "after {millis} ms");
        assert_eq!(names(directory.path())?, ["relata.db"], "after {millis} ms");
    }
    assert_eq!(std::fs::read(&db)?, b"not even a database");
    Ok(())
}
