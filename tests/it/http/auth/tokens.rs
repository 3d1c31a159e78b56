//! What a token may read, and a ticket.

use std::time::{Duration, Instant};

use relata::http::ROUTES;
use serde_json::{Value, json};

use crate::http::auth::{FOREIGN, OURS, Office, filled, lasting, with_token};
use crate::support::server::run;
use crate::support::server::{Answer, Error, Server};

#[test]
fn every_route_keeps_a_token_to_its_locations() -> Result<(), Error> {
    let office = Office::open()?;
    let mut tried = 0;
    for route in ROUTES {
        let token = |token: &str, location: &str| {
            with_token(&office.server, route.method, &filled(route.path, location), token)
        };
        let name = format!("{} {}", route.method, route.path);
        let Some(_) = route.scope else {
            let open = ["/healthz", "/readyz", "/openapi.json", "/docs", "/"];
            let folders = ["/webhooks", "/explore"];
            let is_within = folders.iter().any(|folder| route.path.starts_with(folder));
            assert!(is_within || open.contains(&route.path), "{name}");
            continue;
        };
        tried += 1;
        let bare = office.server.request(route.method, &filled(route.path, OURS), &[], b"")?;
        assert_eq!((bare.status, &bare.json()["code"]), (401, &json!("unauthorized")), "{name}");
        assert_eq!(bare.header("www-authenticate"), Some("Bearer"), "{name}");
        for bad in ["", "rlt_", "rlt_0_0", &office.ours[..30], &format!("{}x", office.ours)] {
            assert_eq!(token(bad, OURS)?.status, 401, "{name} {bad}");
        }
        for limited in [&office.ours, &office.writer] {
            let foreign = token(limited, FOREIGN)?;
            let unknown = token(limited, "no-such-location")?;
            assert_eq!(lasting(&foreign), lasting(&unknown), "{name} tells that it exists");
            assert!(!foreign.text().contains(FOREIGN), "{name}: {}", foreign.text());
            if route.path.contains("{locationId}") {
                let code = foreign.json()["code"].clone();
                assert_eq!((foreign.status, code), (403, json!("forbidden")), "{name}");
                let twice = FOREIGN.replace('-', "%2D");
                assert_eq!(token(limited, &twice)?.status, 403, "{name} percent-encoded");
                // A feed that is let in has no end.
                let ours = if route.path.ends_with("/changes") { "?after=x" } else { "" };
                let path = filled(route.path, OURS) + ours;
                let allowed = with_token(&office.server, route.method, &path, limited)?;
                let is_admins = route.scope == Some(relata::journal::Scope::Admin);
                assert_eq!(allowed.status == 403, is_admins, "{name}");
            }
        }
        if route.scope == Some(relata::journal::Scope::Write) {
            for reader in [&office.ours, &office.all] {
                assert_eq!(token(reader, OURS)?.status, 403, "{name} needs more than read");
            }
        }
    }
    assert!(tried > 12);
    Ok(())
}

#[test]
fn lists_show_a_token_its_locations_alone() -> Result<(), Error> {
    let office = Office::open()?;
    for body in ["{", r#"{"type":"RelationCreate","locationId":"hillside-homes"}"#] {
        assert!(office.server.post("/webhooks", body.as_bytes())?.status >= 400);
    }
    let listed = |token: &str| -> Result<Vec<String>, Error> {
        let body = office.ask(token, "/v1/locations")?.json();
        let ids = body["locations"].as_array().ok_or("no list")?.iter();
        Ok(ids.map(|location| location["locationId"].as_str().unwrap().to_owned()).collect())
    };
    assert_eq!(listed(&office.ours)?, [OURS]);
    assert_eq!(listed(&office.all)?, [OURS, FOREIGN]);
    let letters = |token: &str| -> Result<(usize, Value), Error> {
        let body = office.ask(token, "/v1/dead-letters")?.json();
        Ok((body["deadLetters"].as_array().ok_or("no list")?.len(), body["total"].clone()))
    };
    assert_eq!(letters(&office.all)?, (2, json!(2)));
    assert_eq!(letters(&office.ours)?, (0, json!(null)));
    Ok(())
}

fn within_seconds(mut good: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if good() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn tokens_are_created_and_revoked_beside_a_running_server() -> Result<(), Error> {
    let office = Office::open()?;
    let listed = run(&office.db, &["token", "list"])?;
    assert!(listed.contains("ours") && listed.contains(OURS), "{listed}");
    let stored = std::fs::read(&office.db)?;
    let log = std::fs::read(office.db.with_extension("db-wal"))?;
    for token in [&office.ours, &office.all] {
        let secret = &token.as_bytes()[17..];
        let kept = [&stored, &log].iter().any(|file| file.windows(43).any(|at| at == secret));
        assert!(!kept && !listed.contains(&token[17..]), "the secret is on disk");
    }
    let late = run(&office.db, &["token", "new", "--name", "late", "--json"])?;
    let late: Value = serde_json::from_str(&late)?;
    let text = late["token"].as_str().ok_or("no token")?.to_owned();
    let works = |token: &str| office.ask(token, "/v1/locations").unwrap().status == 200;
    assert!(within_seconds(|| works(&text)));
    run(&office.db, &["token", "revoke", "late"])?;
    assert!(within_seconds(|| !works(&text)));
    assert!(works(&office.ours));
    assert!(run(&office.db, &["token", "revoke", "late"]).is_err());
    assert!(run(&office.db, &["token", "new", "--scope", "owner"]).is_err());
    let Office { _directory: directory, db, mut server, .. } = office;
    server.signal("TERM")?;
    assert!(server.wait(Duration::from_secs(10))?.success());
    assert!(!db.with_extension("db-wal").exists(), "one file is left, all in it");
    drop(directory);
    Ok(())
}

/// Asks for the head of an answer without a token.
fn head_of(server: &Server, path: &str) -> Result<u16, Error> {
    use std::io::Write;
    let mut stream = server.connect()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    Ok(Answer::read_head(&mut stream)?.status)
}

fn changes(office: &Office, location: &str, ticket: &str) -> Result<u16, Error> {
    let path = format!("/v1/locations/{location}/changes?after=1&ticket={ticket}");
    head_of(&office.server, &path)
}

/// `EventSource` sends no header: with tokens on, no page could follow changes.
#[test]
fn a_ticket_opens_the_changes_of_its_location_once() -> Result<(), Error> {
    let office = Office::open()?;
    let issued = |token: &str, location: &str| {
        with_token(&office.server, "POST", &format!("/v1/tickets?location={location}"), token)
    };
    let ticket = |token: &str| -> Result<String, Error> {
        let answer = issued(token, OURS)?.json();
        let expires: relata::Timestamp = answer["expiresAt"].as_str().ok_or("no time")?.parse()?;
        let left = expires.as_millis() - relata::Timestamp::now().as_millis();
        assert!((1..=60_000).contains(&left), "{left}");
        Ok(answer["ticket"].as_str().ok_or("no ticket")?.to_owned())
    };
    let changes = |location: &str, ticket: &str| changes(&office, location, ticket);
    let good = ticket(&office.ours)?;
    assert_eq!(changes(OURS, &good)?, 200);
    assert_eq!(changes(OURS, &good)?, 401, "it was used");
    assert_eq!(changes(FOREIGN, &ticket(&office.ours)?)?, 403);
    assert_eq!(changes(FOREIGN, &ticket(&office.all)?)?, 403, "of one location alone");
    for bad in ["", "x", &office.ours] {
        assert_eq!(changes(OURS, bad)?, 401, "{bad}");
    }
    // One that names no location is good for what its token may read.
    for (token, foreign) in [(&office.ours, 403), (&office.all, 200)] {
        for (location, status) in [(OURS, 200), (FOREIGN, foreign)] {
            let any = with_token(&office.server, "POST", "/v1/tickets", token)?.json();
            assert_eq!(changes(location, any["ticket"].as_str().unwrap())?, status, "{location}");
        }
    }
    assert_eq!(issued(&office.all, "nowhere")?.status, 404);
    assert_eq!(issued(&office.ours, FOREIGN)?.status, 403);
    assert_eq!(issued("rlt_0_0", OURS)?.status, 401);

    // It is good for nothing else, and not used up by it; no answer holds it.
    let other = ticket(&office.all)?;
    for route in ROUTES.iter().filter(|it| it.scope.is_some() && !it.path.ends_with("/changes")) {
        let path = format!("{}?ticket={other}", filled(route.path, OURS));
        let answer = office.server.request(route.method, &path, &[], b"")?;
        assert_eq!(answer.status, 401, "{} {path}", route.method);
        assert!(!answer.text().contains(&other), "{}", answer.text());
    }
    let path = format!("/v1/locations/{OURS}/changes?ticket={other}");
    assert_eq!(office.ask(&office.all, &(path.clone() + "&lable=x"))?.status, 400);
    assert_eq!(changes(OURS, &other)?, 200);

    // Void with its token.
    let late = ticket(&office.ours)?;
    let id = office.ours.split('_').nth(1).ok_or("no id")?;
    run(&office.db, &["token", "revoke", id])?;
    let start = Instant::now();
    while issued(&office.ours, OURS)?.status != 401 {
        assert!(start.elapsed() < Duration::from_secs(20), "still good");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(changes(OURS, &late)?, 401);
    Ok(())
}

/// A page knows what to offer before anybody has clicked on what they may not do.
#[test]
fn a_session_says_what_the_token_may_do() -> Result<(), Error> {
    let office = Office::open()?;
    let session = |token: &str| with_token(&office.server, "GET", "/v1/session", token);
    let check = |token: &str, scope: &str, locations: Value| {
        let expected = json!({
            "auth": "required",
            "scope": scope,
            "locations": locations,
            "version": env!("CARGO_PKG_VERSION"),
            "retention": null,
        });
        assert_eq!(session(token).unwrap().json(), expected);
    };
    check(&office.ours, "read", json!([OURS]));
    check(&office.writer, "write", json!([OURS]));
    check(&office.all, "read", Value::Null);
    assert_eq!(session("rlt_0_0")?.status, 401);
    let unknown = with_token(&office.server, "GET", "/v1/session?of=x", &office.ours)?;
    assert_eq!((unknown.status, &unknown.json()["field"]), (400, &json!("of")));

    let (_directory, db) = crate::support::database::fresh()?;
    let open = Server::start_with(&db, &["--keep-events", "30"])?.get("/v1/session")?.json();
    assert_eq!((&open["auth"], &open["scope"]), (&json!("off"), &json!("admin")));
    assert_eq!((&open["locations"], &open["retention"]), (&Value::Null, &json!(30)));
    Ok(())
}
