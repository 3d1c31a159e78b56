//! Matches requests to routes, authorizes them, has them answered or refuses them.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use futures_util::Stream;
use warp::filters::BoxedFilter;
use warp::http::header::AUTHORIZATION;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Buf, Filter};

use crate::http::app::{App, EPOCH};
use crate::http::auth::token::Grant;
use crate::http::auth::{cors, cross_site};
use crate::http::compat::dispatch as compat;
use crate::http::execute;
use crate::http::extract::body::Body;
use crate::http::extract::params::Query;
use crate::http::extract::request;
use crate::http::extract::request::{Request, RequestLine};
use crate::http::metrics::recorder::RouteCounts;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::http::routes::{Api, Handler, Kind, ROUTES, Route};
use crate::http::server::request_id;
use crate::model::{EventId, Seq};

impl Route {
    /// Returns whether it reads the store, so that a request may wait for an event.
    fn reads(&self) -> bool {
        matches!(self.api, Api::Own(Kind::Read | Kind::Follow, _))
    }

    /// Returns whether requests are authenticated. Routes that show nothing of the store
    /// and change nothing need not be, and count as if they were.
    fn is_protected(&self, app: &App) -> bool {
        match self.api {
            Api::Own(Kind::Open, _) => true,
            Api::Own(Kind::Delivery, _) => app.policy.webhook_auth,
            Api::Own(Kind::Read | Kind::Follow | Kind::Operator, _) | Api::Compat(_) => {
                app.policy.tokens.is_some()
            }
        }
    }

    /// Returns whether its query is ignored: the senders of deliveries do not choose the
    /// address, and its query may hold a secret.
    fn ignores_query(&self) -> bool {
        self.path.starts_with("/webhooks")
    }
}

/// A route in the table, and what is counted of it.
struct ServedRoute {
    route: &'static Route,
    counts: RouteCounts,
}

impl ServedRoute {
    fn new(route: &'static Route) -> Self {
        Self { route, counts: RouteCounts::default() }
    }
}

/// The routes by path.
type RouteTable = matchit::Router<Vec<ServedRoute>>;

/// Returns the table of all routes, with or without those of the sender's API.
fn table(has_compat: bool) -> Result<RouteTable, matchit::InsertError> {
    let mut table = RouteTable::new();
    let mut paths: Vec<&'static str> = Vec::new();
    for Route { path, .. } in ROUTES.iter().filter(|route| has_compat || !route.is_compat()) {
        if paths.contains(path) {
            continue;
        }
        paths.push(path);
        let of_path = || ROUTES.iter().filter(|route| route.path == *path);
        let served = || of_path().map(ServedRoute::new).collect();
        if of_path().all(|route| !route.is_compat()) {
            table.insert(*path, served())?;
            continue;
        }
        for spelling in compat::spellings(path) {
            table.insert(spelling, served())?;
        }
    }
    Ok(table)
}

/// Returns the whole API as one warp filter.
///
/// # Panics
///
/// If two routes of the table contradict each other, which a test rules out.
#[expect(clippy::expect_used, reason = "the table is a constant")]
pub fn routes(app: Arc<App>) -> BoxedFilter<(Response,)> {
    let table = table(app.has_compat).expect("the routes do not contradict each other");
    let table = Arc::new(table);
    let raw_query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(raw_query)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |method: Method, path: FullPath, query: String, headers: HeaderMap, body| {
            let (app, table) = (Arc::clone(&app), Arc::clone(&table));
            async move {
                let id = request_id::of(&app.trace_ids, &headers);
                let line =
                    RequestLine { method: &method, path: path.as_str(), query: &query, id: &id };
                let mut response = respond(&app, &table, &line, headers, body).await;
                request_id::insert(&mut response, id);
                Ok::<_, Infallible>(response)
            }
        })
        .map(|Ok(response): Result<Response, Infallible>| response)
        .boxed()
}

/// Answers a request, and counts the answer.
async fn respond<S, B>(
    app: &Arc<App>,
    table: &RouteTable,
    line: &RequestLine<'_>,
    headers: HeaderMap,
    body: S,
) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    let begun = Instant::now();
    let is_compat = app.has_compat && compat::covers(line.path);
    let page = if is_compat { None } else { app.policy.cors.allowed(&headers) };
    let (served, answer) = match find(table, line) {
        Err(_) if is_compat => (None, Ok(compat::refuse_unknown(line))),
        Err(_) if page.is_some() && cors::is_preflight(line.method, &headers) => {
            (None, preflight(table, line, &headers))
        }
        Ok(found) => {
            let served = found.served;
            (Some(served), dispatch(app, found, line, headers, body).await)
        }
        Err(problem) => (None, Err(problem)),
    };
    let mut response = answer.unwrap_or_else(|problem| refuse(line, problem));
    if served.is_some_and(|served| served.route.reads()) {
        response.headers_mut().insert(EPOCH, app.epoch.clone());
    }
    let name = served.map_or(("", ""), |ServedRoute { route, .. }| (route.method, route.path));
    let counts = served.map(|served| &served.counts);
    app.metrics.answered(name, response.status(), begun.elapsed(), counts);
    app.policy.cors.mark(&mut response, page);
    response
}

/// The route of a request, and the parameters in its path.
struct MatchedRoute<'r> {
    served: &'r ServedRoute,
    parameters: Vec<(&'r str, Cow<'r, str>)>,
}

fn find<'r>(table: &'r RouteTable, line: &RequestLine<'r>) -> Result<MatchedRoute<'r>, Problem> {
    let matched = table.at(line.path).map_err(|_| no_such_path())?;
    let served = choose(matched.value, line.method)?;
    Ok(MatchedRoute { served, parameters: request::parameters(&matched.params)? })
}

/// Returns the route of this method, or a problem that lists the methods there are.
fn choose<'r>(routes: &'r [ServedRoute], method: &Method) -> Result<&'r ServedRoute, Problem> {
    let answers = |ServedRoute { route, .. }: &&ServedRoute| {
        let is_head = *method == Method::HEAD && route.method == "GET" && !route.is_compat();
        *method == route.method || is_head
    };
    let found = routes.iter().find(answers);
    found.ok_or_else(|| Problem::method_not_allowed(&methods(routes)))
}

fn methods(routes: &[ServedRoute]) -> String {
    let names = routes.iter().map(|served| match served.route.method {
        "GET" => "GET, HEAD",
        other => other,
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Answers a browser that asks which methods a page may use on a path.
fn preflight(table: &RouteTable, line: &RequestLine<'_>, headers: &HeaderMap) -> Answer {
    let matched = table.at(line.path).map_err(|_| no_such_path())?;
    Ok(cors::allow(headers, &methods(matched.value)))
}

fn no_such_path() -> Problem {
    Problem::not_found("there is no such path")
}

async fn dispatch<S, B>(
    app: &Arc<App>,
    matched: MatchedRoute<'_>,
    line: &RequestLine<'_>,
    headers: HeaderMap,
    body: S,
) -> Answer
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    let route = matched.served.route;
    let handler = match route.api {
        Api::Own(_, handler) => handler,
        Api::Compat(handler) => {
            let (scope, parameters, body) = (route.scope, matched.parameters, Body::new(body));
            return Ok(compat::answer(app, handler, scope, parameters, *line, headers, body).await);
        }
    };
    let (request, min_seq) = admit(app, matched, line, headers)?;
    match min_seq {
        Some(seq) => app.wait_for(seq).await?,
        None if app.store.is_shared() => app.look_for(named_event(&request)).await,
        None => {}
    }
    match handler {
        Handler::Inline(answer) => answer(app, &request),
        Handler::Query(prepare) => execute::answer_query(app, &request, prepare(&request)?).await,
        Handler::Async(answer) => answer(app, request, Body::new(body)).await,
    }
}

/// Returns a request that may be answered, and the event that it waits for.
fn admit<'r>(
    app: &App,
    matched: MatchedRoute<'r>,
    line: &RequestLine<'r>,
    headers: HeaderMap,
) -> Result<(Request<'r>, Option<Seq>), Problem> {
    let MatchedRoute { served: ServedRoute { route, .. }, parameters } = matched;
    if !route.is_protected(app) {
        cross_site::check(&headers, &app.policy)?;
    }
    let mut query = Query::parse(if route.ignores_query() { "" } else { line.query });
    let grant = authorize(app, route, &headers, &mut query)?;
    let mut query = query?;
    let min_seq = if route.reads() { query.take_min_seq()? } else { None };
    let request = Request { parameters, query, headers, grant, id: line.id };
    let location = request.path_param("locationId");
    if !location.is_empty() && !request.grant.sees(location) {
        // Before anything is looked up, so that it cannot show whether the location exists.
        return Err(Problem::forbidden("the token is not valid for this location"));
    }
    if route.reads() {
        app.check_epoch(&request.headers)?;
    }
    Ok((request, min_seq))
}

/// Returns the latest event that a request names, which another server may have answered with.
fn named_event(request: &Request<'_>) -> Option<Seq> {
    let parameters = ["asOf", "after", "before", "from", "to"];
    let named = parameters.into_iter().filter_map(|name| request.query.get(name).ok().flatten());
    let header = request.headers.get(request::LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let ids = named.chain(header).filter_map(|text| text.parse::<EventId>().ok());
    ids.map(|id| id.seq).max()
}

/// Returns what the token of a request grants, or its ticket where the route takes one.
fn authorize(
    app: &App,
    route: &Route,
    headers: &HeaderMap,
    query: &mut Result<Query<'_>, Problem>,
) -> Result<Grant, Problem> {
    let Some(need) = route.scope else { return Ok(Grant::ALL) };
    let ticket = match (route.api, query) {
        (Api::Own(Kind::Follow, _), Ok(query)) if !headers.contains_key(AUTHORIZATION) => {
            query.take_ticket()?
        }
        _ => None,
    };
    let Some(ticket) = ticket else { return app.policy.authorize(headers, need) };
    let grant = app.tickets.redeem(&ticket, Instant::now());
    grant.filter(|grant| app.policy.still_grants(grant)).ok_or_else(|| {
        Problem::unauthorized(
            "the ticket is not valid, was used or has expired: get a new one with `POST /v1/tickets`",
        )
    })
}

/// Answers with a problem, and logs one line about it.
fn refuse(line: &RequestLine<'_>, problem: Problem) -> Response {
    let (method, path) = (line.method, line.path);
    let trace_id = problem.trace_id.as_deref().unwrap_or(line.id);
    let (code, field) = (problem.code.as_str(), problem.field.as_deref());
    let summary = problem.summary.as_deref();
    let event = summary.and_then(|summary| summary.event.as_deref());
    let location = summary.and_then(|summary| summary.location.as_deref());
    let detail = &*problem.detail;
    // A problem that blames a parameter, such as `minSeq`, is no failure of the server.
    if problem.status.is_server_error() && field.is_none() {
        tracing::error!(%method, path, code, field, event, location, trace_id, detail, "request failed");
    } else {
        tracing::info!(%method, path, code, field, event, location, trace_id, "request refused");
    }
    problem.into_response(line.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_contradict_each_other() {
        for has_compat in [true, false] {
            let table = table(has_compat).unwrap();
            for route in ROUTES {
                let count = table.at(route.path).map_or(0, |found| {
                    found.value.iter().filter(|other| other.route.method == route.method).count()
                });
                let expected = usize::from(has_compat || !route.is_compat());
                assert_eq!(count, expected, "{} {}", route.method, route.path);
            }
        }
    }
}
