//! `GET …/history` and `GET …/events`.

use std::sync::Arc;

use crate::api::{EventsResponse, HistoryResponse, read_before_cursor};
use crate::graph::Order;
use crate::http::app::App;
use crate::http::execute;
use crate::http::extract::params::Query;
use crate::http::extract::request::Request;
use crate::http::extract::{location, params};
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{PageLimit, Subject};

pub(crate) async fn list_history(app: &Arc<App>, request: Request<'_>) -> Answer {
    let query = &request.query;
    query.deny_unknown(&["of", "relation", "association", "order", "limit", "cursor"])?;
    let (relation, association) = (query.get("relation")?, query.get("association")?);
    let node = query.get("of")?.map(|_| query.node("of")).transpose()?;
    let subject = match (node, relation, association) {
        (Some(node), None, None) => Subject::Node(node),
        (None, Some(id), None) => Subject::Relation(id.to_owned()),
        (None, None, Some(id)) => Subject::Association(id.to_owned()),
        _ => {
            let why = "or `relation` or `association`: one of the three says whose history";
            return Err(Problem::invalid_parameter("of", why));
        }
    };
    let (limit, place) = (query.limit()?, history_place(query)?);
    let location = location::find(app, &request).await?;
    let limit = PageLimit { events: limit, bytes: app.limits.answer_bytes };
    let client = request.grant.client(location.id().as_str());
    execute::read_journal(app, &client, move |store, stop| {
        let (seq, id) = (store.head(), location.id().as_str());
        let page = match place {
            Place::After(after) => store.history_until(id, &subject, after, limit, stop),
            // What comes from now on is not in this answer.
            Place::Before(before) => {
                let before = before.min(seq.saturating_add(1));
                store.history_newest_until(id, &subject, before, limit, stop)
            }
        }?;
        // What was deleted long ago is known to its events alone.
        if page.is_empty() && !subject.is_known_to(&location.read()) {
            return Err(Problem::not_found("no event has named this"));
        }
        json(&HistoryResponse::new(&page, seq))
    })
    .await?
}

/// Where a page of a history begins, and in which direction it goes.
enum Place {
    After(Seq),
    Before(Seq),
}

fn history_place(query: &Query<'_>) -> Result<Place, Problem> {
    let order = query.get_enum("order", "oldest, newest")?.unwrap_or_default();
    let before = query.get("cursor")?.map(read_before_cursor);
    match (order, before) {
        (Order::Newest, None) => Ok(Place::Before(Seq::MAX)),
        (Order::Newest, Some(Some(seq))) => Ok(Place::Before(seq)),
        (Order::Oldest, None | Some(None)) => Ok(Place::After(query.number_cursor()?)),
        (Order::Oldest, Some(Some(_))) => Err(params::of_other_order()),
        (Order::Newest, Some(None)) => {
            query.number_cursor()?;
            Err(params::of_other_order())
        }
    }
}

pub(crate) async fn list_events(app: &Arc<App>, request: Request<'_>) -> Answer {
    let query = &request.query;
    query.deny_unknown(&["after", "limit", "cursor"])?;
    let limit = query.limit()?;
    let after = match query.get("cursor")? {
        Some(_) => query.event_id("cursor")?,
        None => query.event_id("after")?,
    };
    let after = after.map_or(Ok(0), |id| app.store.epochs().resolve(id))?;
    let location = location::find(app, &request).await?;
    let limit = PageLimit { events: limit, bytes: app.limits.answer_bytes };
    let client = request.grant.client(location.id().as_str());
    execute::read_journal(app, &client, move |store, stop| {
        let seq = store.head();
        let page = store.events_until(location.id().as_str(), after, limit, stop)?;
        json(&EventsResponse::new(&page, after, seq, store.epochs().mark()))
    })
    .await?
}
