//! Which paths and methods exist, however they are written.

use std::io::Write;

use relata::http::ROUTES;
use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, relation};
use crate::support::server::{Answer, Error};

/// A path of each route, with what is in its braces.
fn filled(path: &str) -> String {
    path.replace("{associationId}", INTEREST)
        .replace("{keyName}", "buyer_property_interest")
        .replace("{objectKey}", "custom_objects.property")
        .replace("{key}", "custom_objects.property")
        .replace("{id}", "nobody")
}

/// The status and body of an answer, without what is new in each.
fn lasting(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("traceId");
    }
    (answer.status, body)
}

#[test]
fn a_slash_at_the_end_makes_no_difference() -> Result<(), Error> {
    let office = Office::open()?;
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| route.is_compat()) {
        let path = filled(route.path.trim_end_matches('/'));
        let query = if path == "/health" { "" } else { "?locationId=nowhere" };
        let ask =
            |path: &str| office.send(route.method, &format!("{path}{query}"), &json!({"x": 0}));
        let (bare, slash) = (lasting(&ask(&path)), lasting(&ask(&format!("{path}/"))));
        assert_eq!(bare, slash, "{} {path}", route.method);
        let twice = ask(&format!("{path}//"));
        if path == "/health" {
            assert_eq!(twice.json()["code"], "not_found");
        } else {
            let text = format!("Cannot {} {path}//", route.method);
            check_error(&twice, 404, &json!(text));
        }
        tried += 1;
    }
    assert!(tried >= 19, "{tried}");
    Ok(())
}

#[test]
fn every_version_and_content_type_is_answered_alike() -> Result<(), Error> {
    let office = Office::open()?;
    office.link("b1", "p1");
    let path = format!("/associations/relations/b1?locationId={HERE}");
    let expected = lasting(&office.get(&path));
    assert_eq!(expected.0, 200);
    for version in ["v3", "2023-02-21", "2021-07-28", "no such version"] {
        let headers =
            [("version", version), ("content-type", "application/json"), ("x-other", "1")];
        let answer = office.server.request("GET", &path, &headers, b"")?;
        assert_eq!(lasting(&answer), expected, "{version}");
        // Some clients send a body with every request.
        let answer = office.server.request("GET", &path, &headers, b"{")?;
        assert_eq!(lasting(&answer), expected, "{version}");
    }
    Ok(())
}

#[test]
fn paths_and_methods_that_do_not_exist_are_refused_in_the_senders_form() -> Result<(), Error> {
    let office = Office::open()?;
    for (method, path) in [
        ("POST", "/associations/x/y"),
        ("GET", "/associations//"),
        ("GET", "/associations/key/a/b"),
        ("PUT", "/associations/"),
        ("PATCH", "/associations/x"),
        ("GET", "/associations/relations"),
        ("HEAD", "/associations/"),
        ("OPTIONS", "/associations/"),
        ("POST", "/objects/"),
        ("DELETE", "/objects/contact"),
        ("GET", "/objects/%zz"),
        ("POST", "/health"),
    ] {
        let answer = office.server.request(method, path, &[], b"")?;
        if method == "HEAD" {
            assert_eq!(answer.status, 404, "{path}");
            continue;
        }
        check_error(&answer, 404, &json!(format!("Cannot {method} {path}")));
    }
    let mut stream = office.server.connect()?;
    stream.write_all(b"GET /objects/ HTTP/1.1\r\nconnection: close\r\n\r\n")?;
    check_error(&Answer::read(&mut stream)?, 400, &json!("there is no Host"));
    for elsewhere in ["/nothing", "/association", "/objectsx", "/healthy"] {
        let answer = office.get(elsewhere);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{elsewhere}");
    }
    Ok(())
}

#[test]
fn no_page_of_another_origin_may_use_it() -> Result<(), Error> {
    let office = Office::open_with(&["--cors-origin", "https://app.example"])?;
    let headers = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("content-type", "application/json"),
    ];
    for method in ["OPTIONS", "GET"] {
        let answer = office.server.request(method, "/associations/", &headers, b"")?;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{method}");
    }
    let strange = [("origin", "https://evil.example"), ("content-type", "application/json")];
    let body = relation("b1", "p1").to_string();
    let path = "/associations/relations";
    let answer = office.server.request("POST", path, &strange, body.as_bytes())?;
    assert_eq!((answer.status, &answer.json()["error"]), (403, &json!("Forbidden")));
    Ok(())
}

#[test]
fn the_senders_api_can_be_left_out() -> Result<(), Error> {
    let office = Office::open_with(&["--compat", "off"])?;
    for route in ROUTES.iter().filter(|route| route.is_compat()) {
        let path = filled(route.path);
        let answer = office.send(route.method, &path, &json!({}));
        let seen = (answer.status, answer.json()["code"].clone());
        assert_eq!(seen, (404, json!("not_found")), "{} {path}", route.method);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    Ok(())
}

#[test]
fn health_needs_no_token() -> Result<(), Error> {
    let office = Office::open_with(&["--api-auth", "required"])?;
    assert_eq!(office.get("/health").json(), json!({"status": "ok"}));
    let unknown = office.get("/health?verbose=1");
    check_error(&unknown, 422, &json!(["property verbose should not exist"]));
    Ok(())
}
