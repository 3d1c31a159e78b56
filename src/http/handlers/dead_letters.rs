//! `/v1/dead-letters`: authentic deliveries that could not be used.

use std::sync::Arc;

use warp::http::StatusCode;

use crate::api::{
    DeadLetterItem, DeadLetterResponse, DeadLettersResponse, PageInfo, ReceiptResponse,
    ReplayResponse,
};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::request::Request;
use crate::http::limits::background::give_way;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::journal::{DeadLetter, DeadLetterSummary};
use crate::store::{IngestError, ReplayError, Store};
use crate::webhook::UrlTypes;

/// Number of letters that are read from the disk at once.
const CHUNK: usize = 100;

pub(crate) async fn list_dead_letters(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.number_cursor()?);
    let (store, grant) = (Arc::clone(&app.store), request.grant);
    in_background(app, move || list(&store, &grant, limit, after)).await
}

pub(crate) async fn show_dead_letter(app: &Arc<App>, request: Request<'_>) -> Answer {
    with_letter(app, request, |_, letter| json(&DeadLetterResponse::new(letter))).await
}

pub(crate) async fn replay_dead_letter(app: &Arc<App>, request: Request<'_>) -> Answer {
    let (url_types, trace_id) = (app.policy.url_types(), request.id.to_owned());
    with_letter(app, request, move |store, letter| {
        let receipt = store.replay_dead_letter(letter.summary.id, url_types)?;
        json(&ReceiptResponse::new(&receipt.ok_or_else(not_found)?, &trace_id))
    })
    .await
}

pub(crate) async fn delete_dead_letter(app: &Arc<App>, request: Request<'_>) -> Answer {
    with_letter(app, request, |store, letter| {
        if !store.delete_dead_letter(letter.summary.id)? {
            return Err(not_found());
        }
        let mut response = warp::reply::Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    })
    .await
}

pub(crate) async fn replay_all_dead_letters(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let (store, url_types) = (Arc::clone(&app.store), app.policy.url_types());
    let grant = request.grant;
    in_background(app, move || json(&replay_all(&store, &grant, url_types)?)).await
}

/// Runs work on the letter that the path names, if the request may see it.
async fn with_letter(
    app: &Arc<App>,
    request: Request<'_>,
    work: impl FnOnce(&Store, &DeadLetter) -> Answer + Send + 'static,
) -> Answer {
    request.query.deny_unknown(&[])?;
    let id: u64 = request.path_param("id").parse().map_err(|_| not_found())?;
    let (store, grant) = (Arc::clone(&app.store), request.grant);
    in_background(app, move || {
        let letter = store.dead_letter(id)?.filter(|letter| sees(&grant, &letter.summary));
        work(&store, &letter.ok_or_else(not_found)?)
    })
    .await
}

/// Runs work that waits for the disk, and may have many letters to read, where it delays nobody.
async fn in_background(app: &App, work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    app.background.spawn(work).await.map_err(Problem::unavailable)?
}

fn not_found() -> Problem {
    Problem::not_found("there is no such dead letter")
}

/// Returns whether a grant sees a letter. One that names no location is for those who see
/// all.
fn sees(grant: &Grant, letter: &DeadLetterSummary) -> bool {
    match &letter.location {
        Some(location) => grant.sees(location),
        None => grant.sees_all(),
    }
}

/// Calls `each` with every letter after this id that may be seen, until it returns `false`.
fn each_seen(
    store: &Store,
    grant: &Grant,
    mut after: u64,
    mut each: impl FnMut(DeadLetterSummary) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    loop {
        let chunk = store.dead_letters(after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = last.id;
        for letter in chunk {
            give_way();
            if sees(grant, &letter) && !each(letter)? {
                return Ok(());
            }
        }
    }
}

fn list(store: &Store, grant: &Grant, limit: usize, after: u64) -> Answer {
    let mut letters = Vec::new();
    each_seen(store, grant, after, |letter| {
        letters.push(letter);
        Ok(letters.len() <= limit)
    })?;
    let next = letters.get(limit).and_then(|_| letters.get(limit - 1)).map(|last| last.id);
    letters.truncate(limit);
    let totals = store.dead_letter_totals()?;
    let all = grant.sees_all();
    json(&DeadLettersResponse {
        dead_letters: letters.iter().map(DeadLetterItem::new).collect(),
        listed: PageInfo::new(next.map(|id| id.to_string()), store.head()),
        total: all.then_some(totals.letters),
        dropped: all.then_some(totals.dropped),
    })
}

/// Replays every letter; ends at the first that cannot be written.
fn replay_all(
    store: &Store,
    grant: &Grant,
    url_types: UrlTypes,
) -> Result<ReplayResponse, Problem> {
    let mut replayed = ReplayResponse::default();
    each_seen(store, grant, 0, |letter| {
        match store.replay_dead_letter(letter.id, url_types) {
            Ok(Some(_)) => replayed.accepted += 1,
            Ok(None) => {}
            Err(ReplayError::Ingest(
                IngestError::Unreadable(_) | IngestError::LimitReached { .. },
            )) => replayed.refused += 1,
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    })?;
    Ok(replayed)
}
