//! `GET …/changes`: the change feed.

use std::sync::Arc;

use hyper::body::Bytes;
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::http::app::App;
use crate::http::extract::location;
use crate::http::extract::request::{LAST_EVENT_ID, Request};
use crate::http::feed::catch_up::CatchUp;
use crate::http::feed::hub;
use crate::http::feed::registry::SHUTDOWN;
use crate::http::feed::subscriber::{Changes, Subscriber};
use crate::http::limits::background::give_way;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::http::respond::sse;
use crate::model::{ParseEventIdError, Seq};
use crate::store::{ChangeFilter, ChangePage};

/// Number of changes that are read from the journal at once.
const PAGE_CHANGES: usize = 500;

pub(crate) async fn stream_changes(app: &Arc<App>, request: Request<'_>) -> Answer {
    let query = &request.query;
    // The router has read the ticket.
    query.deny_unknown(&["label", "object", "of", "after", "ticket"])?;
    let filter = ChangeFilter {
        labels: query.get_all("label"),
        object: query.get("object")?.map(str::to_owned),
        of: query.get("of")?.map(|_| query.node("of")).transpose()?,
    };
    let after = after(app, &request)?;
    // Held until the feed holds it.
    let found = location::find(app, &request).await?;
    let location: Box<str> = found.id().as_str().into();
    app.feed.enter()?;
    let subscriber =
        Subscriber::new(request.grant.clone(), app.store.epochs().mark(), app.limits.change_bytes);
    // From here on the subscriber leaves when the answer is dropped.
    let body =
        Changes::new(Arc::clone(&subscriber), Arc::clone(&app.feed.stats), app.limits.heartbeat);
    match after {
        None => {
            let joined = hub::subscribe(&app.feed, &location, &filter, &subscriber).await;
            let joined = joined.ok_or_else(|| Problem::unavailable("the server is stopping"))?;
            subscriber.begin(joined.now);
            subscriber.caught_up(joined.position);
        }
        Some(after) => {
            subscriber.begin(after);
            // Before the answer begins, so that the request can still be refused.
            let reading = app.feed.catch_ups.begin(&location, &filter);
            let first = page(app, &reading, after, app.store.head()).await?;
            let behind = Behind { location, filter, subscriber, reading };
            tokio::spawn(behind.catch_up(Arc::clone(app), first));
        }
    }
    let mut response = warp::reply::stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would otherwise buffer the stream.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    Ok(response)
}

/// Returns the event after which the stream begins, or `None` for now.
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

/// Changes as they are sent, complete up to an event.
struct Page {
    upto: Seq,
    text: Bytes,
}

/// Reads the changes after `after` and up to `upto`.
async fn page(app: &Arc<App>, reading: &CatchUp, after: Seq, upto: Seq) -> Result<Page, Problem> {
    if after >= upto {
        return Ok(Page { upto: after, text: Bytes::new() });
    }
    let (epoch, stats) = (app.store.epochs().mark(), Arc::clone(&app.feed.stats));
    let render = move |page: ChangePage| {
        let mut text = Vec::new();
        for applied in &page.events {
            give_way();
            sse::write_change(applied, epoch, &mut text);
        }
        Page { upto: page.upto, text: stats.chunk(text) }
    };
    reading.read_page((after, upto), PAGE_CHANGES, render).await
}

/// A subscriber that is sent past events.
struct Behind {
    location: Box<str>,
    filter: ChangeFilter,
    subscriber: Arc<Subscriber>,
    reading: CatchUp,
}

impl Behind {
    /// Sends past events until the subscriber can be sent new ones.
    async fn catch_up(self, app: Arc<App>, first: Page) {
        let Self { location, filter, subscriber, reading } = self;
        let mut read: Result<Page, Problem> = Ok(first);
        let mut joined = None;
        loop {
            let at = match read {
                Ok(page) => {
                    tokio::select! {
                        () = subscriber.catch_up(page.upto, page.text) => {}
                        () = app.feed.ended() => subscriber.end("shutdown", SHUTDOWN.to_owned()),
                    }
                    page.upto
                }
                Err(problem) => {
                    return subscriber.end(problem.code.as_str(), problem.detail.into());
                }
            };
            if subscriber.is_over() {
                return;
            }
            if !app.policy.still_grants(&subscriber.grant) {
                return subscriber.end("unauthorized", "the token was revoked".to_owned());
            }
            let head = app.store.head();
            // New events are queued from then on: so little may be left to read.
            if joined.is_none() && head.saturating_sub(at) < PAGE_CHANGES as Seq {
                joined = hub::subscribe(&app.feed, &location, &filter, &subscriber).await;
                if joined.is_none() {
                    return subscriber.end("shutdown", SHUTDOWN.to_owned());
                }
            }
            match &joined {
                Some(joined) if at >= joined.now => {
                    return subscriber.caught_up(Arc::clone(&joined.position));
                }
                Some(joined) => read = page(&app, &reading, at, joined.now).await,
                None => read = page(&app, &reading, at, head).await,
            }
        }
    }
}
