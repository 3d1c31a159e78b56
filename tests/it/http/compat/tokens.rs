//! Tokens that programs already have.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::compat::{HERE, check_error, relation};
use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata, run};

const SECRET: &str = "pit-0f5b2c1e-7a64-4d0a-9d43-8d2b1c6b7a11";

/// Runs `token adopt` with a secret on standard input.
fn adopt(db: &Path, secret: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = relata();
    command.arg("--db").arg(db).args(["token", "adopt"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(secret.trim().is_empty() || !printed.contains(secret.trim()), "{printed}");
    if output.status.success() { Ok(printed) } else { Err(printed) }
}

fn get(server: &Server, authorization: &str) -> Answer {
    let headers = [("authorization", authorization)];
    server.request("GET", &format!("/associations/?locationId={HERE}"), &headers, b"").unwrap()
}

#[test]
fn an_adopted_secret_is_a_token_until_it_is_revoked() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let arguments = ["--name", "sync", "--location", HERE];
    adopt(&db, &format!("  {SECRET}\n"), &arguments)?;
    let server = Server::start_with(&db, &["--api-auth", "required"])?;
    for good in
        [format!("Bearer {SECRET}"), format!("bearer  {SECRET} "), format!(" Bearer {SECRET}")]
    {
        assert_eq!(get(&server, &good).status, 200, "{good}");
    }
    let private = json!("Invalid Private Integration token");
    let other = json!("Invalid JWT");
    for (bad, text) in [
        (format!("Bearer {SECRET}x"), &private),
        (format!("Bearer {}", &SECRET[..39]), &private),
        (format!("Bearer {}", SECRET.to_uppercase()), &other),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x".to_owned(), &other),
        (format!("Basic {SECRET}"), &other),
        (SECRET.to_owned(), &other),
        (String::new(), &other),
    ] {
        let answer = get(&server, &bad);
        check_error(&answer, 401, text);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    check_error(&server.get("/associations/")?, 401, &other);
    // It is good for the rest of the API, too, and for its location alone.
    let bearer = format!("Bearer {SECRET}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    assert_eq!(server.request("GET", "/v1/session", &headers, b"")?.json()["scope"], "read");
    let foreign = server.request("GET", "/associations/?locationId=there", &headers, b"")?;
    check_error(&foreign, 403, &json!("The token does not have access to this location."));
    let body = relation("b1", "p1").to_string();
    let writing = server.request("POST", "/associations/relations", &headers, body.as_bytes())?;
    check_error(&writing, 401, &json!("The token is not authorized for this scope."));

    let listed = run(&db, &["token", "list", "--json"])?;
    let listed: Value = serde_json::from_str(&listed)?;
    assert_eq!((&listed[0]["name"], &listed[0]["locations"]), (&json!("sync"), &json!([HERE])));
    run(&db, &["token", "revoke", "sync"])?;
    let start = Instant::now();
    while get(&server, &bearer).status != 401 {
        assert!(start.elapsed() < Duration::from_secs(20), "still good");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(directory);
    Ok(())
}

#[test]
fn secrets_that_cannot_be_tokens_are_refused() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let own = run(&db, &["token", "new"])?;
    for (secret, expected) in [
        (&*own, "it is a token of Relata"),
        ("", "20 to 4096 characters"),
        ("pit-0123456789abcde", "20 to 4096 characters"),
        (&"x".repeat(4_097), "20 to 4096 characters"),
        ("pit-0123456789 abcdefgh", "printable ASCII"),
        ("pit-0123456789abcdefghé", "printable ASCII"),
    ] {
        let refused = adopt(&db, secret, &[]).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    adopt(&db, SECRET, &["--scope", "write", "--json"])?;
    assert!(adopt(&db, SECRET, &[]).unwrap_err().contains("is a token already"));
    let file = directory.path().join("pit.txt");
    std::fs::write(&file, "pit-11111111-2222-3333-4444-555555555555\n")?;
    let path = file.to_str().ok_or("path")?;
    let printed = adopt(&db, "", &["--from-file", path])?;
    assert!(printed.contains("other users can read the secret"), "{printed}");
    assert!(adopt(&db, "", &["--from-file", "/no/such/file"]).is_err());
    assert!(adopt(&db, "", &["--scope", "owner"]).is_err());
    Ok(())
}

#[test]
fn a_secret_is_kept_nowhere() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    adopt(&db, SECRET, &["--scope", "admin"])?;
    let mut command = relata();
    command.args(["serve", "--listen", "127.0.0.1:0", "--api-auth", "required", "--log", "trace"]);
    command.arg("--db").arg(&db).stderr(Stdio::piped());
    let mut server = Server::spawn(&mut command)?;
    let mut log = server.child.stderr.take().ok_or("no log")?;
    let bearer = format!("Bearer {SECRET}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let definition = json!({"locationId": HERE, "key": "k", "firstObjectLabel": "",
        "secondObjectLabel": "", "firstObjectKey": "contact", "secondObjectKey": "contact"});
    let body = definition.to_string();
    for (method, path, sent, expected) in [
        ("POST", "/associations/", body.as_bytes(), 201),
        ("POST", "/associations/", b"{", 400),
        ("GET", "/associations/x/y", b"", 404),
        ("GET", "/objects/?limit=1", b"", 422),
        ("GET", "/metrics", b"", 200),
    ] {
        let answer = server.request(method, path, &headers, sent)?;
        assert_eq!(answer.status, expected, "{}", answer.text());
        assert!(!answer.text().contains(&SECRET[4..]), "{path}");
    }
    let wrong = format!("Bearer {SECRET}-wrong");
    assert_eq!(get(&server, &wrong).status, 401);
    let arguments = std::fs::read(format!("/proc/{}/cmdline", server.id())).unwrap_or_default();
    let kept = [std::fs::read(&db)?, std::fs::read(db.with_extension("db-wal"))?, arguments];
    server.signal("TERM")?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    server.wait(Duration::from_secs(30))?;
    assert!(text.contains("request refused"), "{text}");
    let secret = &SECRET.as_bytes()[4..];
    for (number, bytes) in kept.iter().map(Vec::as_slice).chain([text.as_bytes()]).enumerate() {
        assert!(!bytes.windows(secret.len()).any(|at| at == secret), "the secret is in {number}");
    }
    Ok(())
}
