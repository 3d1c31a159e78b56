//! `relata serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use relata::http::{App, Server, Shutdown};
use relata::{Delivery, Store, Timestamp};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::say;
use crate::config::Serve;

/// Two real-estate offices, their people, properties and viewings.
const DEMO: &str = include_str!("../../data/real-estate.ndjson");

/// How long an export may take to notice that its reader was cut off.
const EXPORTS_END: Duration = Duration::from_secs(5);

pub(super) fn run(db: &Path, serve: &Serve) -> anyhow::Result<ExitCode> {
    let protection = protection(serve)?;
    // Held until the end: dropping it removes the demo's store.
    let (db, _temporary) = place(db, serve.demo)?;
    let store =
        Store::open_with(&db, serve.store.options()).with_context(|| db.display().to_string())?;
    if serve.demo {
        fill(&store)?;
    }
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(listen(&store, &db, serve, protection))?;
    // Ends exports that are still streaming, so that the store is ours alone.
    runtime.shutdown_timeout(EXPORTS_END);
    if let Shutdown::Deadline { connections } = ended {
        tracing::warn!(connections, "connections were cut at the deadline");
    }
    let store = Arc::into_inner(store).context("the store is still in use")?;
    store.close()?;
    Ok(ExitCode::SUCCESS)
}

/// What keeps strangers out. Deliveries and questions are not checked yet, so
/// others must not be able to reach the address.
fn protection(serve: &Serve) -> anyhow::Result<&'static str> {
    if serve.listen.ip().is_loopback() {
        return Ok("loopback only, any local process may send and ask");
    }
    anyhow::ensure!(
        serve.allow_unprotected,
        "{} can be reached by others, and this version checks neither deliveries nor questions; \
         listen on 127.0.0.1 behind a proxy that does, or say --allow-unprotected",
        serve.listen
    );
    Ok("none, anybody may send and ask")
}

fn place(db: &Path, demo: bool) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if !demo {
        return Ok((db.to_owned(), None));
    }
    let directory = tempfile::Builder::new().prefix("relata-demo-").tempdir()?;
    Ok((directory.path().join("relata.db"), Some(directory)))
}

fn fill(store: &Store) -> anyhow::Result<()> {
    for line in DEMO.lines() {
        let delivery = Delivery::read(line.as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |_| ())?;
    }
    Ok(store.checkpoint()?)
}

async fn listen(
    store: &Arc<Store>,
    db: &Path,
    serve: &Serve,
    protection: &str,
) -> anyhow::Result<Shutdown> {
    // Taken first: a signal that comes early still ends the server cleanly.
    let stop = stop(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let app = App::new(Arc::clone(store), serve.limits());
    let server = Server::bind(serve.listen, app).await.with_context(|| serve.listen.to_string())?;
    let address = server.address()?;
    announce(&format!(
        "relata {} listening on http://{address} · database {} · {} events · {} locations · protection: {protection}",
        env!("CARGO_PKG_VERSION"),
        db.display(),
        store.head(),
        store.locations().len(),
    ));
    if serve.demo {
        announce(&invitation(address));
    }
    Ok(server.run(stop).await)
}

/// Prints to whoever started the server; one who does not listen is no reason to
/// stop.
fn announce(text: &str) {
    say(text).unwrap_or_else(|error| tracing::warn!(%error, "cannot print"));
}

async fn stop(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
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
