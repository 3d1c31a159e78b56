//! A server that hangs, a network that is silent, a database that refuses to write.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::nodes::{Node, check_alike, head, relation, start, until};
use crate::support::postgres::{Cluster, shared};
use crate::support::server::Error;

/// A server that is stopped in the middle of its turn loses it, and goes on afterwards.
#[test]
fn a_server_that_hangs_stops_the_others_for_seconds_at_most() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let nodes = start(&url, 2)?;
    let (hanging, other) = (&nodes[0], &nodes[1]);
    // It is caught in its turn with some luck, so it is stopped several times.
    let is_over = AtomicBool::new(false);
    let slowest = std::thread::scope(|scope| -> Result<Duration, Error> {
        let posting = scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                hanging.post(&relation("L", number)).ok();
            }
        });
        let mut slowest = Duration::ZERO;
        for round in 0..4_u64 {
            std::thread::sleep(Duration::from_millis(170 + 7 * round));
            hanging.server().signal("STOP")?;
            let begun = Instant::now();
            let posted = other.post(&relation("M", round));
            slowest = slowest.max(begun.elapsed());
            hanging.server().signal("CONT")?;
            posted?;
        }
        is_over.store(true, Ordering::Relaxed);
        posting.join().unwrap();
        Ok(slowest)
    })?;
    assert!(slowest < Duration::from_secs(12), "{slowest:?}");
    // It was thrown out perhaps, and comes back by itself.
    until("the server takes posts again", || Ok(hanging.post(&relation("L", 1_000_000)).is_ok()))?;
    check_alike(cluster, &url, &nodes)
}

/// Passes on what comes, until it is cut.
struct Proxy {
    port: u16,
    is_cut: Arc<AtomicBool>,
}

impl Proxy {
    fn to(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let is_cut = Arc::<AtomicBool>::default();
        let proxy = Self { port: listener.local_addr()?.port(), is_cut: Arc::clone(&is_cut) };
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let Ok(to) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                for (mut from, mut to) in [
                    (from.try_clone().unwrap(), to.try_clone().unwrap()),
                    (to.try_clone().unwrap(), from.try_clone().unwrap()),
                ] {
                    let is_cut = Arc::clone(&is_cut);
                    std::thread::spawn(move || {
                        let mut bytes = vec![0; 65_536];
                        while let Ok(count @ 1..) = from.read(&mut bytes) {
                            // Silent, as a network is that loses everything.
                            while is_cut.load(Ordering::Relaxed) {
                                std::thread::sleep(Duration::from_millis(5));
                            }
                            if to.write_all(&bytes[..count]).is_err() {
                                break;
                            }
                        }
                        to.shutdown(std::net::Shutdown::Both).ok();
                    });
                }
            }
        });
        Ok(proxy)
    }

    fn cut(&self, cut: bool) {
        self.is_cut.store(cut, Ordering::Relaxed);
    }
}

fn port_of(url: &str) -> Result<u16, Error> {
    let (_, after) = url.split_once("127.0.0.1:").ok_or("no port")?;
    Ok(after.split('/').next().ok_or("no port")?.parse()?)
}

#[test]
fn a_server_that_cannot_reach_the_database_answers_and_comes_back() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let port = port_of(&url)?;
    let proxy = Proxy::to(port)?;
    let apart =
        Node::start(&url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port)), true)?;
    let near = Node::start(&url, false)?;
    apart.post(&relation("L", 1))?;
    proxy.cut(true);
    let begun = Instant::now();
    let refused = apart.server().post("/webhooks", relation("L", 2).to_string().as_bytes())?;
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (503, true));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    until("it is not ready", || Ok(apart.get("/readyz")?.status == 503))?;
    let waited = apart.get("/v1/locations/L/summary?minSeq=2")?;
    assert_eq!(waited.status, 503);
    assert_eq!(apart.get("/v1/locations/L/summary")?.json()["relations"], 1);
    // The other one must not wait for it longer than a turn may last.
    let begun = Instant::now();
    near.post(&relation("L", 3))?;
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    proxy.cut(false);
    until("the server is ready", || Ok(apart.get("/readyz")?.status == 200))?;
    // It may have come through: then it is known.
    apart.post(&relation("L", 2))?;
    check_alike(cluster, &url, &[apart, near])
}

#[test]
fn a_database_that_refuses_writes_is_waited_for() -> Result<(), Error> {
    let Some(cluster) = Cluster::start() else { return Ok(()) };
    let url = cluster.new_database();
    let (_, name) = url.rsplit_once('/').ok_or("a name")?;
    let nodes = start(&url, 2)?;
    nodes[0].post(&relation("L", 1))?;
    let set = |value: &str| {
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
        cluster.run_sql(&cluster.url(), &sql);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE application_name = 'relata'";
        cluster.run_sql(&cluster.url(), end);
    };
    set("on");
    until("posts are refused", || {
        let body = relation("L", 2).to_string();
        let answer = nodes[0].server().post("/webhooks", body.as_bytes())?;
        Ok(answer.status == 503)
    })?;
    assert_eq!(nodes[1].get("/v1/locations/L/summary")?.status, 200);
    set("off");
    for node in &nodes {
        until("posts are taken", || Ok(node.post(&relation("L", 3)).is_ok()))?;
    }
    assert!(head(&cluster, &url) >= 2);
    check_alike(&cluster, &url, &nodes)
}
