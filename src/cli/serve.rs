//! `relata serve`.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use relata::http::{App, AuthPolicy, CorsOrigins, Server, Shutdown, TokenTable};
use relata::journal::{Database, Tokens};
use relata::webhook::Decoded;
use relata::{Delivery, Store, Timestamp};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::closing::close_within_limit;
use crate::cli::output::print_line;
use crate::cli::preload::Preloading;
use crate::cli::{log, signals, write_failure};
use crate::config::{Auth, Compat, OnWriteFailure, ServeArgs};

/// Two real-estate offices, their people, properties and viewings.
const DEMO: &str = include_str!("../../data/real-estate.ndjson");

/// Interval at which the tokens are reread.
const TOKENS_EVERY: Duration = Duration::from_secs(1);

/// The signal for a write beyond the limit on file sizes, on Linux, macOS and the BSDs.
pub(super) const SIGXFSZ: i32 = 25;

/// Interval at which the store is polled until it accepts deliveries.
const READY_EVERY: Duration = Duration::from_millis(2);

/// How long an export may take to notice that its client was disconnected.
///
/// Together with `--shutdown-timeout-ms` this is below the ten seconds after which container
/// runtimes kill a process.
const EXPORTS_END: Duration = Duration::from_secs(3);

pub(super) fn run(db: &Database, serve: &ServeArgs) -> anyhow::Result<ExitCode> {
    let addresses = serve.listen.resolve().with_context(|| format!("--listen {}", serve.listen))?;
    let policy = auth_policy(serve, &addresses)?;
    // Held until the end: dropping it removes the demo's store.
    let (db, _temporary) = database(db, serve.demo)?;
    let store = Store::open_with(&db, serve.store.options()).with_context(|| db.to_string())?;
    let tokens = policy.tokens.as_ref();
    let watch = tokens.map(|tokens| TokenWatch::start(&db, Arc::clone(tokens))).transpose()?;
    if serve.demo {
        ingest_demo(&store)?;
    }
    let store = Arc::new(store);
    let preloading = serve.preload.then(|| Preloading::start(&store)).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Ended { shutdown, cannot_write } =
        runtime.block_on(listen(&store, &db, serve, &addresses, policy))?;
    let closed = close_within_limit(&db, move || {
        drop(preloading);
        // Ends exports that are still streaming, so that nothing else uses the store.
        let deadline = Instant::now() + EXPORTS_END;
        runtime.shutdown_timeout(EXPORTS_END);
        wait_until_unshared(&store, deadline);
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
    });
    match closed {
        Err(error) if cannot_write => Ok(write_failure::leave_unclosed(&error)),
        closed => closed?,
    }
}

/// Waits until nothing else uses the store, or the deadline has passed.
fn wait_until_unshared(store: &Arc<Store>, deadline: Instant) {
    while Arc::strong_count(store) > 1 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns who may do what. By default deliveries need signatures and API requests need
/// tokens, but not on a loopback address. On any other address, the server only starts with
/// either one off if `--allow-unprotected` is given.
fn auth_policy(serve: &ServeArgs, addresses: &[SocketAddr]) -> anyhow::Result<AuthPolicy> {
    let public = !addresses.iter().all(|address| address.ip().is_loopback());
    let default = if public { Auth::Required } else { Auth::Off };
    let required = |given: Option<Auth>| given.unwrap_or(default) == Auth::Required;
    let (webhook_auth, api_auth) = (required(serve.webhook_auth), required(serve.api_auth));
    let tokens = api_auth.then(Arc::default);
    let verifier = serve.keys.verifier().context("--webhook-key")?;
    let cors = CorsOrigins::new(serve.cors_origin.iter().map(String::as_str));
    let cors = cors.context("--cors-origin")?;
    anyhow::ensure!(
        api_auth || !cors.is_any(),
        "--cors-origin '*' would let every web page read the store; name the origins, or set \
         --api-auth required"
    );
    let policy = AuthPolicy {
        verifier,
        webhook_auth,
        trust_url_types: serve.keys.url.trust_url_types,
        tokens,
        cors,
        allow_unprotected: serve.allow_unprotected,
    };
    if let Some(open) = allowed_to_all(&policy) {
        anyhow::ensure!(
            !public || serve.allow_unprotected,
            "{} can be reached by others, and anybody could {open}; require signatures and tokens, \
             or set --allow-unprotected",
            serve.listen
        );
    }
    Ok(policy)
}

/// Returns what everyone who can reach the server may do; `None` if nothing.
fn allowed_to_all(policy: &AuthPolicy) -> Option<&'static str> {
    match (policy.webhook_auth, policy.tokens.is_some()) {
        (true, true) => None,
        (false, true) => Some("send deliveries"),
        (true, false) => Some("query the store"),
        (false, false) => Some("send deliveries and query the store"),
    }
}

fn describe(policy: &AuthPolicy) -> String {
    let name = |required| if required { "required" } else { "off" };
    let (webhook_auth, api_auth) = (policy.webhook_auth, policy.tokens.is_some());
    format!("signatures {}, tokens {}", name(webhook_auth), name(api_auth))
}

/// Keeps the in-memory token table in sync with the database until dropped.
struct TokenWatch {
    /// Dropped to end the thread.
    running: Option<Sender<()>>,
    /// What to wait for; `None` if the database is a server's.
    thread: Option<JoinHandle<()>>,
}

impl TokenWatch {
    /// Loads the tokens into the table, now and every second.
    fn start(db: &Database, table: Arc<TokenTable>) -> anyhow::Result<Self> {
        let mut kept = Tokens::open(db).with_context(|| db.to_string())?;
        let tokens = kept.list()?;
        if tokens.is_empty() {
            tracing::warn!(
                "API requests need a token and there is none yet: create one with `relata token new`"
            );
        }
        table.replace(tokens);
        let (running, ended) = channel();
        let thread = std::thread::Builder::new().name("relata-tokens".to_owned());
        let thread = thread.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(TOKENS_EVERY) {
                match kept.list() {
                    Ok(tokens) => table.replace(tokens),
                    // The table stays unchanged.
                    Err(error) => tracing::warn!(%error, "cannot read the tokens"),
                }
            }
        })?;
        // A server that does not answer must not delay the end.
        let thread = Some(thread).filter(|_| db.file().is_some());
        Ok(Self { running: Some(running), thread })
    }
}

impl Drop for TokenWatch {
    /// Waits, so that the store is the last to close the database, which then leaves one file
    /// without a write-ahead log.
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|_| tracing::error!("the watch on tokens has crashed"));
        }
    }
}

/// Returns the database, and the folder to keep until the end of a demo.
fn database(db: &Database, demo: bool) -> anyhow::Result<(Database, Option<tempfile::TempDir>)> {
    if !demo {
        return Ok((db.clone(), None));
    }
    let directory = tempfile::Builder::new().prefix("relata-demo-").tempdir()?;
    Ok((directory.path().join("relata.db").into(), Some(directory)))
}

/// Ingests the sample as if each delivery had been received when it was sent, so that there is
/// a past to query.
fn ingest_demo(store: &Store) -> anyhow::Result<()> {
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
    /// Whether it ended because writing is impossible.
    cannot_write: bool,
}

async fn listen(
    store: &Arc<Store>,
    db: &Database,
    serve: &ServeArgs,
    addresses: &[SocketAddr],
    policy: AuthPolicy,
) -> anyhow::Result<Ended> {
    // Handled first: an early signal still ends the server cleanly.
    let stop = signals::watch()?;
    // A write beyond a limit on file sizes fails with an error, which is answered, instead of
    // ending the process.
    let _file_limit = signal(SignalKind::from_raw(SIGXFSZ))?;
    let (protected, open) = (describe(&policy), allowed_to_all(&policy));
    let app = App::new(Arc::clone(store), serve.limits(), policy)
        .compat(serve.compat == Compat::On)
        .dropped_log_lines(log::dropped_lines());
    let server = Server::bind(addresses, app).await.with_context(|| serve.listen.to_string())?;
    let address = server.address()?;
    if let Some(bytes) = store.graph_memory().limit {
        tracing::info!(bytes, "graphs of locations may take this much memory");
    }
    if let Some(open) = open {
        let who = if address.ip().is_loopback() { "any local process" } else { "anybody" };
        tracing::warn!("{who} can {open}: see --webhook-auth and --api-auth");
    }
    let line = format!(
        "relata {} listening on http://{address} · database {} · {} events · {} locations · {protected}",
        env!("CARGO_PKG_VERSION"),
        db,
        store.head(),
        store.location_count(),
    );
    let explorer = explorer(address);
    let demo = if serve.demo { invitation(address) } else { String::new() };
    let ready = Ready {
        text: format!("{line}\nexplorer {explorer}\n{demo}"),
        opened: serve.open.then_some(explorer),
    };
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
        never = announce_when_ready(store, ready) => match never {},
    }
}

/// What is done once the server accepts deliveries.
struct Ready {
    /// Where the server listens, and more.
    text: String,
    /// The page to open.
    opened: Option<String>,
}

/// Announces that the server accepts deliveries, once it does; it answers queries earlier.
async fn announce_when_ready(store: &Store, ready: Ready) -> Infallible {
    while !store.is_ready() && store.failure().is_none() {
        tokio::time::sleep(READY_EVERY).await;
    }
    // Standard output may be a full pipe and a browser slow to start; the server must wait for
    // neither.
    let announcing = std::thread::Builder::new().name("relata-ready".to_owned());
    let announced = announcing.spawn(move || {
        if let Some(page) = ready.opened
            && let Err(error) = open::that_detached(&page)
        {
            tracing::warn!(%error, page, "cannot open a browser");
        }
        // Earlier log lines come first.
        log::flush();
        announce(ready.text.trim_end());
    });
    if let Err(error) = announced {
        tracing::warn!(%error, "cannot announce that the server is ready");
    }
    std::future::pending().await
}

/// Prints to standard output; a failure is no reason to stop.
fn announce(text: &str) {
    print_line(text).unwrap_or_else(|error| tracing::warn!(%error, "cannot print"));
}

/// Returns the address of the explorer, as a browser on this machine reaches it.
fn explorer(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}/explore/")
}

/// Returns five queries to try.
fn invitation(address: SocketAddr) -> String {
    let at = format!("http://{address}/v1/locations/seaside-realty");
    let house = "6adf249e8ce18ef62a90b95f";
    let lines = [
        ("which object keys are linked, and how often", format!("curl -s '{at}/summary'")),
        ("find 12 Maple Street by name", format!("curl -s '{at}/search?q=maple'")),
        (
            "who is interested in it",
            format!(
                "curl -s '{at}/objects/custom_objects.property/records/{house}/links?label=Interested%20Buyer'"
            ),
        ),
        (
            "which labels link contacts to other object keys",
            format!("curl -s '{at}/objects/contact/links'"),
        ),
        (
            "a picture, where Graphviz is installed",
            format!("curl -s '{at}/export?format=dot&layer=objects' | dot -Tsvg > relata.svg"),
        ),
    ];
    let lines: Vec<String> =
        lines.iter().map(|(what, command)| format!("\n# {what}\n{command}")).collect();
    format!("The store of the demo is deleted when the server stops. Try:\n{}\n", lines.join("\n"))
}
