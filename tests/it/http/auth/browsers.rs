//! What pages in a browser may do, and what comes through a proxy, by the real binary.

use relata::http::ROUTES;
use serde_json::json;

use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata};

const EVENT: &str = r#"{"type":"RelationCreate","id":"r","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"property","secondRecordId":"b"}"#;

/// Asks with these headers alone; a `host` takes the place of the usual one.
fn ask(server: &Server, request: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
    use std::io::Write;
    let mut stream = server.connect()?;
    let mut head = format!("{request} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += "host: localhost\r\n";
    }
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let body = if request.starts_with("POST") { EVENT } else { "" };
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())?;
    Answer::read(&mut stream)
}

const STRANGE: &[&[(&str, &str)]] = &[
    &[("host", "evil.example:8787")],
    &[("host", "10.0.0.7")],
    &[("host", "localhost.evil.example")],
    &[("origin", "http://evil.example")],
    &[("origin", "null")],
    &[("origin", "http://localhost:3000")],
    &[("origin", "http://localhost"), ("origin", "http://localhost")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("forwarded", "for=192.0.2.1")],
    &[("x-forwarded-for", "192.0.2.1")],
    &[("X-Forwarded-Proto", "https")],
    &[("x-real-ip", "192.0.2.1")],
    &[("via", "1.1 proxy")],
];

/// Any page that was open in a browser could post events to a server on the same machine,
/// and by rebinding its own name read all of the store; a proxy in front of a server with
/// the defaults of a loopback address handed the store to everybody.
#[test]
fn without_tokens_only_local_programs_are_answered() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let mut refused = 0;
    for route in ROUTES {
        let path = route.path.replace("{locationId}", "L").replace("{eventType}", "Other");
        let request = format!("{} {path}", route.method);
        for headers in STRANGE {
            let answer = ask(&server, &request, headers)?;
            let is_open = route.scope.is_none() && route.method == "GET";
            let member = if route.is_compat() { "error" } else { "code" };
            let text = answer.json()[member].as_str().unwrap_or_default().to_lowercase();
            let is_refused = answer.status == 403 && text == "forbidden";
            assert_eq!(is_refused, !is_open, "{request} {headers:?}: {}", answer.text());
            refused += usize::from(is_refused);
        }
    }
    assert!(refused > 300, "{refused}");
    assert_eq!(server.get("/readyz")?.json()["seq"], 0, "nothing was taken");
    for headers in [
        &[][..],
        &[("host", "127.0.0.1:8787")],
        &[("host", "[::1]:8787")],
        &[("host", "relata.localhost")],
        &[("origin", "http://localhost"), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
    ] {
        assert_eq!(ask(&server, "POST /webhooks", headers)?.status, 200, "{headers:?}");
        assert_eq!(ask(&server, "GET /v1/locations", headers)?.status, 200, "{headers:?}");
    }
    let told = ask(&server, "POST /webhooks", &[("x-forwarded-for", "192.0.2.1")])?.json();
    let told = told["detail"].as_str().unwrap_or_default().to_owned();
    assert!(told.contains("x-forwarded-for") && told.contains("--webhook-auth"), "{told}");
    Ok(())
}

#[test]
fn with_tokens_any_host_and_proxy_is_answered() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--api-auth", "required"])?;
    for headers in STRANGE {
        assert_eq!(ask(&server, "GET /v1/locations", headers)?.status, 401, "{headers:?}");
        assert_eq!(ask(&server, "POST /webhooks", headers)?.status, 403, "{headers:?}");
    }
    drop(server);
    // Whoever says so answers to any name and through a proxy, but not to any page.
    let server = Server::start_with(&db, &["--allow-unprotected"])?;
    for headers in STRANGE {
        let is_page = headers.iter().any(|(name, _)| matches!(*name, "origin" | "sec-fetch-site"));
        let answer = ask(&server, "GET /v1/locations", headers)?;
        assert_eq!(answer.status, if is_page { 403 } else { 200 }, "{headers:?}");
    }
    let own = [("host", "relata.lan"), ("origin", "https://relata.lan"), ("via", "1.1 proxy")];
    assert_eq!(ask(&server, "GET /v1/locations", &own)?.status, 200, "its own page");
    Ok(())
}

#[test]
fn pages_of_allowed_origins_may_read_answers() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let app = "https://app.example";
    let server =
        Server::start_with(&db, &["--cors-origin", "https://app.example,http://b.example"])?;
    let page = [("origin", app), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask(&server, "POST /webhooks", &page)?.status, 200);
    let at = "/v1/locations/L";
    for (path, status) in [
        (format!("GET {at}/summary"), 200),
        (format!("GET {at}/export?format=csv"), 200),
        (format!("GET {at}/summary?x=y"), 400),
        ("GET /nowhere".to_owned(), 404),
        ("GET /metrics".to_owned(), 200),
    ] {
        let answer = ask(&server, &path, &page)?;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(app), "{path}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("Relata-Seq") && exposed.contains("Retry-After"), "{exposed}");
        let varies =
            answer.headers.iter().any(|it| *it == ("vary".to_owned(), "origin".to_owned()));
        assert!(varies, "{path}: {:?}", answer.headers);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let foreign = ask(&server, "GET /v1/locations", &[("origin", "https://evil.example")])?;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, None));
    assert_eq!(foreign.header("vary"), Some("origin"));

    let asks = [
        ("origin", app),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,last-event-id"),
    ];
    let answer = ask(&server, &format!("OPTIONS {at}/changes"), &asks)?;
    assert_eq!((answer.status, answer.text()), (204, String::new()));
    for (name, value) in [
        ("access-control-allow-origin", app),
        ("access-control-allow-methods", "GET, HEAD"),
        ("access-control-allow-headers", "authorization,last-event-id"),
        ("access-control-max-age", "3600"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let evil = [("origin", "https://evil.example"), asks[1]];
    let answer = ask(&server, &format!("OPTIONS {at}/changes"), &evil)?;
    assert_eq!((answer.status, answer.header("access-control-allow-methods")), (405, None));
    assert_eq!(ask(&server, "OPTIONS /nowhere", &asks)?.status, 404);
    drop(server);

    let server = Server::start(&db)?;
    let answer = ask(&server, "GET /v1/locations", &[])?;
    assert_eq!(answer.header("vary"), None, "nobody asked for it");
    Ok(())
}

#[test]
fn a_wildcard_origin_requires_tokens() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let serve = |more: &[&str]| {
        relata().args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&db).args(more).output()
    };
    for (origin, part) in [("*", "--api-auth required"), ("app.example", "https://app.example")] {
        let refused = serve(&["--cors-origin", origin])?;
        let told = String::from_utf8(refused.stderr)?;
        assert!(!refused.status.success() && told.contains(part), "{told}");
    }
    let server = Server::start_with(&db, &["--api-auth", "required", "--cors-origin", "*"])?;
    let page = [("origin", "https://anywhere.example")];
    let answer = ask(&server, "GET /v1/locations", &page)?;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let posted = ask(&server, "POST /webhooks", &page)?;
    assert_eq!((posted.status, &posted.json()["code"]), (403, &json!("forbidden")));
    Ok(())
}
