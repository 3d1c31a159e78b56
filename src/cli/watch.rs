//! `relata watch`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata::api::ChangeBody;
use relata::changes::{AppliedEvent, ChangeFilter};
use relata::journal::Database;
use relata::{Change, Location, Seq, Store};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::database::open_location;
use crate::cli::node_name::resolve;
use crate::cli::output::{print_json, print_line};
use crate::cli::signals::stop;
use crate::cli::text::{label_text, node_text, visible};
use crate::config::WatchArgs;

/// Interval at which the database is polled for new events.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Number of changes read at once.
const PAGE_CHANGES: usize = 1_000;

/// How long a page that is being read may take once a signal has come.
const END_MAX: Duration = Duration::from_secs(1);

pub(super) fn run(db: Database, watch: WatchArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watched = runtime.block_on(until_signal(db, watch));
    // A database server that does not answer is not waited for.
    runtime.shutdown_background();
    let is_enough = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match watched {
        Err(error) if !error.downcast_ref().is_some_and(is_enough) => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Follows a location until a signal comes.
async fn until_signal(db: Database, watch: WatchArgs) -> anyhow::Result<()> {
    // Handled first: an early signal still ends the command cleanly.
    let stop = stop(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let is_over = Arc::<AtomicBool>::default();
    let stopped = Arc::clone(&is_over);
    // A connection to a database server must not be used on a thread of a runtime.
    let mut following = tokio::task::spawn_blocking(move || {
        let (store, location) = open_location(&db, &watch.place)?;
        follow(&store, &location, &watch, &stopped)
    });
    tokio::select! {
        watched = &mut following => return watched?,
        () = stop => is_over.store(true, Ordering::Relaxed),
    }
    tokio::time::timeout(END_MAX, following).await.map_or(Ok(()), |watched| watched?)
}

/// Prints changes until nobody reads them, or it is over.
fn follow(
    store: &Store,
    location: &Location,
    watch: &WatchArgs,
    is_over: &AtomicBool,
) -> anyhow::Result<()> {
    let filter = ChangeFilter {
        labels: watch.label.clone(),
        object: watch.object.clone(),
        of: watch.of.as_ref().map(|of| resolve(store, location, of)).transpose()?,
    };
    let mut after: Seq = watch.after.unwrap_or(store.head());
    let head = store.head();
    anyhow::ensure!(after <= head, "event {after} does not exist yet; the last one is {head}");
    while !is_over.load(Ordering::Relaxed) {
        while after < store.head() && !is_over.load(Ordering::Relaxed) {
            let page = store.changes(location.id().as_str(), after, &filter, PAGE_CHANGES)?;
            page.events.iter().try_for_each(|change| print(change, watch.json))?;
            after = page.upto;
        }
        std::thread::sleep(LOOK_EVERY);
        store.refresh()?;
    }
    Ok(())
}

fn print(change: &AppliedEvent, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&ChangeBody::from(change));
    }
    let at = change.event.at.unwrap_or(change.received_at);
    let what = visible(&text(change));
    Ok(print_line(format_args!("{at}  {:<18}  {what}", change.event.event_type.as_str()))?)
}

/// Returns what a change concerns, on one line; a link as in `relata path`.
fn text(applied: &AppliedEvent) -> String {
    let association = applied.association.as_deref();
    let [first_name, second_name] = applied.names.each_ref().map(Option::as_deref);
    let node = |object: &str, id: &str, name: Option<&str>| {
        let reference = node_text(object, Some(id));
        name.map_or(reference.clone(), |name| format!("{name} ({reference})"))
    };
    match &applied.event.change {
        Change::Relation(relation) => {
            let label = label_text(association.map(|association| &*association.second.label));
            let ends = [(&relation.first, first_name), (&relation.second, second_name)];
            let [first, second] =
                ends.map(|(end, name)| node(end.object.as_str(), end.id.as_str(), name));
            format!("{first} ─{label}→ {second}")
        }
        Change::Association(association) => {
            let [first, second] = [&association.first, &association.second]
                .map(|end| format!("{} ({})", end.object, end.label));
            format!("{}: {first} ─ {second}", association.key)
        }
        Change::AssociationDeleted { id, .. } => id.to_string(),
        Change::Record { object: Some(object), id, .. } => {
            node(object.as_str(), id.as_str(), first_name)
        }
        Change::Record { object: None, id, .. } => id.to_string(),
        Change::ObjectSchema(schema) => schema.key.to_string(),
        Change::Location { name, .. } => name.as_deref().unwrap_or_default().to_owned(),
    }
}
