//! How questions are run: of the graph as it stands while they cost little, of a
//! copy of it, away from everything else, when they cost more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::graph::{Budget, LocationGraph, Snapshot, View};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::limits::permits::Permit;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::{NodeRef, Seq};
use crate::store::{AsOf, Location, PastError, Stop, Store, answer_at_once};

/// A question that was read and not answered yet.
pub(super) struct PreparedQuery {
    /// Every node that it names.
    pub(super) names: Vec<NodeRef>,
    /// The moment that it is about, if not now.
    pub(super) as_of: Option<AsOf>,
    /// Answers it, from this view, within this budget, as of this event.
    pub(super) ask: Ask,
}

type Ask = Box<dyn Fn(View<'_>, &mut Budget<'_>, Seq) -> Answer + Send>;

impl PreparedQuery {
    pub(super) fn new(
        names: Vec<NodeRef>,
        as_of: Option<AsOf>,
        ask: impl Fn(View<'_>, &mut Budget<'_>, Seq) -> Answer + Send + 'static,
    ) -> Self {
        Self { names, as_of, ask: Box::new(ask) }
    }
}

/// Answers a question about a location.
///
/// First on a small budget, holding the location's lock, which is all that most
/// need. One that needs more is asked again on a blocking thread, of a copy that
/// holds no writer up, within the budget that the limits allow; and ends early if
/// the client goes away.
pub(super) async fn answer(
    app: &Arc<App>,
    grant: &Grant,
    location: Arc<Location>,
    question: PreparedQuery,
) -> Answer {
    let client = || grant.client(location.id().as_str());
    if let Some(as_of) = question.as_of {
        let (seq, then) = past(app, &client(), &location, as_of, question.names.clone()).await?;
        return away(app, &client(), move |app, stop| {
            (question.ask)(then.view(), &mut budget_until(app, stop), seq)
        })
        .await;
    }
    let question = match at_once(app, &location, question).await? {
        Tried::Answered(answer) => return answer,
        Tried::NotEnough(question) => question,
    };
    let client = client();
    let permit = app.queries.acquire(&client).await?;
    let (seq, now, question) = copy(app, location, question).await?;
    run(app, permit, app.limits.question_timeout, move |app, stop| {
        (question.ask)(now.view(), &mut budget_until(app, stop), seq)
    })
    .await?
}

/// Copies the graph of a location for a question. At the usual priority: while a graph is
/// copied, the writer waits for it.
async fn copy(
    app: &Arc<App>,
    location: Arc<Location>,
    question: PreparedQuery,
) -> Result<(Seq, Snapshot, PreparedQuery), Problem> {
    let app = Arc::clone(app);
    let copied = tokio::task::spawn_blocking(move || {
        let (seq, now) = app.store.snapshot(&location, None, &question.names)?;
        Ok((seq, now, question))
    });
    copied.await.map_err(Problem::unavailable)?
}

/// What came of a question that was asked on a small budget.
enum Tried {
    Answered(Answer),
    NotEnough(PreparedQuery),
}

/// Answers a question that costs little. While the writer holds the location, a
/// thread of the runtime does not wait: deliveries and probes are behind it.
async fn at_once(
    app: &Arc<App>,
    location: &Arc<Location>,
    question: PreparedQuery,
) -> Result<Tried, Problem> {
    let ask = |app: &App, graph: &LocationGraph, head: Seq, question: PreparedQuery| {
        let answered = answer_at_once(graph, app.limits.answer_bytes, |view, budget| {
            (question.ask)(view, budget, head.max(view.seq()))
        });
        answered.map_or(Tried::NotEnough(question), Tried::Answered)
    };
    // Before the lock is taken: the graph may know more, not less, and says so.
    let head = app.store.head();
    if let Some(graph) = location.try_read() {
        return Ok(ask(app, &graph, head, question));
    }
    let (app, location) = (Arc::clone(app), Arc::clone(location));
    let asked = tokio::task::spawn_blocking(move || ask(&app, &location.read(), head, question));
    asked.await.map_err(Problem::unavailable)
}

/// Reads a graph: little of it, in the location that the path names.
pub(super) struct PreparedRead {
    pub(super) location: Arc<Location>,
    /// Answers from the graph, as of this event.
    pub(super) read: Read,
}

type Read = Box<dyn FnOnce(&LocationGraph, Seq) -> Answer + Send>;

/// Answers from a graph as it stands, without waiting for it on a thread of the
/// runtime.
pub(super) async fn read(app: &Arc<App>, reading: PreparedRead) -> Answer {
    let head = app.store.head();
    let PreparedRead { location, read } = reading;
    if let Some(graph) = location.try_read() {
        return read(&graph, head.max(graph.view().seq()));
    }
    let done = tokio::task::spawn_blocking(move || {
        let graph = location.read();
        read(&graph, head.max(graph.view().seq()))
    });
    done.await.map_err(Problem::unavailable)?
}

pub(super) fn budget_until<'s>(app: &App, stop: &'s dyn Fn() -> bool) -> Budget<'s> {
    Budget::of_links(app.limits.question_links).of_bytes(app.limits.answer_bytes).until(stop)
}

/// A copy of the location as it stood. A replay that it needs takes no permit, and no
/// time, of the question that follows.
async fn past(
    app: &Arc<App>,
    client: &str,
    location: &Arc<Location>,
    as_of: AsOf,
    names: Vec<NodeRef>,
) -> Result<(Seq, Snapshot), Problem> {
    let location = Arc::clone(location);
    let replay = move |app: &App, stop: Stop<'_>| {
        app.store.snapshot_until(&location, Some(as_of), &names, stop)
    };
    let permit = app.journal_reads.acquire(client).await?;
    Ok(run(app, permit, app.limits.past_timeout, replay).await??)
}

/// Reads the journal on a blocking thread, a few at a time. `stop` says when that has
/// taken long enough.
pub(super) async fn look<T: Send + 'static>(
    app: &Arc<App>,
    client: &str,
    look: impl FnOnce(&Store, Stop<'_>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let look = move |app: &App, stop: Stop<'_>| look(&app.store, stop);
    let permit = app.journal_reads.acquire(client).await?;
    run(app, permit, app.limits.past_timeout, look).await
}

/// Asks a graph on a blocking thread, a few at a time.
pub(super) async fn away(
    app: &Arc<App>,
    client: &str,
    work: impl FnOnce(&App, Stop<'_>) -> Answer + Send + 'static,
) -> Answer {
    let permit = app.queries.acquire(client).await?;
    run(app, permit, app.limits.question_timeout, work).await?
}

/// Runs what may take long in the background, with a permit. `stop` says when it
/// has taken long enough, nobody waits for it any more, or the server stops.
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
            is_gone.load(Ordering::Relaxed)
                || shared.stopping.load(Ordering::Relaxed)
                || Instant::now() >= deadline
        };
        let done = work(&shared, &stop);
        drop(permit);
        done
    });
    // Dropped with this future when the client goes away.
    done.await.map_err(Problem::unavailable)
}

/// Says that nobody waits any more.
struct GoneOnDrop(Arc<AtomicBool>);

impl Drop for GoneOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Journal(error) => error.into(),
            PastError::Pruned { .. } => Self::gone("pruned", error.to_string()),
            PastError::Ahead { .. } => Self::ahead("asOf", &error),
            PastError::Stopped { .. } => Self::unavailable(error),
        }
    }
}
