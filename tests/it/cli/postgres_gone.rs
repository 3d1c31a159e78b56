//! A database server that is not there, goes away, or does not answer.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::queries::check_refusal;
use crate::support::postgres::Cluster;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata};

/// More than the ten seconds after which a server that does not answer is given up.
const OPEN_MAX: Duration = Duration::from_secs(20);

/// More than the thirty seconds that closing a store may take.
const CLOSE_MAX: Duration = Duration::from_secs(50);

fn event(number: usize) -> &'static [u8] {
    SAMPLE.lines().nth(number).unwrap_or_default().as_bytes()
}

fn serve(url: &str, arguments: &[&str]) -> Result<Server, Error> {
    let mut serve = relata();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--db", url]);
    Server::spawn(serve.args(arguments).stderr(Stdio::piped()))
}

/// Ends a server by a signal, and returns its exit status and its log.
fn end(mut server: Server, at_most: Duration) -> Result<(Option<i32>, String), Error> {
    let mut log = server.child.stderr.take().ok_or("no log")?;
    server.signal("TERM")?;
    let status = server.wait(at_most)?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    Ok((status.code(), text))
}

/// Nobody listens, or somebody listens and never says anything, as a process that is stopped.
#[test]
fn a_server_that_cannot_be_reached_is_an_error_at_the_start() -> Result<(), Error> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent = format!("postgres://ann@{}/relata", silent.local_addr()?);
    let nobody = "postgres://ann@127.0.0.1:1/relata";
    let no_folder = relata().args(["serve", "--db", "/nonexistent/relata.db"]).output()?;
    for (url, expected) in
        [(nobody, "Connection refused"), (&*silent, "the server does not answer")]
    {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["summary"]] {
            let begun = Instant::now();
            let refused = relata().args(command).args(["--db", url]).output()?;
            assert!(begun.elapsed() < OPEN_MAX, "{command:?}: {:?}", begun.elapsed());
            check_refusal(&refused, 1, expected);
            check_refusal(&refused, 1, &format!("relata: {url}: "));
            check_refusal(&refused, 1, "; look at the database server");
            assert_eq!(refused.status.code(), no_folder.status.code());
        }
    }
    Ok(())
}

#[test]
fn a_server_that_is_gone_at_the_end_costs_the_last_checkpoint_alone() -> Result<(), Error> {
    let Some(mut cluster) = Cluster::start() else { return Ok(()) };
    let url = cluster.new_database();
    let server = serve(&url, &["--api-auth", "required"])?;
    for number in 0..20 {
        assert_eq!(server.post("/webhooks", event(number))?.status, 200);
    }
    cluster.stop_immediately();
    assert_eq!(server.post("/webhooks", event(20))?.status, 503);
    let (status, log) = end(server, CLOSE_MAX)?;
    assert_eq!(status, Some(1), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with("relata: ") && last.contains("the store cannot write: "), "{log}");
    cluster.start_again();
    let again = Server::start(Path::new(&url))?;
    assert!(again.ready.contains(" 20 events "), "{}", again.ready);
    assert_eq!(again.post("/webhooks", event(19))?.json()["status"], "duplicate");
    Ok(())
}

/// The last checkpoint would wait for a process that is stopped.
#[test]
fn a_server_that_never_answers_does_not_delay_the_end_for_ever() -> Result<(), Error> {
    let Some(mut cluster) = Cluster::start() else { return Ok(()) };
    let url = cluster.new_database();
    let server = serve(&url, &["--api-auth", "required"])?;
    assert_eq!(server.post("/webhooks", event(0))?.status, 200);
    cluster.pause();
    let (status, log) = end(server, CLOSE_MAX)?;
    assert_eq!(status, Some(1), "{log}");
    let last = log.lines().last().unwrap_or_default();
    let expected = format!("relata: {url}: the database server does not answer");
    assert!(last.starts_with(&expected), "{log}");
    cluster.resume();
    let again = Server::start(Path::new(&url))?;
    assert!(again.ready.contains(" 1 events "), "{}", again.ready);
    Ok(())
}

/// Readers keep connections for those that come after them.
#[test]
fn a_server_that_comes_back_is_read_again() -> Result<(), Error> {
    let Some(mut cluster) = Cluster::start() else { return Ok(()) };
    let url = cluster.new_database();
    let server = serve(&url, &[])?;
    assert_eq!(server.post("/webhooks", event(0))?.status, 200);
    let read = || Ok::<_, Error>(server.get("/v1/dead-letters")?.status);
    for _ in 0..8 {
        assert_eq!(read()?, 200);
    }
    cluster.stop_immediately();
    cluster.start_again();
    let statuses = (0..12).map(|_| read()).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(statuses, [200; 12]);
    Ok(())
}
