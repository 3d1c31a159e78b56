//! A client that keeps a server busy over kept-alive connections, and what that costs
//! the server.

#![allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const CONNECTIONS: usize = 64;

pub(crate) struct Server(Child, pub(crate) SocketAddr);

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        Self(child, address.and_then(|a| a.parse().ok()).expect("an address"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let kib = status.ok().and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?.to_owned();
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        kib.unwrap_or(0) * 1024
    }

    /// In user and kernel mode, as Linux counts it: in hundredths of a second.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()));
        let ticks = stat.ok().and_then(|stat| {
            let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        });
        Duration::from_millis(ticks.unwrap_or(0) * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A ready-made request.
pub(crate) type Request = Vec<u8>;

pub(crate) fn get(path: &str) -> Request {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

pub(crate) fn post(path: &str, body: &str) -> Request {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Requests a second, how long the slowest in a hundred took, and what one cost
/// the server in processor time.
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) p99: Duration,
    pub(crate) processor: Duration,
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { per_second, p99, processor } = self;
        write!(f, "{per_second:.0}/s, p99 {p99:.1?}, {processor:.1?} each")
    }
}

/// Sends requests over kept-alive connections, each waiting for its answer.
pub(crate) fn load(
    server: &Server,
    time: Duration,
    make: &Arc<dyn Fn(u64) -> Request + Send + Sync>,
) -> Rate {
    load_all(&[server], time, make)
}

/// Sends requests as [`load`] does, each connection to one of several servers.
pub(crate) fn load_all(
    servers: &[&Server],
    time: Duration,
    make: &Arc<dyn Fn(u64) -> Request + Send + Sync>,
) -> Rate {
    let processor_time = || servers.iter().map(|server| server.processor_time()).sum::<Duration>();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let count = Arc::new(AtomicU64::new(0));
    let (start, processor) = (Instant::now(), processor_time());
    let mut times: Vec<Duration> = runtime.block_on(async {
        let addresses = servers.iter().cycle().map(|server| server.1);
        let tasks: Vec<_> = addresses
            .take(CONNECTIONS)
            .map(|address| {
                let (make, count) = (Arc::clone(make), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    let mut times = Vec::new();
                    let mut buffer = Vec::with_capacity(1 << 16);
                    while start.elapsed() < time {
                        let request = make(count.fetch_add(1, Ordering::Relaxed));
                        let sent = Instant::now();
                        stream.write_all(&request).await.expect("a server that reads");
                        answer(&mut stream, &mut buffer).await;
                        times.push(sent.elapsed());
                    }
                    times
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("no failure"));
        }
        all
    });
    let took = start.elapsed();
    let processor = processor_time().saturating_sub(processor);
    let processor = processor / u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let per_second = times.len() as f64 / took.as_secs_f64();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Rate { per_second, p99, processor }
}

pub(crate) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.expect("an answer");
        assert!(read > 0, "the server hung up");
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(buffer.get(..head).expect("a head")).expect("text");
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
        while buffer.len() < head + 4 + length {
            stream.read_buf(buffer).await.expect("the rest");
        }
        return;
    }
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
