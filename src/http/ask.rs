//! How questions are run: of the graph as it stands while they cost little, of a
//! copy of it, away from everything else, when they cost more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::answer::Answer;
use super::app::App;
use super::problem::Problem;
use crate::graph::{Effort, View};
use crate::model::{NodeRef, Seq};
use crate::store::{AsOf, Location, PastError, Store};

/// A question that was read and not answered yet.
pub(super) struct Question {
    /// Every node that it names.
    pub(super) names: Vec<NodeRef>,
    /// The moment that it is about, if not now.
    pub(super) as_of: Option<AsOf>,
    /// Answers it, from this view, within this effort, as of this event.
    pub(super) ask: Ask,
}

type Ask = Box<dyn Fn(View<'_>, &mut Effort<'_>, Seq) -> Answer + Send>;

impl Question {
    pub(super) fn new(
        names: Vec<NodeRef>,
        as_of: Option<AsOf>,
        ask: impl Fn(View<'_>, &mut Effort<'_>, Seq) -> Answer + Send + 'static,
    ) -> Self {
        Self { names, as_of, ask: Box::new(ask) }
    }
}

/// Answers a question about a location.
///
/// First with little effort, holding the location's lock, which is all that most
/// need. One that needs more is asked again on a blocking thread, of a copy that
/// holds no writer up, with the effort that the limits allow; and ends early if
/// the client goes away.
pub(super) async fn answer(app: &Arc<App>, location: Arc<Location>, question: Question) -> Answer {
    if let Some(as_of) = question.as_of {
        let asked = Arc::clone(&location);
        return away(app, move |app, stop| in_the_past(app, &asked, &question, as_of, stop)).await;
    }
    if let Some(answer) = at_once(app, &location, &question) {
        return answer;
    }
    away(app, move |app, stop| of_a_copy(app, &location, &question, &mut effort_until(app, stop)))
        .await
}

/// Answers a question that costs little.
fn at_once(app: &App, location: &Location, question: &Question) -> Option<Answer> {
    let seq = app.store.head();
    location
        .answer_at_once(app.limits.answer_bytes, |view, effort| (question.ask)(view, effort, seq))
}

pub(super) fn effort_until<'s>(app: &App, stop: &'s dyn Fn() -> bool) -> Effort<'s> {
    Effort::of_links(app.limits.question_links).of_bytes(app.limits.answer_bytes).until(stop)
}

fn in_the_past(
    app: &App,
    location: &Location,
    question: &Question,
    as_of: AsOf,
    stop: &dyn Fn() -> bool,
) -> Answer {
    let mut effort = effort_until(app, stop);
    if let Some(seq) = app.store.seq_as_of(as_of)? {
        let past = app.store.past(location.id().as_str(), seq)?;
        return (question.ask)(past.graph.view(), &mut effort, seq);
    }
    of_a_copy(app, location, question, &mut effort)
}

/// Asks as the graph stands, without holding it up.
fn of_a_copy(
    app: &App,
    location: &Location,
    question: &Question,
    effort: &mut Effort<'_>,
) -> Answer {
    // Before the copy is taken: it may know more, not less.
    let seq = app.store.head();
    let snapshot = location.copy_for(&question.names);
    (question.ask)(snapshot.view(), effort, seq)
}

/// Reads the journal on a blocking thread.
pub(super) async fn look(
    app: &Arc<App>,
    look: impl FnOnce(&Store) -> Answer + Send + 'static,
) -> Answer {
    away(app, move |app, _| look(&app.store)).await
}

/// Runs what may take long on a blocking thread, a few at a time. `stop` says when
/// it has taken long enough or nobody waits for it any more.
pub(super) async fn away(
    app: &Arc<App>,
    work: impl FnOnce(&App, &dyn Fn() -> bool) -> Answer + Send + 'static,
) -> Answer {
    let permit = Arc::clone(&app.questions).acquire_owned().await.map_err(Problem::unavailable)?;
    let gone = GoneOnDrop(Arc::default());
    let (app, is_gone) = (Arc::clone(app), Arc::clone(&gone.0));
    let deadline = Instant::now() + app.limits.question_timeout;
    let done = tokio::task::spawn_blocking(move || {
        let stop = || is_gone.load(Ordering::Relaxed) || Instant::now() >= deadline;
        let answer = work(&app, &stop);
        drop(permit);
        answer
    });
    // Dropped with this future when the client goes away.
    done.await.map_err(Problem::unavailable)?
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
        }
    }
}
