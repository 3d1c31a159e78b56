//! The commands on a PostgreSQL database, whose URL is given as `--db`.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::queries::{AMARA, HOUSE, check_refusal, fill, filled, here};
use crate::cli::watch::Watching;
use crate::support::database::fresh;
use crate::support::postgres::shared;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata, run};

/// A URL that nobody answers at; nothing may come as far as asking.
const NOWHERE: &str = "postgres://ann@127.0.0.1:1/relata";

/// What both places print, of the same events. `checkpoint` prints sizes.
const COMMANDS: &[&[&str]] = &[
    &["summary"],
    &["links", HOUSE],
    &["links", HOUSE, "--as-of", "100"],
    &["find", "maple"],
    &["labels", AMARA],
    &["walk", AMARA, "--step", "Interested Buyer"],
    &["path", AMARA, "business/6adf168e522f1e415ec26a60"],
    &["neighborhood", AMARA],
    &["match", "--all", AMARA],
    &["history", AMARA],
    &["diff", "--from", "60", "--to", "110"],
    &["export", "--format", "ndjson"],
    &["export", "--format", "graphml"],
    &["verify"],
];

#[test]
fn the_commands_print_the_same_of_a_file_and_of_a_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let (directory, file) = filled()?;
    let url = cluster.new_database();
    let server = Path::new(&url);
    let missing = run(server, &["summary"]).unwrap_err();
    assert!(missing.contains(&url) && missing.contains("there is no store"), "{missing}");
    fill(server)?;
    for command in COMMANDS {
        let arguments = here(command);
        let [of_file, of_server] = [run(&file, &arguments), run(server, &arguments)];
        assert!(of_file.is_ok(), "{command:?}: {of_file:?}");
        assert_eq!(of_file, of_server, "{command:?}");
    }
    let events = directory.path().join("events.ndjson");
    std::fs::write(&events, format!("{SAMPLE}\nnonsense\n"))?;
    let ingest = ["ingest", events.to_str().ok_or("path")?, "--json"];
    let [of_file, of_server] =
        [&file, server].map(|db| relata().arg("--db").arg(db).args(ingest).output());
    assert_eq!(of_file?.stdout, of_server?.stdout, "one line is refused");
    let verified = run(server, &["verify", "--repair", "--json"])?;
    assert_eq!(serde_json::from_str::<Value>(&verified)?["ok"], true, "{verified}");
    let saved: Value = serde_json::from_str(&run(server, &["checkpoint", "--json"])?)?;
    assert!(saved["databaseBytes"].as_u64() > Some(1 << 16), "{saved}");
    assert_eq!((&saved["seq"], &saved["logBytes"]), (&json!(746), &json!(0)), "{saved}");
    assert_eq!(run(server, &["dead-letters", "delete", "--all"])?, "0 deleted");
    let erased = run(server, &here(&["erase", "--yes"]))?;
    assert!(erased.starts_with("erased seaside-realty: "), "{erased}");
    assert!(run(server, &here(&["summary"])).unwrap_err().contains("there is no location"));
    Ok(())
}

/// A connection used on a thread of an async runtime ends it by a panic.
#[test]
fn watch_prints_what_others_write_into_a_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let server = Server::start_with(Path::new(&url), &[])?;
    let lines: Vec<&str> = SAMPLE.lines().take(8).collect();
    let post = |line: &str| server.post("/webhooks", line.as_bytes());
    assert_eq!(post(lines[0])?.status, 200);
    let watching = Watching::start(Path::new(&url), &["--after", "0", "--json"])?;
    let first = watching.lines(1);
    for line in &lines[1..] {
        assert_eq!(post(line)?.status, 200);
    }
    let all = watching.lines(2);
    assert_eq!(all[0], first[0]);
    assert!(watching.end()?.success());
    Ok(())
}

#[test]
fn what_needs_a_file_says_so() -> Result<(), Error> {
    let (directory, _) = fresh()?;
    let copy = directory.path().join("copy.db");
    let copy = copy.to_str().ok_or("path")?;
    for (arguments, expected) in [
        (
            &["backup", copy][..],
            "copy the store into a file by `relata copy`, or back the database up",
        ),
        (&["bench"], "that is no file; name a file by --db"),
    ] {
        let refused = run(Path::new(NOWHERE), arguments).unwrap_err();
        assert!(refused.contains(expected) && refused.contains(NOWHERE), "{refused}");
    }
    assert_eq!(std::fs::read_dir(directory.path())?.count(), 0, "nothing is left");
    Ok(())
}

/// How far a pull has come is remembered in a file, which is not beside a server's database.
#[test]
fn a_pull_remembers_in_the_current_folder() -> Result<(), Error> {
    let (directory, _) = fresh()?;
    let secret = directory.path().join("relata.pull-L.ndjson");
    std::fs::write(&secret, "pit-1")?;
    let mut pull = relata();
    pull.current_dir(directory.path()).args(["--db", NOWHERE, "pull", "--location", "L"]);
    let refused = pull.args(["--token-file", "relata.pull-L.ndjson"]).output()?;
    check_refusal(&refused, 2, "relata.pull-L.ndjson: that is the file that is read");
    Ok(())
}

fn all_of(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &output.stderr].concat()).into_owned()
}

/// Others see the command line of a process, and help is pasted into questions.
#[test]
fn a_password_is_taken_from_where_nobody_else_sees_it() -> Result<(), Error> {
    let (directory, _) = fresh()?;
    let url = "postgres://ann:SECRET@127.0.0.1:1/relata";
    let parameter = "postgres://ann@127.0.0.1:1/relata?password=SECRET";
    let file = directory.path().join("relata.toml");
    std::fs::write(&file, format!("db = \"{url}\"\n"))?;
    let config = file.to_str().ok_or("path")?;
    let equals = format!("--db={url}");
    for arguments in [
        &["--db", url, "summary"][..],
        &["summary", "--db", url],
        &["token", "list", "--db", parameter],
        &["token", &equals, "list"],
        &["summary", "--db", url, "--config", config],
    ] {
        let refused = relata().args(arguments).env("RELATA_DB", url).output()?;
        check_refusal(&refused, 2, "PGPASSFILE (~/.pgpass), into PGPASSWORD, or set RELATA_DB");
        assert!(!all_of(&refused).contains("SECRET"), "{}", all_of(&refused));
    }
    for arguments in [&["summary"][..], &["token", "list"], &["serve", "--help"], &["--help"]] {
        let by_variable = relata().env("RELATA_DB", url).args(arguments).output()?;
        let by_file = relata().args(["--config", config]).args(arguments).output()?;
        for output in [by_variable, by_file] {
            let printed = all_of(&output);
            let is_tried = printed.contains("postgres://ann@127.0.0.1:1/relata: ");
            assert!(is_tried || arguments.contains(&"--help"), "{printed}");
            assert!(!printed.contains("SECRET"), "{printed}");
        }
    }
    Ok(())
}

#[test]
fn a_server_shows_its_database_without_the_password() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let with_password = url.replace("postgres@", "postgres:SECRET@");
    let mut serve = relata();
    serve.env("RELATA_DB", &with_password).args(["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::spawn(serve.args(["--log", "error"]))?;
    assert!(server.ready.contains(&format!(" · database {url} · ")), "{}", server.ready);
    Ok(())
}

#[test]
fn tokens_are_created_listed_and_revoked_beside_a_server() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let db = Path::new(&url);
    assert!(run(db, &["token", "list"]).unwrap_err().contains("there is no store"));
    let first = run(db, &["token", "new", "--name", "first"])?;
    let server = Server::start_with(db, &["--api-auth", "required"])?;
    let status = |token: &str| -> Result<u16, Error> {
        let bearer = format!("Bearer {token}");
        let authorization = [("authorization", &*bearer)];
        Ok(server.request("GET", "/v1/locations", &authorization, b"")?.status)
    };
    assert_eq!((status(&first)?, status("none")?), (200, 401));
    let mut adopt = relata();
    adopt.arg("--db").arg(db).args(["token", "adopt", "--name", "pit", "--location", "łøç"]);
    let mut child = adopt.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let secret = "pit-0f5b2c1e-7a64-4d0a-9d43-8d2b1c6b7a11";
    child.stdin.take().ok_or("no input")?.write_all(secret.as_bytes())?;
    assert!(child.wait()?.success());
    let listed: Value = serde_json::from_str(&run(db, &["token", "list", "--json"])?)?;
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("first"), &json!("pit")));
    assert_eq!(listed[1]["locations"], json!(["łøç"]));
    assert!(run(db, &["token", "revoke", "nobody"]).is_err());
    assert!(run(db, &["token", "revoke", "first"])?.ends_with("is revoked"));
    // The server notices both within a second or two.
    let deadline = Instant::now() + Duration::from_secs(20);
    while status(&first)? != 401 || status(secret)? == 401 {
        assert!(Instant::now() < deadline, "the server does not notice");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
