//! A server that cannot do what it is asked for now.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::compat::{Office, check_error, relation};
use crate::support::server::{Answer, Error};

const RELATIONS: &str = "/associations/relations";

#[test]
fn too_many_bodies_at_once_are_refused_with_a_time_to_wait() -> Result<(), Error> {
    let office = Office::open_with(&["--receiving-bytes", "2097152", "--body-timeout-ms", "4000"])?;
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = office.server.connect()?;
        write!(
            stream,
            "POST {RELATIONS} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000\r\n\r\n"
        )?;
        stream.write_all(&vec![b' '; 199_999]).ok();
        held.push(stream);
    }
    let start = Instant::now();
    let mut body = relation("b1", "p1").to_string().into_bytes();
    body.resize(250_000, b' ');
    let refused = loop {
        let answer = office.server.post(RELATIONS, &body)?;
        if answer.status == 429 {
            break answer;
        }
        assert!(start.elapsed() < Duration::from_secs(3), "{}", answer.text());
    };
    check_error(&refused, 429, &json!("Too Many Requests"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-ratelimit-interval-milliseconds"), Some("1000"));
    assert_eq!(refused.header("x-ratelimit-daily-remaining"), None);
    for mut stream in held {
        let answer = Answer::read(&mut stream)?;
        assert!([408, 429].contains(&answer.status), "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    }
    Ok(())
}

#[test]
fn what_cannot_be_written_is_to_be_tried_again() -> Result<(), Error> {
    let office = Office::open()?;
    let away = office.db.with_extension("away");
    std::fs::rename(&office.db, &away)?;
    let answer = office.post(RELATIONS, &relation("b1", "p1"));
    check_error(&answer, 503, &json!("Service temporarily unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let path = format!("/associations/relations/b1?locationId={}", super::HERE);
    assert_eq!(office.get(&path).json()["total"], 0, "queries are answered");
    Ok(())
}
