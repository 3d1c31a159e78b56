//! The log, and the ids that join it with answers.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relata::http::ROUTES;
use serde_json::{Value, json};

use crate::http::auth::{OURS, filled, relation};
use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata};
use crate::support::signing::{key, pair};

/// Stops a server and returns its whole log, which is written by a thread of its own.
fn stop(server: &mut Server, log: &mut impl Read) -> Result<String, Error> {
    server.signal("TERM")?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    server.wait(Duration::from_secs(30))?;
    Ok(text)
}

#[test]
fn every_answer_carries_the_id_of_its_request() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let ask = |id: &str| server.request("GET", "/nowhere", &[("x-request-id", id)], b"");
    let told = ask("proxy-1:2/3")?;
    assert_eq!(told.header("x-request-id"), Some("proxy-1:2/3"));
    assert_eq!(told.json()["traceId"], "proxy-1:2/3");
    for odd in ["", "a b", "<script>", "ä", &"x".repeat(129)] {
        let fresh = ask(odd)?.header("x-request-id").unwrap().to_owned();
        assert!(fresh != odd && fresh.len() == 24, "{odd}: {fresh}");
    }
    for route in ROUTES {
        let path = filled(route.path, "none");
        let answer = server.request(route.method, &path, &[], b"")?;
        assert!(answer.header("x-request-id").is_some(), "{} {path}", route.method);
    }
    let accepted =
        server.request("POST", "/webhooks", &[("x-request-id", "r7")], relation("1").as_bytes())?;
    assert_eq!(accepted.json()["traceId"], "r7");
    Ok(())
}

#[test]
fn the_log_names_what_failed_and_keeps_what_is_secret() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    for format in ["human", "json"] {
        let mut command = relata();
        command.args(["serve", "--listen", "127.0.0.1:0", "--api-auth", "required"]);
        command.args(["--webhook-auth", "required", "--webhook-key", &key()]);
        command.args(["--log-format", format, "--log", "trace", "--db"]).arg(&db);
        let mut server = Server::spawn(command.stderr(Stdio::piped()))?;
        let mut log = server.child.stderr.take().ok_or("no log")?;
        let signature = STANDARD.encode(pair().sign(b"another"));
        let body = relation("hidden-in-the-body");
        let headers = [
            ("x-ghl-signature", &*signature),
            ("x-request-id", "trace-1"),
            ("authorization", "Bearer rlt_secret_secret"),
        ];
        assert_eq!(server.request("POST", "/webhooks", &headers, body.as_bytes())?.status, 401);
        assert_eq!(server.request("GET", "/v1/locations", &headers, b"")?.status, 401);
        let mut stream = server.connect()?;
        std::io::Write::write_all(&mut stream, b"hidden-in-the-body\x01\r\n\r\n")?;
        assert_eq!(Answer::read(&mut stream)?.status, 400);
        drop(stream);
        let text = stop(&mut server, &mut log)?;
        let refused: Vec<&str> = text.lines().filter(|line| line.contains("refused")).collect();
        assert_eq!(refused.len(), 3, "{text}");
        assert!(refused[2].contains("invalid_request"), "what is no HTTP, too: {}", refused[2]);
        for expected in ["bad_signature", "RelationCreate", OURS, "trace-1"] {
            assert!(refused[0].contains(expected), "{expected}: {}", refused[0]);
        }
        for secret in [&signature[..20], "hidden-in-the-body", "rlt_secret"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        if format == "json" {
            let line: Value = serde_json::from_str(refused[0])?;
            assert_eq!(
                (&line["code"], &line["trace_id"]),
                (&json!("bad_signature"), &json!("trace-1"))
            );
        }
    }
    Ok(())
}

#[test]
fn an_export_that_meets_a_damaged_event_breaks_off_and_is_logged() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let mut command = relata();
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--db"]).arg(&db);
    let mut server = Server::spawn(command.stderr(Stdio::piped()))?;
    let mut log = server.child.stderr.take().ok_or("no log")?;
    for id in ["1", "2", "3"] {
        assert_eq!(server.post("/webhooks", relation(id).as_bytes())?.status, 200);
    }
    rusqlite::Connection::open(&db)?
        .execute("UPDATE event SET body = replace(body, 'c2', 'c3') WHERE seq = 2", [])?;
    let path = format!("/v1/locations/{OURS}/export?format=ndjson");
    let headers = [("x-request-id", "trace-1")];
    assert!(server.request("GET", &path, &headers, b"").is_err(), "not taken for the whole");
    let text = stop(&mut server, &mut log)?;
    let errors = text.lines().filter(|line| line.contains("\"ERROR\""));
    let lines: Vec<Value> = errors.map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 1, "{text}");
    let detail = "event 2 is damaged: its checksum does not match";
    for (name, value) in
        [("trace_id", "trace-1"), ("location", OURS), ("code", "unavailable"), ("detail", detail)]
    {
        assert_eq!(lines[0][name], value, "{text}");
    }
    Ok(())
}
