//! The server as it is run: its log, signals, addresses, connections that stay idle and
//! readers that take their time. By the real binary.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use relata::{Delivery, Store, Timestamp};

use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata};

fn serve(db: &Path) -> std::process::Command {
    let mut command = relata();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(db);
    command
}

/// A log shipper restarted, and from then on no refusal was answered: each request died
/// with the line that could not be written. `relata serve 2>&1 | head -1` ended the
/// server, and a full disk of logs kept it from starting.
#[test]
fn a_log_that_cannot_be_written_stops_nothing() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let mut gone = Server::spawn(serve(&db).stderr(Stdio::piped()))?;
    drop(gone.child.stderr.take());
    let mut servers = vec![gone];
    if Path::new("/dev/full").exists() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
        let other = directory.path().join("other.db");
        servers.push(Server::spawn(serve(&other).args(["--log-format", "json"]).stderr(full))?);
    }
    for server in &servers {
        for _ in 0..3 {
            let refused = server.post("/webhooks", br#"{"type":"RelationCreate"}"#)?;
            assert_eq!(refused.status, 422, "{}", refused.text());
        }
        assert_eq!(server.get("/healthz")?.status, 200);
    }
    Ok(())
}

/// A log shipper hung. Each request that had a line to log waited for the pipe to be read,
/// then the runtime had no thread left: `/healthz` was not answered either, and the server
/// could only be killed.
#[test]
fn a_log_that_nobody_reads_holds_nobody_up() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let mut server = Server::spawn(serve(&db).args(["--log", "debug"]).stderr(Stdio::piped()))?;
    let mut log = server.child.stderr.take().unwrap();
    let dropped = |server: &Server| -> Result<u64, Error> {
        let metrics = server.get("/metrics")?.text();
        let name = "relata_log_lines_dropped_total ";
        Ok(metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().parse()?)
    };
    // More than the pipe and the buffer hold.
    let fill = |server: &Server| -> Result<(), Error> {
        for number in 0..300 {
            let refused = server.get(&format!("/{number}/{}", "a".repeat(8_000)))?;
            assert_eq!(refused.status, 404);
        }
        Ok(())
    };
    fill(&server)?;
    let delivery = br#"{"type":"ContactDelete","id":"1","locationId":"L"}"#;
    assert_eq!(server.post("/webhooks", delivery)?.status, 200);
    assert_eq!(server.get("/healthz")?.status, 200);
    let lines = dropped(&server)?;
    assert!(lines > 50, "{lines} dropped");
    // Once it is read again, the log says what it lacks.
    let mut read = Vec::new();
    let said = |read: &[u8]| String::from_utf8_lossy(read).contains("were dropped");
    while !said(&read) {
        let mut part = [0; 4_096];
        let length = log.read(&mut part)?;
        assert!(length > 0, "the log has ended");
        read.extend_from_slice(&part[..length]);
    }
    fill(&server)?;
    server.signal("TERM")?;
    let start = Instant::now();
    assert!(server.wait(Duration::from_secs(20))?.success());
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    // One that ends with an error says why, behind the log.
    let ended = relata().args(["serve", "--listen", "192.0.2.1:1", "--db"]).arg(&db).output()?;
    let text = String::from_utf8(ended.stderr)?;
    assert!(text.lines().last().is_some_and(|line| line.starts_with("relata: ")), "{text}");
    Ok(())
}

/// Escape sequences filled the journals of people who had asked for none.
#[test]
fn a_log_is_colored_only_on_request() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let logged = |variables: &[(&str, &str)]| -> Result<Option<String>, Error> {
        // It gives the command a terminal.
        let mut command = std::process::Command::new("script");
        let relata = env!("CARGO_BIN_EXE_relata");
        let serve =
            format!("timeout -s TERM 2 {relata} serve --listen 127.0.0.1:0 --db {}", db.display());
        command.args(["-qec", &serve, "/dev/null"]).stdin(Stdio::null());
        command.env("TERM", "xterm").env_remove("NO_COLOR").envs(variables.iter().copied());
        let Ok(output) = command.output() else { return Ok(None) };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("any local process"), "{text}");
        Ok(Some(text))
    };
    let Some(colored) = logged(&[])? else { return Ok(()) };
    assert!(colored.contains("\u{1b}["), "{colored}");
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = logged(&[variable])?.unwrap();
        assert!(!plain.contains('\u{1b}'), "{variable:?}: {plain}");
    }
    Ok(())
}

#[test]
fn the_server_listens_on_names_and_bare_ports() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    for listen in ["localhost:0", ":0", "0"] {
        let mut command = relata();
        let server = Server::spawn(command.args(["serve", "--listen", listen, "--db"]).arg(&db))?;
        assert!(server.address.ip().is_loopback(), "{}", server.ready);
        assert!(server.ready.contains("signatures off, tokens off"), "{}", server.ready);
    }
    let wrong = relata().args(["serve", "--listen", "localhost", "--db"]).arg(&db).output()?;
    let told = String::from_utf8(wrong.stderr)?;
    assert!(wrong.status.code() == Some(2) && told.contains("localhost:8787"), "{told}");
    Ok(())
}

fn ask(stream: &mut TcpStream) -> Result<u16, Error> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    Ok(Answer::read(stream)?.status)
}

/// A balancer keeps connections for a minute; the server closed them after the ten
/// seconds that a head may take, just as the next request was on its way: 502.
#[test]
fn idle_connections_live_longer_than_half_a_head() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let limits = ["--header-timeout-ms", "500", "--idle-timeout-ms", "4000"];
    let server = Server::start_with(&db, &limits)?;
    let (mut kept, mut left) = (server.connect()?, server.connect()?);
    let start = Instant::now();
    assert_eq!((ask(&mut kept)?, ask(&mut left)?), (200, 200));
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(ask(&mut kept)?, 200, "three times as long as a head may take");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: local")?;
    let half = Instant::now();
    assert!(matches!(kept.read(&mut [0; 64]), Ok(0) | Err(_)));
    assert!(half.elapsed() < Duration::from_secs(3), "{:?}", half.elapsed());
    assert_eq!(left.read(&mut [0; 64])?, 0, "closed in an orderly way");
    assert!(start.elapsed() > Duration::from_millis(3_500), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn idle_connections_are_closed_when_there_is_no_room() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--connections", "2", "--header-timeout-ms", "300"])?;
    let mut held = [server.connect()?, server.connect()?];
    for stream in &mut held {
        assert_eq!(ask(stream)?, 200);
    }
    let start = Instant::now();
    assert_eq!(server.get("/healthz")?.status, 200);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    Ok(())
}

/// `systemctl reload` and logrotate's hang-up killed the server in the midst.
#[test]
fn sighup_is_ignored_and_a_second_signal_ends_at_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let patient = ["--shutdown-timeout-ms", "60000", "--body-timeout-ms", "60000"];
    let mut server = Server::start_with(&db, &patient)?;
    server.signal("HUP")?;
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(server.get("/healthz")?.status, 200);
    let mut stream = server.connect()?;
    stream
        .write_all(b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")?;
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM")?;
    assert!(server.wait(Duration::from_millis(700)).is_err(), "it waits for the request");
    server.signal("TERM")?;
    assert_eq!(server.wait(Duration::from_secs(5))?.code(), Some(143));
    Ok(())
}

/// A store whose exports are megabytes, packed or not.
fn large(db: &Path) -> Result<(), Error> {
    let store = Store::open(db)?;
    let mut state = 7_u64;
    let mut noise = || {
        let mut text = String::new();
        for _ in 0..31 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            write!(text, "{:016x}", state ^ (state >> 29)).unwrap();
        }
        text
    };
    for _ in 0..3_000 {
        let body = format!(
            r#"{{"type":"RelationCreate","id":"{}","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"{}","secondObjectKey":"property","secondRecordId":"{}"}}"#,
            noise(),
            noise(),
            noise()
        );
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |_| ())?;
    }
    Ok(store.close()?)
}

const STREAMED: [(&str, &str); 4] =
    [("csv", "x: y"), ("graphml", "x: y"), ("ndjson", "x: y"), ("csv", "accept-encoding: gzip")];

/// Asks as nginx does by default, which speaks HTTP/1.0 to what is behind it.
fn export(server: &Server, (format, header): (&str, &str)) -> Result<TcpStream, Error> {
    let mut stream = server.connect()?;
    let path = format!("/v1/locations/L/export?format={format}");
    write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n{header}\r\n\r\n")?;
    Ok(stream)
}

/// Returns how many sockets a server has open.
fn open_sockets(server: &Server) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
    let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

/// A stop cut a download of 9 MB after 3; through a proxy it looked whole, and was used.
#[test]
fn a_cut_export_is_recognizable_without_chunks() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    large(&db)?;
    let limits = ["--write-timeout-ms", "400", "--shutdown-timeout-ms", "200"];
    // As many at once as one location may have.
    let pairs = STREAMED.chunks(2);
    for (pair, stops) in pairs.flat_map(|pair| [(pair, false), (pair, true)]) {
        let limits = if stops { &limits[2..] } else { &limits[..2] };
        let mut server = Server::start_with(&db, limits)?;
        let idle = open_sockets(&server);
        let mut streams = Vec::new();
        for &asked in pair {
            streams.push((asked, export(&server, asked)?));
        }
        for (_, stream) in &streams {
            stream.peek(&mut [0])?;
        }
        if stops {
            server.signal("TERM")?;
            let start = Instant::now();
            assert!(server.wait(Duration::from_secs(9))?.success());
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        } else {
            let start = Instant::now();
            while open_sockets(&server) > idle {
                assert!(start.elapsed() < Duration::from_secs(30), "nobody is cut off");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        for (asked, mut stream) in streams {
            let mut part = Vec::new();
            let end = stream.read_to_end(&mut part).map_err(|error| error.kind());
            let reset = Err(std::io::ErrorKind::ConnectionReset);
            assert_eq!(end, reset, "{asked:?}, by a stop: {stops}, {} bytes", part.len());
        }
    }
    let server = Server::start(&db)?;
    for asked in STREAMED {
        let mut whole = Vec::new();
        let read = export(&server, asked)?.read_to_end(&mut whole)?;
        assert!(read > 1_000_000, "{asked:?}: {read}");
    }
    let head = b"HEAD /v1/locations/L/export?format=csv HTTP/1.0\r\nhost: localhost\r\n\r\n";
    let mut stream = server.connect()?;
    stream.write_all(head)?;
    let mut answer = Vec::new();
    assert!(stream.read_to_end(&mut answer)? > 50, "no body, and an orderly end");
    Ok(())
}

/// Reads 100 kB a second for a while; tells whether it came to the end of the answer.
fn read_slowly(stream: &mut TcpStream, how_long: Duration) -> bool {
    let start = Instant::now();
    let mut part = vec![0; 10_000];
    while start.elapsed() < how_long {
        if !stream.read(&mut part).is_ok_and(|read| read > 0) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// A reader that never stood still was cut in the midst: the system reports that it takes
/// more only once a third of a buffer of megabytes is free.
#[test]
fn a_slow_but_steady_client_gets_its_export() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    large(&db)?;
    let patience = ["--write-timeout-ms", "3000", "--export-stall-ms", "3000"];
    let server = Server::start_with(&db, &patience)?;
    let mut stream = export(&server, STREAMED[0])?;
    assert!(!read_slowly(&mut stream, Duration::from_secs(7)), "cut");
    assert!(stream.read_to_end(&mut Vec::new())? > 1_000_000);
    Ok(())
}

#[test]
fn an_export_has_a_total_time_limit() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    large(&db)?;
    let limits = ["--export-timeout-ms", "1000", "--question-wait-ms", "20000"];
    let server = Server::start_with(&db, &limits)?;
    let mut streams = [export(&server, STREAMED[0])?, export(&server, STREAMED[0])?];
    // All places of the location are taken by readers that take little, until they are cut.
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    let slow = std::thread::spawn(move || read_slowly(&mut streams[0], Duration::from_secs(30)));
    let read = export(&server, STREAMED[0])?.read_to_end(&mut Vec::new())?;
    assert!(read > 1_000_000);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(slow.join().unwrap(), "cut");
    Ok(())
}
