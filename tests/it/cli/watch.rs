//! `relata watch`, beside the real server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};
use crate::support::sse_client::{HERE, Reader, post, post_twice, relation};

/// A `relata watch` and what it has printed so far.
pub(super) struct Watching {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Watching {
    pub(super) fn start(db: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = relata();
        command.arg("--db").arg(db).arg("watch").args(arguments).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (output, told) = (child.stdout.take().ok_or("no output")?, Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                told.lock().unwrap().push(line);
            }
        });
        Ok(Self { child, lines })
    }

    /// Waits until it has printed so many lines.
    pub(super) fn lines(&self, count: usize) -> Vec<String> {
        let start = Instant::now();
        loop {
            let lines = self.lines.lock().unwrap().clone();
            if lines.len() >= count {
                return lines;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{lines:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Tells it to end, and waits until it has.
    pub(super) fn end(mut self) -> Result<ExitStatus, Error> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        assert!(told.success());
        Ok(self.child.wait()?)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn association() -> Value {
    json!({"type": "AssociationCreate", "id": "A", "locationId": HERE,
        "key": "k", "firstObjectKey": "contact", "firstObjectLabel": "Buyer\u{1b}[2J",
        "secondObjectKey": "house", "secondObjectLabel": "Home", "associationType": "USER_DEFINED",
        "timestamp": "2026-01-02T03:04:05.006Z"})
}

#[test]
fn watch_follows_a_location_through_a_server_restart() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let arguments = ["--checkpoint-events", "3", "--checkpoint-ms", "20"];
    let server = Server::start_with(&db, &arguments)?;
    post_twice(&server, 0)?;
    let mut people = Watching::start(&db, &["--after", "0"])?;
    let programs = Watching::start(&db, &["--after", "0", "--json", "--location", HERE])?;
    let few = Watching::start(&db, &["--after", "2", "--json", "--of", "house/h2"])?;
    let mut reader = Reader::open(&server, HERE, "?after=0")?;
    let mut sent = vec![reader.event()?.unwrap().json()];
    // Both have printed the relation before its association is known.
    assert_eq!((people.lines(1).len(), programs.lines(1).len()), (1, 1));
    post(&server, &association())?;
    for number in 1..4 {
        post_twice(&server, number)?;
    }
    for _ in 0..4 {
        sent.push(reader.event()?.unwrap().json());
    }
    assert_eq!(programs.lines(5).len(), 5);
    server.kill()?;
    let server = Server::start_with(&db, &arguments)?;
    let gone = json!({"type": "ContactDelete", "id": "c1", "locationId": HERE,
        "timestamp": "2026-01-02T03:04:05.007Z"});
    post(&server, &gone)?;
    let mut reader = Reader::open(&server, HERE, "?after=9")?;
    sent.push(reader.event()?.unwrap().json());
    let told: Vec<Value> =
        programs.lines(6).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, sent);
    let lines = people.lines(6);
    assert_eq!(
        lines[1],
        "2026-01-02T03:04:05.006Z  AssociationCreate   k: contact (Buyer\u{fffd}[2J) ─ house (Home)"
    );
    assert!(
        lines[0].ends_with("Z  RelationCreate      contact/c0 ─(not known yet)→ house/h0"),
        "{}",
        lines[0]
    );
    assert!(
        lines[2].ends_with("Z  RelationCreate      contact/c1 ─Home→ house/h1"),
        "{}",
        lines[2]
    );
    assert_eq!(lines[5], "2026-01-02T03:04:05.007Z  ContactDelete       contact/c1");
    let seqs: Vec<Value> = few
        .lines(2)
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].clone())
        .collect();
    assert_eq!(seqs, [3, 6]);
    // As by Ctrl-C.
    let pid = people.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status()?.success());
    assert!(people.child.wait()?.success());
    assert_eq!(people.lines(6).len(), 6);
    Ok(())
}

#[test]
fn watch_ends_with_its_pipe_and_reports_errors() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    post(&server, &relation(0))?;
    let mut command = relata();
    command.arg("--db").arg(&db).args(["watch", "--after", "0"]).stderr(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
    output.read_line(&mut String::new())?;
    drop(output);
    post(&server, &relation(1))?;
    let ended = child.wait_with_output()?;
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    for (arguments, why) in [
        (["--after", "99"], "relata: event 99 does not exist yet; the last one is 2"),
        (["--location", "nowhere"], "relata: there is no location nowhere"),
    ] {
        let refused = relata().arg("--db").arg(&db).arg("watch").args(arguments).output()?;
        assert_eq!(String::from_utf8(refused.stderr)?.trim_end(), why);
        assert_eq!(refused.status.code(), Some(1));
    }
    Ok(())
}
