//! `relata serve`.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use relata::http::{App, AuthPolicy, CorsOrigins, Server, Shutdown, TokenTable};
use relata::journal::Tokens;
use relata::webhook::Decoded;
use relata::{Delivery, Store, Timestamp};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::output::say;
use crate::cli::{log, signals, write_failure};
use crate::config::{Auth, OnWriteFailure, ServeArgs};

/// Two real-estate offices, their people, properties and viewings.
const DEMO: &str = include_str!("../../data/real-estate.ndjson");

/// How often the tokens are read again.
const TOKENS_EVERY: Duration = Duration::from_secs(1);

/// The signal of a write past the limit on file sizes, on Linux, macOS and the
/// BSDs alike.
pub(super) const SIGXFSZ: i32 = 25;

/// How often it is looked whether the store takes deliveries yet.
const READY_EVERY: Duration = Duration::from_millis(2);

/// How long an export may take to notice that its reader was cut off.
///
/// With `--shutdown-timeout-ms` it stays below the ten seconds after which container
/// runtimes kill.
const EXPORTS_END: Duration = Duration::from_secs(3);

pub(super) fn run(db: &Path, serve: &ServeArgs) -> anyhow::Result<ExitCode> {
    let addresses = serve.listen.resolve().with_context(|| format!("--listen {}", serve.listen))?;
    let protection = protection(serve, &addresses)?;
    // Held until the end: dropping it removes the demo's store.
    let (db, _temporary) = place(db, serve.demo)?;
    let store =
        Store::open_with(&db, serve.store.options()).with_context(|| db.display().to_string())?;
    let tokens = protection.tokens.as_ref();
    let watch = tokens.map(|tokens| TokenWatch::start(&db, Arc::clone(tokens))).transpose()?;
    if serve.demo {
        fill(&store)?;
    }
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Ended { shutdown, cannot_write } =
        runtime.block_on(listen(&store, &db, serve, &addresses, protection))?;
    // Ends exports that are still streaming, so that the store is ours alone.
    let deadline = Instant::now() + EXPORTS_END;
    runtime.shutdown_timeout(EXPORTS_END);
    wait_until_ours(&store, deadline);
    if let Shutdown::Deadline { connections } = shutdown {
        tracing::warn!(connections, "connections were cut at the deadline");
    }
    drop(watch);
    let store = Arc::into_inner(store).context("the store is still in use")?;
    if cannot_write {
        return Ok(write_failure::leave(store));
    }
    store.close()?;
    Ok(ExitCode::SUCCESS)
}

/// Waits until nothing else uses the store, until this moment at most.
fn wait_until_ours(store: &Arc<Store>, deadline: Instant) {
    while Arc::strong_count(store) > 1 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What keeps strangers out: by default everything, and on a loopback address
/// nothing. Where both are off on another address, the server does not start
/// unless told so.
fn protection(serve: &ServeArgs, addresses: &[SocketAddr]) -> anyhow::Result<AuthPolicy> {
    let public = !addresses.iter().all(|address| address.ip().is_loopback());
    let default = if public { Auth::Required } else { Auth::Off };
    let required = |asked: Option<Auth>| asked.unwrap_or(default) == Auth::Required;
    let (webhook_auth, api_auth) = (required(serve.webhook_auth), required(serve.api_auth));
    let tokens = api_auth.then(Arc::default);
    let verifier = serve.keys.verifier().context("--webhook-key")?;
    let cors = CorsOrigins::new(serve.cors_origin.iter().map(String::as_str));
    let cors = cors.context("--cors-origin")?;
    anyhow::ensure!(
        api_auth || !cors.is_any(),
        "--cors-origin '*' would let every web page read the store; name the origins, or say \
         --api-auth required"
    );
    let protection = AuthPolicy {
        verifier,
        webhook_auth,
        trust_url_types: serve.keys.url.trust_url_types,
        tokens,
        cors,
        allow_unprotected: serve.allow_unprotected,
    };
    if let Some(open) = open(&protection) {
        anyhow::ensure!(
            !public || serve.allow_unprotected,
            "{} can be reached by others, and anybody could {open}; require signatures and tokens, \
             or say --allow-unprotected",
            serve.listen
        );
    }
    Ok(protection)
}

/// What anybody may do who can reach the server.
fn open(protection: &AuthPolicy) -> Option<&'static str> {
    match (protection.webhook_auth, protection.tokens.is_some()) {
        (true, true) => None,
        (false, true) => Some("send deliveries"),
        (true, false) => Some("ask questions"),
        (false, false) => Some("send deliveries and ask questions"),
    }
}

fn described(protection: &AuthPolicy) -> String {
    let name = |required| if required { "required" } else { "off" };
    let (webhook_auth, api_auth) = (protection.webhook_auth, protection.tokens.is_some());
    format!("signatures {}, tokens {}", name(webhook_auth), name(api_auth))
}

/// Keeps a table of tokens like the database has them, until it is dropped.
struct TokenWatch {
    /// Dropped to end the thread.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TokenWatch {
    /// Fills the table now and every second.
    fn start(db: &Path, table: Arc<TokenTable>) -> anyhow::Result<Self> {
        let mut kept = Tokens::open(db).with_context(|| db.display().to_string())?;
        let tokens = kept.list()?;
        if tokens.is_empty() {
            tracing::warn!(
                "questions need a token and there is none yet: make one with `relata token new`"
            );
        }
        table.replace(tokens);
        let (running, ended) = channel();
        let thread = std::thread::Builder::new().name("relata-tokens".to_owned());
        let thread = thread.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(TOKENS_EVERY) {
                match kept.list() {
                    Ok(tokens) => table.replace(tokens),
                    // Nobody is let in who was not before, nor kept out.
                    Err(error) => tracing::warn!(%error, "cannot read the tokens"),
                }
            }
        })?;
        Ok(Self { running: Some(running), thread: Some(thread) })
    }
}

impl Drop for TokenWatch {
    /// Waits, so that the database is closed by the store alone, which then
    /// leaves one file without a log beside it.
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|_| tracing::error!("the watch on tokens has crashed"));
        }
    }
}

fn place(db: &Path, demo: bool) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if !demo {
        return Ok((db.to_owned(), None));
    }
    let directory = tempfile::Builder::new().prefix("relata-demo-").tempdir()?;
    Ok((directory.path().join("relata.db"), Some(directory)))
}

/// Takes the sample as if each delivery had come when it was sent, so that there
/// is a past to ask about.
fn fill(store: &Store) -> anyhow::Result<()> {
    let mut now = Timestamp::from_millis(0);
    for line in DEMO.lines() {
        let delivery = Delivery::read(line.as_bytes(), None, now)?;
        if let Decoded::Event(event) = delivery.decoded() {
            now = now.max(event.at.unwrap_or(now));
        }
        store.submit_waiting(delivery.received_at(now), |_| ())?;
    }
    Ok(store.checkpoint()?)
}

/// How serving ended.
struct Ended {
    shutdown: Shutdown,
    /// Whether it ended because nothing can be written.
    cannot_write: bool,
}

async fn listen(
    store: &Arc<Store>,
    db: &Path,
    serve: &ServeArgs,
    addresses: &[SocketAddr],
    protection: AuthPolicy,
) -> anyhow::Result<Ended> {
    // Taken first: a signal that comes early still ends the server cleanly.
    let stop = signals::watch()?;
    // A write past a limit on file sizes becomes an error of that write, which is
    // answered, instead of the end of the process.
    let _file_limit = signal(SignalKind::from_raw(SIGXFSZ))?;
    let (protected, open) = (described(&protection), open(&protection));
    let app = App::new(Arc::clone(store), serve.limits(), protection)
        .dropped_log_lines(log::dropped_lines());
    let server = Server::bind(addresses, app).await.with_context(|| serve.listen.to_string())?;
    let address = server.address()?;
    if let Some(open) = open {
        let who = if address.ip().is_loopback() { "any local process" } else { "anybody" };
        tracing::warn!("{who} can {open}: see --webhook-auth and --api-auth");
    }
    let line = format!(
        "relata {} listening on http://{address} · database {} · {} events · {} locations · {protected}",
        env!("CARGO_PKG_VERSION"),
        db.display(),
        store.head(),
        store.locations().len(),
    );
    let invitation = serve.demo.then(|| invitation(address));
    let cannot_write = Cell::new(false);
    let stop = async {
        tokio::select! {
            () = stop => {}
            () = write_failure::lasting(store), if serve.on_write_failure == OnWriteFailure::Exit => {
                cannot_write.set(true);
            }
        }
    };
    tokio::select! {
        shutdown = server.run(stop) => Ok(Ended { shutdown, cannot_write: cannot_write.get() }),
        never = announce_when_ready(store, &line, invitation.as_deref()) => match never {},
    }
}

/// Prints the line that says where the server listens once deliveries are taken; questions
/// are answered before.
async fn announce_when_ready(store: &Store, line: &str, invitation: Option<&str>) -> Infallible {
    while !store.is_ready() && store.failure().is_none() {
        tokio::time::sleep(READY_EVERY).await;
    }
    let text = invitation.map_or_else(|| line.to_owned(), |more| format!("{line}\n{more}"));
    // It may be a pipe that is full; the server must not wait for who reads it.
    let announcing = std::thread::Builder::new().name("relata-ready".to_owned());
    let announced = announcing.spawn(move || {
        // What was logged before stands before it.
        log::flush();
        announce(&text);
    });
    if let Err(error) = announced {
        tracing::warn!(%error, "cannot say that it is ready");
    }
    std::future::pending().await
}

/// Prints to whoever started the server; one who does not listen is no reason to
/// stop.
fn announce(text: &str) {
    say(text).unwrap_or_else(|error| tracing::warn!(%error, "cannot print"));
}

/// Five questions that show something.
fn invitation(address: SocketAddr) -> String {
    let at = format!("http://{address}/v1/locations/seaside-realty");
    let lines = [
        ("what kinds of things are linked, and how many", format!("curl -s '{at}/summary'")),
        (
            "who is interested in 12 Maple Street",
            format!(
                "curl -s '{at}/objects/custom_objects.property/records/12-maple-street/links?label=Interested%20Buyer'"
            ),
        ),
        (
            "everything linked to one buyer, newest first",
            format!("curl -s '{at}/objects/contact/records/amara-okafor/links?order=newest'"),
        ),
        (
            "which labels join contacts to other things",
            format!("curl -s '{at}/objects/contact/links'"),
        ),
        (
            "a picture, where Graphviz is installed",
            format!("curl -s '{at}/export?format=dot&layer=objects' | dot -Tsvg > relata.svg"),
        ),
    ];
    let lines: Vec<String> =
        lines.iter().map(|(what, command)| format!("\n# {what}\n{command}")).collect();
    format!("The demo's store is gone when the server stops. Try:\n{}\n", lines.join("\n"))
}
