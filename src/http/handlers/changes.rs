//! `GET …/changes`: what happens, as it happens.

use std::sync::Arc;

use hyper::body::Bytes;
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::feed::catch_up::CatchUp;
use crate::http::feed::hub;
use crate::http::feed::stats::STOPS;
use crate::http::feed::subscriber::{Changes, Subscriber};
use crate::http::feed::topics::render;
use crate::http::handlers::locations;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::{ParseEventIdError, Seq};
use crate::store::{ChangeFilter, ChangePage, ChangesError};

/// Changes read from the journal at once.
const PAGE_CHANGES: usize = 500;

/// Where a client was that comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(crate) async fn changes(app: &Arc<App>, request: &Request<'_>) -> Answer {
    let query = &request.query;
    // The last was looked at before.
    query.only(&["label", "object", "of", "after", "ticket"])?;
    let filter = ChangeFilter {
        labels: query.all("label"),
        object: query.one("object")?.map(str::to_owned),
        of: query.one("of")?.map(|_| query.node("of")).transpose()?,
    };
    let after = after(app, request)?;
    let location: Box<str> = locations::find(app, request)?.id().as_str().into();
    app.feed.enter()?;
    let outbox =
        Subscriber::new(request.grant.clone(), app.store.epochs().mark(), app.limits.change_bytes);
    // From here on it is dropped, and leaves, with the answer.
    let body = Changes::new(Arc::clone(&outbox), Arc::clone(&app.feed.stats), app.feed.heartbeat);
    match after {
        None => {
            let joined = hub::subscribe(app, &location, &filter, &outbox).await;
            let joined = joined.ok_or_else(|| Problem::unavailable("the server is stopping"))?;
            outbox.begin(joined.now);
            outbox.caught_up(joined.position);
        }
        Some(after) => {
            outbox.begin(after);
            // Read before the answer begins, so that it can be refused.
            let reading = app.catch_ups.begin(&location, &filter);
            let first = page(app, &reading, after, app.store.head()).await?;
            let behind = Behind { location, filter, outbox, reading };
            tokio::spawn(behind.catch_up(Arc::clone(app), first));
        }
    }
    let mut response = warp::reply::stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would collect what is sent until it fills a buffer.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    Ok(response)
}

/// Returns the event after which a reader begins, or `None` for now.
fn after(app: &App, request: &Request<'_>) -> Result<Option<Seq>, Problem> {
    let in_query = request.query.event_id("after")?;
    let (name, id) = match request.headers.get(LAST_EVENT_ID) {
        None => ("after", in_query),
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse().ok());
            let why = || Problem::invalid_parameter("Last-Event-ID", ParseEventIdError);
            ("Last-Event-ID", Some(id.ok_or_else(why)?))
        }
    };
    let after = id.map(|id| app.store.epochs().resolve(id)).transpose()?;
    let head = app.store.head();
    if after.is_some_and(|after| after > head) {
        let why = format!("is after the last event, {head}: it belongs to another store");
        return Err(Problem::invalid_parameter(name, why));
    }
    Ok(after)
}

/// Changes as they are sent, and the event up to which they are all.
struct Page {
    upto: Seq,
    text: Bytes,
}

/// Reads the changes behind `after`, but not past `upto`.
async fn page(app: &Arc<App>, reading: &CatchUp, after: Seq, upto: Seq) -> Result<Page, Problem> {
    if after >= upto {
        return Ok(Page { upto: after, text: Bytes::new() });
    }
    let render_all = |app: &App, page: ChangePage| {
        let mut text = Vec::new();
        let epoch = app.store.epochs().mark();
        page.events.iter().for_each(|applied| render(applied, epoch, &mut text));
        Page { upto: page.upto, text: app.feed.stats.chunk(text) }
    };
    reading.page(app, (after, upto), PAGE_CHANGES, render_all).await
}

/// A reader that is sent what happened before.
struct Behind {
    location: Box<str>,
    filter: ChangeFilter,
    outbox: Arc<Subscriber>,
    reading: CatchUp,
}

impl Behind {
    /// Sends what happened before, until the reader can be sent what happens.
    async fn catch_up(self, app: Arc<App>, first: Page) {
        let Self { location, filter, outbox, reading } = self;
        let mut read: Result<Page, Problem> = Ok(first);
        let mut joined = None;
        loop {
            let at = match read {
                Ok(page) => {
                    tokio::select! {
                        () = outbox.catch_up(page.upto, page.text) => {}
                        () = app.feed.ended() => outbox.end("shutdown", STOPS.to_owned()),
                    }
                    page.upto
                }
                Err(problem) => return outbox.end(problem.code, problem.detail.into()),
            };
            if outbox.is_over() {
                return;
            }
            if !app.protection.still_grants(&outbox.grant) {
                return outbox.end("unauthorized", "the token is not good any more".to_owned());
            }
            let head = app.store.head();
            // What happens from then on waits in the outbox: so the rest must be short.
            if joined.is_none() && head.saturating_sub(at) < PAGE_CHANGES as Seq {
                joined = hub::subscribe(&app, &location, &filter, &outbox).await;
                if joined.is_none() {
                    return outbox.end("shutdown", STOPS.to_owned());
                }
            }
            match &joined {
                Some(joined) if at >= joined.now => {
                    return outbox.caught_up(Arc::clone(&joined.position));
                }
                Some(joined) => read = page(&app, &reading, at, joined.now).await,
                None => read = page(&app, &reading, at, head).await,
            }
        }
    }
}

impl From<ChangesError> for Problem {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::Journal(error) => error.into(),
            ChangesError::Pruned { .. } => Self::gone("pruned", error.to_string()),
        }
    }
}
