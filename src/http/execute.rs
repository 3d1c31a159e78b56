//! Runs queries: on the live graph while they cost little, otherwise in the background, on
//! a snapshot of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::graph::{Budget, LocationGraph, NamesNodes, Snapshot, View};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::body::Body;
use crate::http::extract::request::Request;
use crate::http::extract::{json_body, location};
use crate::http::limits::background::give_way;
use crate::http::limits::permits::Permit;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{AsOf, Location, PastError, Stop, Store, answer_at_once};

/// A query whose parameters have been read.
pub(super) struct PreparedQuery {
    /// The state that it reads, if not the current one.
    as_of: Option<AsOf>,
    query: Box<dyn RunQuery>,
}

impl PreparedQuery {
    /// Prepares a query; `run` answers it from a view, within a budget, as of an event.
    pub(super) fn new<Q, R>(query: Q, as_of: Option<AsOf>, run: R) -> Self
    where
        Q: NamesNodes + Send + 'static,
        R: Fn(&Q, View<'_>, &mut Budget<'_>, Seq) -> Answer + Send + 'static,
    {
        Self { as_of, query: Box::new(Runnable { query, run }) }
    }

    fn run(&self, view: View<'_>, budget: &mut Budget<'_>, seq: Seq) -> Answer {
        self.query.run(view, budget, seq)
    }

    /// Takes a snapshot of the state that it reads, with the nodes that it names.
    fn snapshot(
        &self,
        store: &Store,
        location: &Location,
        stop: Stop<'_>,
    ) -> Result<(Seq, Snapshot), PastError> {
        self.query.snapshot(store, location, self.as_of, stop)
    }
}

/// A query of any type.
trait RunQuery: Send {
    fn run(&self, view: View<'_>, budget: &mut Budget<'_>, seq: Seq) -> Answer;

    fn snapshot(
        &self,
        store: &Store,
        location: &Location,
        as_of: Option<AsOf>,
        stop: Stop<'_>,
    ) -> Result<(Seq, Snapshot), PastError>;
}

/// A query of one type, and what answers it.
struct Runnable<Q, R> {
    query: Q,
    run: R,
}

impl<Q, R> RunQuery for Runnable<Q, R>
where
    Q: NamesNodes + Send,
    R: Fn(&Q, View<'_>, &mut Budget<'_>, Seq) -> Answer + Send,
{
    fn run(&self, view: View<'_>, budget: &mut Budget<'_>, seq: Seq) -> Answer {
        (self.run)(&self.query, view, budget, seq)
    }

    fn snapshot(
        &self,
        store: &Store,
        location: &Location,
        as_of: Option<AsOf>,
        stop: Stop<'_>,
    ) -> Result<(Seq, Snapshot), PastError> {
        store.snapshot_until(location, as_of, &self.query, stop)
    }
}

/// Answers a query of the location that the path names.
///
/// It runs first within a small budget, under the location's lock, which suffices for most
/// queries. A query that exhausts it runs again on a background thread, on a snapshot that
/// holds up no writer, within the configured limits; it ends early if the client
/// disconnects.
pub(super) async fn answer_query(
    app: &Arc<App>,
    request: &Request<'_>,
    query: PreparedQuery,
) -> Answer {
    let location = location::find(app, request).await?;
    answer_query_in(app, &request.grant, location, query).await
}

/// Answers a query of a location as [`answer_query`] does.
pub(super) async fn answer_query_in(
    app: &Arc<App>,
    grant: &Grant,
    location: Arc<Location>,
    query: PreparedQuery,
) -> Answer {
    let client = || grant.client(location.id().as_str());
    if query.as_of.is_some() {
        // Merging past events keeps a core busy, too.
        let permit = app.queries.acquire(&client()).await?;
        let (seq, past, query) = read_past(app, &client(), &location, query).await?;
        return run(app, permit, app.limits.question_timeout, move |app, stop| {
            query.run(past.view(), &mut budget_until(app, stop), seq)
        })
        .await?;
    }
    let query = match try_inline(app, &location, query).await? {
        Attempt::Answered(answer) => return answer,
        Attempt::Exhausted(query) => query,
    };
    let client = client();
    let permit = app.queries.acquire(&client).await?;
    let (seq, snapshot, query) = on_snapshot(app, location, query).await?;
    run(app, permit, app.limits.question_timeout, move |app, stop| {
        query.run(snapshot.view(), &mut budget_until(app, stop), seq)
    })
    .await?
}

/// Answers a query that is in the body of a request.
pub(super) async fn answer_body_query(
    app: &Arc<App>,
    request: &Request<'_>,
    body: Body,
    prepare: fn(&[u8], Option<AsOf>) -> Result<PreparedQuery, Problem>,
) -> Answer {
    request.query.deny_unknown(&["asOf"])?;
    let as_of = request.query.as_of()?;
    let limit = app.limits.question_bytes;
    let prepare = move |body: &[u8]| prepare(body, as_of);
    let received = json_body::receive(app, request, body, limit, prepare).await?;
    let (query, _reservation) = received;
    answer_query(app, request, query).await
}

/// Takes a snapshot of a location for a query. At the usual priority: the writer waits
/// while a graph is copied.
async fn on_snapshot(
    app: &Arc<App>,
    location: Arc<Location>,
    query: PreparedQuery,
) -> Result<(Seq, Snapshot, PreparedQuery), Problem> {
    let app = Arc::clone(app);
    let copied = tokio::task::spawn_blocking(move || {
        let (seq, now) = query.snapshot(&app.store, &location, &|| false)?;
        Ok((seq, now, query))
    });
    copied.await.map_err(Problem::unavailable)?
}

/// The result of running a query within a small budget.
enum Attempt {
    Answered(Answer),
    Exhausted(PreparedQuery),
}

/// Answers a query that costs little. A thread of the runtime does not wait while the
/// writer holds the location: deliveries and probes need it.
async fn try_inline(
    app: &Arc<App>,
    location: &Arc<Location>,
    query: PreparedQuery,
) -> Result<Attempt, Problem> {
    let attempt = |app: &App, graph: &LocationGraph, head: Seq, query: PreparedQuery| {
        let answered = answer_at_once(graph, app.limits.answer_bytes, |view, budget| {
            query.run(view, budget, head.max(view.seq()))
        });
        answered.map_or(Attempt::Exhausted(query), Attempt::Answered)
    };
    // Before the lock is taken: the graph may be ahead of it, never behind.
    let head = app.store.head();
    if let Some(graph) = location.try_read() {
        return Ok(attempt(app, &graph, head, query));
    }
    let (app, location) = (Arc::clone(app), Arc::clone(location));
    let attempted =
        tokio::task::spawn_blocking(move || attempt(&app, &location.read(), head, query));
    attempted.await.map_err(Problem::unavailable)
}

/// Maximum number of rows that a list looks at while it holds a location's lock.
const READ_ROWS: u64 = 4_096;

/// Reads a little of the live graph of the location that the path names, within a small
/// budget, without waiting for it on a thread of the runtime.
pub(super) async fn read_graph(
    app: &Arc<App>,
    request: &Request<'_>,
    read: impl FnOnce(&LocationGraph, &mut Budget<'_>, Seq) -> Answer + Send + 'static,
) -> Answer {
    let location = location::find(app, request).await?;
    let (rows, bytes) = (app.limits.question_links.min(READ_ROWS), app.limits.answer_bytes);
    let head = app.store.head();
    let read = move |graph: &LocationGraph| {
        let mut budget = Budget::of_links(rows).of_bytes(bytes);
        read(graph, &mut budget, head.max(graph.view().seq()))
    };
    if let Some(graph) = location.try_read() {
        return read(&graph);
    }
    let done = tokio::task::spawn_blocking(move || read(&location.read()));
    done.await.map_err(Problem::unavailable)?
}

pub(super) fn budget_until<'s>(app: &App, stop: &'s dyn Fn() -> bool) -> Budget<'s> {
    Budget::of_links(app.limits.question_links).of_bytes(app.limits.answer_bytes).until(stop)
}

/// Returns a past state of a location. A replay that this takes does not use the time of the
/// query that follows.
async fn read_past(
    app: &Arc<App>,
    client: &str,
    location: &Arc<Location>,
    query: PreparedQuery,
) -> Result<(Seq, Snapshot, PreparedQuery), Problem> {
    let location = Arc::clone(location);
    let replay = move |store: &Store, stop: Stop<'_>| {
        let (seq, past) = query.snapshot(store, &location, stop)?;
        Ok::<_, PastError>((seq, past, query))
    };
    Ok(read_journal(app, client, replay).await??)
}

/// Reads the journal on a background thread, with a permit. `stop` returns whether that has
/// taken long enough.
pub(super) async fn read_journal<T: Send + 'static>(
    app: &Arc<App>,
    client: &str,
    read: impl FnOnce(&Store, Stop<'_>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let read = move |app: &App, stop: Stop<'_>| read(&app.store, stop);
    let permit = app.journal_reads.acquire(client).await?;
    run(app, permit, app.limits.past_timeout, read).await
}

/// Runs a query on a background thread, with a permit.
pub(super) async fn spawn_query(
    app: &Arc<App>,
    client: &str,
    query: impl FnOnce(&App, Stop<'_>) -> Answer + Send + 'static,
) -> Answer {
    let permit = app.queries.acquire(client).await?;
    run(app, permit, app.limits.question_timeout, query).await?
}

/// Runs work that may take long in the background, with a permit. `stop` returns whether it
/// has taken long enough, the client has disconnected, or the server is stopping.
async fn run<T: Send + 'static>(
    app: &Arc<App>,
    permit: Permit,
    timeout: Duration,
    work: impl FnOnce(&App, Stop<'_>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let gone = GoneOnDrop(Arc::default());
    let (shared, is_gone) = (Arc::clone(app), Arc::clone(&gone.0));
    let done = app.background.spawn(move || {
        let deadline = Instant::now() + timeout;
        let stop = || {
            give_way();
            is_gone.load(Ordering::Relaxed)
                || shared.stopping.load(Ordering::Relaxed)
                || Instant::now() >= deadline
        };
        let done = work(&shared, &stop);
        drop(permit);
        done
    });
    // Dropped with this future when the client disconnects.
    done.await.map_err(Problem::unavailable)
}

/// Sets a flag when it is dropped.
struct GoneOnDrop(Arc<AtomicBool>);

impl Drop for GoneOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
