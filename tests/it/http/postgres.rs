//! Every route, of a store in a PostgreSQL database.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use relata::http::ROUTES;

use crate::http::auth::filled;
use crate::support::postgres::shared;
use crate::support::sample::SAMPLE;
use crate::support::server::{Answer, Error, Server, relata};

const AT: &str = "/v1/locations/seaside-realty";

/// What reads the database rather than the memory.
const READS: &[&str] = &[
    "/summary?asOf=100",
    "/events?after=0",
    "/history?of=contact/6adf226b7bd5d2f0d44e0d7c",
    "/diff?from=60&to=110",
    "/export?format=ndjson",
    "/export?format=jgf&asOf=100",
    "/export?format=gexf&dynamic=true",
    "/search?q=maple",
];

/// The client of a database blocks, and ends a thread of an async runtime by a panic, which
/// is answered with 500 or not at all.
#[test]
fn no_route_uses_a_connection_on_a_thread_that_must_not_wait() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let mut serve = relata();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db", &url]);
    let mut server = Server::spawn(serve.stderr(Stdio::piped()))?;
    assert_eq!(server.post("/v1/import", SAMPLE.as_bytes())?.status, 200);
    assert_eq!(server.post("/webhooks", b"nonsense")?.status, 400);
    let check = |name: &str, answer: Answer| {
        assert!(answer.status < 500, "{name}: {} {}", answer.status, answer.text());
    };
    for path in READS {
        let answer = server.get(&format!("{AT}{path}"))?;
        assert!([200, 404].contains(&answer.status), "{path}: {}", answer.text());
    }
    // Twice: first the graphs are loaded.
    for _ in 0..2 {
        for route in ROUTES.iter().filter(|route| route.method != "DELETE") {
            let path = filled(route.path, "seaside-realty");
            if path.ends_with("/changes") {
                let mut stream = server.connect()?;
                let head = format!("GET {path}?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n");
                std::io::Write::write_all(&mut stream, head.as_bytes())?;
                check(&path, Answer::read_head(&mut stream)?);
                continue;
            }
            let body = if route.method == "GET" { "" } else { "{}" };
            check(&path, server.request(route.method, &path, &[], body.as_bytes())?);
        }
        // Without memory: everything is read from the database again.
        server = restarted(server, &url)?;
    }
    for route in ROUTES.iter().filter(|route| route.method == "DELETE") {
        check(
            route.path,
            server.request("DELETE", &filled(route.path, "seaside-realty"), &[], b"")?,
        );
    }
    let (log, _) = end(server)?;
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

fn end(mut server: Server) -> Result<(String, bool), Error> {
    let mut log = server.child.stderr.take().ok_or("no log")?;
    server.signal("TERM")?;
    let status = server.wait(Duration::from_secs(30))?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    Ok((text, status.success()))
}

fn restarted(server: Server, url: &str) -> Result<Server, Error> {
    let (log, has_ended_well) = end(server)?;
    assert!(has_ended_well && !log.contains("panicked"), "{log}");
    let mut serve = relata();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"]).arg(Path::new(url));
    Server::spawn(serve.stderr(Stdio::piped()))
}
