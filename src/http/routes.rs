//! Every route of the API, in one table.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use warp::filters::BoxedFilter;
use warp::http::header::{AUTHORIZATION, HeaderName};
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Buf, Filter};

use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::auth::{cors, cross_site};
use crate::http::execute as asking;
use crate::http::execute::{PreparedQuery, PreparedRead};
use crate::http::extract::json_body;
use crate::http::extract::location;
use crate::http::extract::params::Query;
use crate::http::extract::request;
use crate::http::extract::request::Request;
use crate::http::handlers::dead_letters::Action;
use crate::http::handlers::history::JournalQuery;
use crate::http::handlers::{
    associations, changes, dead_letters, diff, docs, doctor, export, health, history, import,
    links, locations, metrics, objects, tickets, traversals, webhooks,
};
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::http::server::request_id;
use crate::journal::Scope;
use crate::store::AsOf;

/// The epoch that the seqs of an answer are of; in a request, the one that it must be
/// answered from.
const EPOCH: HeaderName = HeaderName::from_static("relata-epoch");

/// One path and a method that it answers to.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The scope of a token that it needs; nothing where tokens do not matter.
    pub scope: Option<Scope>,
    handler: Handler,
}

#[derive(Debug, Clone, Copy)]
enum Handler {
    /// Reads memory alone, and little of it.
    Read(fn(&App, &Request<'_>) -> Answer),
    /// Reads little of a location's graph as it stands.
    ReadGraph(fn(&App, &Request<'_>) -> Result<PreparedRead, Problem>),
    /// Asks a question of a location.
    Ask(fn(&Request<'_>) -> Result<PreparedQuery, Problem>),
    /// The same, with a body.
    AskBody(fn(&[u8], Option<AsOf>) -> Result<PreparedQuery, Problem>),
    /// Reads the journal.
    JournalQuery(fn(&App, &Request<'_>) -> Result<JournalQuery, Problem>),
    /// Compares two moments.
    Diff,
    /// Streams from a blocking thread.
    Export,
    /// Goes on as long as the client wants.
    Changes,
    /// Takes a body and waits for the disk.
    Receive,
    /// Takes many events and waits for the disk.
    Import,
    /// Takes a body and changes nothing.
    Examine,
    /// Reads or changes the disk.
    DeadLetters(Action),
    /// Erases a location.
    Erase,
    /// Reads the state of the server.
    Metrics,
    /// Reads every location.
    Locations,
}

const fn get(path: &'static str, handler: fn(&App, &Request<'_>) -> Answer) -> Route {
    Route { method: "GET", path, scope: Some(Scope::Read), handler: Handler::Read(handler) }
}

const fn read_graph(
    path: &'static str,
    handler: fn(&App, &Request<'_>) -> Result<PreparedRead, Problem>,
) -> Route {
    Route { method: "GET", path, scope: Some(Scope::Read), handler: Handler::ReadGraph(handler) }
}

const fn open(path: &'static str, handler: fn(&App, &Request<'_>) -> Answer) -> Route {
    Route { scope: None, ..get(path, handler) }
}

const fn ask(
    path: &'static str,
    handler: fn(&Request<'_>) -> Result<PreparedQuery, Problem>,
) -> Route {
    Route { method: "GET", path, scope: Some(Scope::Read), handler: Handler::Ask(handler) }
}

const fn ask_body(
    path: &'static str,
    handler: fn(&[u8], Option<AsOf>) -> Result<PreparedQuery, Problem>,
) -> Route {
    Route { method: "POST", path, scope: Some(Scope::Read), handler: Handler::AskBody(handler) }
}

const fn look(
    path: &'static str,
    handler: fn(&App, &Request<'_>) -> Result<JournalQuery, Problem>,
) -> Route {
    Route { method: "GET", path, scope: Some(Scope::Read), handler: Handler::JournalQuery(handler) }
}

/// Who sends is told by signatures, not by tokens.
const fn receive(path: &'static str) -> Route {
    Route { method: "POST", path, scope: None, handler: Handler::Receive }
}

const fn letters(method: &'static str, path: &'static str, scope: Scope, action: Action) -> Route {
    Route { method, path, scope: Some(scope), handler: Handler::DeadLetters(action) }
}

impl Route {
    /// Whether it reads a graph, so that one may ask it to wait for an event.
    fn reads(&self) -> bool {
        let reads = match self.handler {
            Handler::Read(_)
            | Handler::Locations
            | Handler::Diff
            | Handler::Export
            | Handler::Changes => self.scope.is_some(),
            Handler::ReadGraph(_)
            | Handler::Ask(_)
            | Handler::AskBody(_)
            | Handler::JournalQuery(_) => true,
            Handler::Receive
            | Handler::Import
            | Handler::Examine
            | Handler::DeadLetters(_)
            | Handler::Erase
            | Handler::Metrics => false,
        };
        reads && self.path.starts_with("/v1/")
    }

    /// Returns whether whoever asks must show who they are. What shows nothing of the
    /// store and changes nothing counts as if so.
    fn is_protected(&self, app: &App) -> bool {
        match self.handler {
            Handler::Receive => app.policy.webhook_auth,
            _ => self.scope.is_none() || app.policy.tokens.is_some(),
        }
    }

    /// Whether its query is passed over: who sends deliveries does not choose the
    /// address, and what the query holds may be a secret.
    fn ignores_query(&self) -> bool {
        self.path.starts_with("/webhooks")
    }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    receive("/webhooks"),
    receive("/webhooks/{eventType}"),
    // Set-up pages try the address before they save it.
    open("/webhooks", health::alive),
    open("/webhooks/{eventType}", health::alive),
    Route {
        method: "GET",
        path: "/v1/locations",
        scope: Some(Scope::Read),
        handler: Handler::Locations,
    },
    Route {
        method: "DELETE",
        path: "/v1/locations/{locationId}",
        scope: Some(Scope::Admin),
        handler: Handler::Erase,
    },
    read_graph("/v1/locations/{locationId}/objects", objects::list),
    read_graph("/v1/locations/{locationId}/associations", associations::list),
    read_graph("/v1/locations/{locationId}/associations/{id}", associations::one),
    read_graph("/v1/locations/{locationId}/objects/{objectKey}/records", objects::records),
    ask("/v1/locations/{locationId}/objects/{objectKey}/links", links::list),
    ask("/v1/locations/{locationId}/objects/{objectKey}/records/{recordId}/links", links::list),
    ask_body("/v1/locations/{locationId}/links", links::batch),
    ask("/v1/locations/{locationId}/labels", links::labels),
    ask_body("/v1/locations/{locationId}/match", traversals::matches),
    ask_body("/v1/locations/{locationId}/walk", traversals::walk),
    ask("/v1/locations/{locationId}/path", traversals::path),
    ask("/v1/locations/{locationId}/neighborhood", traversals::neighborhood),
    ask("/v1/locations/{locationId}/summary", traversals::summary),
    Route {
        method: "GET",
        path: "/v1/locations/{locationId}/diff",
        scope: Some(Scope::Read),
        handler: Handler::Diff,
    },
    look("/v1/locations/{locationId}/history", history::history),
    look("/v1/locations/{locationId}/events", history::events),
    Route {
        method: "GET",
        path: "/v1/locations/{locationId}/changes",
        scope: Some(Scope::Read),
        handler: Handler::Changes,
    },
    Route { method: "POST", ..get("/v1/tickets", tickets::issue_ticket) },
    Route {
        method: "GET",
        path: "/v1/locations/{locationId}/export",
        scope: Some(Scope::Read),
        handler: Handler::Export,
    },
    Route {
        method: "POST",
        path: "/v1/import",
        scope: Some(Scope::Write),
        handler: Handler::Import,
    },
    letters("GET", "/v1/dead-letters", Scope::Read, Action::List),
    letters("POST", "/v1/dead-letters/replay", Scope::Write, Action::ReplayAll),
    letters("GET", "/v1/dead-letters/{id}", Scope::Read, Action::Show),
    letters("DELETE", "/v1/dead-letters/{id}", Scope::Write, Action::Delete),
    letters("POST", "/v1/dead-letters/{id}/replay", Scope::Write, Action::Replay),
    Route {
        method: "POST",
        path: "/v1/doctor",
        scope: Some(Scope::Read),
        handler: Handler::Examine,
    },
    open("/healthz", health::alive),
    open("/readyz", health::ready),
    Route { method: "GET", path: "/metrics", scope: Some(Scope::Read), handler: Handler::Metrics },
    open("/openapi.json", docs::document),
    open("/docs", docs::page),
];

/// The routes by path.
type Table = matchit::Router<Vec<&'static Route>>;

fn table() -> Result<Table, matchit::InsertError> {
    let mut table = Table::new();
    let mut paths: Vec<&'static str> = Vec::new();
    for Route { path, .. } in ROUTES {
        if !paths.contains(path) {
            paths.push(path);
            table.insert(*path, ROUTES.iter().filter(|route| route.path == *path).collect())?;
        }
    }
    Ok(table)
}

/// The whole API as one warp filter.
///
/// # Panics
///
/// If two routes of the table contradict each other, which a test rules out.
#[expect(clippy::expect_used, reason = "the table is a constant")]
pub fn routes(app: Arc<App>) -> BoxedFilter<(Response,)> {
    let table = Arc::new(table().expect("the routes do not contradict each other"));
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
                let asked =
                    RequestLine { method: &method, path: path.as_str(), query: &query, id: &id };
                let begun = Instant::now();
                let page = app.policy.cors.allowed(&headers);
                let (route, answer) = match find(&table, &asked) {
                    Err(_) if page.is_some() && cors::is_preflight(&method, &headers) => {
                        (None, preflight(&table, &asked, &headers))
                    }
                    Ok(found) => {
                        let route = found.route;
                        (Some(route), dispatch(&app, found, &asked, headers, body).await)
                    }
                    Err(problem) => (None, Err(problem)),
                };
                let mut response = answer.unwrap_or_else(|problem| refuse(&asked, problem));
                if route.is_some_and(Route::reads) {
                    response.headers_mut().insert(EPOCH, app.epoch.clone());
                }
                let (route, path) = route.map_or(("", ""), |route| (route.method, route.path));
                app.metrics.answered(route, path, response.status(), begun.elapsed());
                app.policy.cors.mark(&mut response, page);
                request_id::tell(&mut response, id);
                Ok::<_, Infallible>(response)
            }
        })
        .map(|Ok(response): Result<Response, Infallible>| response)
        .boxed()
}

/// The first line of a request, and its id.
struct RequestLine<'r> {
    method: &'r Method,
    path: &'r str,
    query: &'r str,
    id: &'r str,
}

/// The route of a request, and what its path names.
struct MatchedRoute<'r> {
    route: &'static Route,
    parameters: Vec<(&'r str, Cow<'r, str>)>,
}

fn find<'r>(table: &'r Table, asked: &RequestLine<'r>) -> Result<MatchedRoute<'r>, Problem> {
    let matched = table.at(asked.path).map_err(|_| no_such_path())?;
    let route = choose(matched.value, asked.method)?;
    Ok(MatchedRoute { route, parameters: request::parameters(&matched.params)? })
}

/// Returns what a request may do: as its token says, or for changes a ticket.
fn authorize(
    app: &App,
    route: &Route,
    headers: &HeaderMap,
    query: &mut Result<Query<'_>, Problem>,
) -> Result<Grant, Problem> {
    let Some(need) = route.scope else { return Ok(Grant::ALL) };
    let ticket = match (route.handler, query) {
        (Handler::Changes, Ok(query)) if !headers.contains_key(AUTHORIZATION) => {
            query.take_ticket()?
        }
        _ => None,
    };
    let Some(ticket) = ticket else { return app.policy.authorize(headers, need) };
    let grant = app.tickets.redeem(&ticket, Instant::now());
    grant.filter(|grant| app.policy.still_grants(grant)).ok_or_else(|| {
        Problem::unauthorized(
            "this ticket was used, has expired or never was: get a new one with `POST /v1/tickets`",
        )
    })
}

async fn dispatch<S, B>(
    app: &Arc<App>,
    target: MatchedRoute<'_>,
    asked: &RequestLine<'_>,
    headers: HeaderMap,
    body: S,
) -> Answer
where
    S: futures_util::Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let MatchedRoute { route, parameters } = target;
    if !route.is_protected(app) {
        cross_site::check(&headers, &app.policy)?;
    }
    let mut query = Query::parse(if route.ignores_query() { "" } else { asked.query });
    let grant = authorize(app, route, &headers, &mut query)?;
    let mut query = query?;
    let min_seq = if route.reads() { query.take_min_seq()? } else { None };
    let request = Request { parameters, query, headers, grant, id: asked.id };
    let location = request.segment("locationId");
    if !location.is_empty() && !request.grant.sees(location) {
        // Before anything is looked up: whether there is such a location is not told.
        return Err(Problem::forbidden("the token is not good for this location"));
    }
    if request.headers.get(EPOCH).is_some_and(|epoch| route.reads() && *epoch != app.epoch) {
        let detail = "the store was restored from a copy, or is another one: its seqs are not \
                      those of the epoch in Relata-Epoch";
        return Err(Problem::gone("restored", detail));
    }
    if let Some(seq) = min_seq {
        app.wait_for(seq).await?;
    }
    match route.handler {
        Handler::Read(read) => read(app, &request),
        Handler::Ask(read) => {
            let question = read(&request)?;
            let location = location::find(&app.store, &request)?;
            asking::answer(app, &request.grant, location, question).await
        }
        Handler::AskBody(read) => {
            let limit = app.limits.question_bytes;
            request.query.only(&["asOf"])?;
            let as_of = request.query.as_of()?;
            let read = move |body: &[u8]| read(body, as_of);
            let (question, _held) =
                json_body::receive(app, &request.headers, body, limit, read).await?;
            let location = location::find(&app.store, &request)?;
            asking::answer(app, &request.grant, location, question).await
        }
        Handler::JournalQuery(read) => {
            let (look, client) = (read(app, &request)?, request.grant.client(location));
            asking::look(app, &client, look).await?
        }
        Handler::ReadGraph(read) => asking::read(app, read(app, &request)?).await,
        Handler::Diff => diff::diff(app, &request).await,
        Handler::Changes => changes::changes(app, &request).await,
        Handler::Export => export::export(app, &request).await,
        Handler::Receive => webhooks::receive(Arc::clone(app), request, body).await,
        Handler::Import => import::import(Arc::clone(app), request, body).await,
        Handler::Examine => doctor::examine(Arc::clone(app), request, body).await,
        Handler::DeadLetters(action) => {
            dead_letters::handle(action, Arc::clone(app), request).await
        }
        Handler::Erase => locations::erase(app, &request).await,
        Handler::Metrics => metrics::show_metrics(app, &request).await,
        Handler::Locations => locations::list(app, &request).await,
    }
}

/// The route of this method, or which methods there are.
fn choose(routes: &[&'static Route], method: &Method) -> Result<&'static Route, Problem> {
    let answers = |route: &&&'static Route| {
        *method == route.method || (route.method == "GET" && *method == Method::HEAD)
    };
    let found = routes.iter().find(answers).copied();
    found.ok_or_else(|| Problem::method_not_allowed(&methods(routes)))
}

fn methods(routes: &[&'static Route]) -> String {
    let names = routes.iter().map(|route| match route.method {
        "GET" => "GET, HEAD",
        other => other,
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Tells a browser what a page may ask of a path.
fn preflight(table: &Table, asked: &RequestLine<'_>, headers: &HeaderMap) -> Answer {
    let matched = table.at(asked.path).map_err(|_| no_such_path())?;
    Ok(cors::allow(headers, &methods(matched.value)))
}

fn no_such_path() -> Problem {
    Problem::not_found("there is no such path")
}

/// Answers with a problem, and logs one line about it.
fn refuse(asked: &RequestLine<'_>, problem: Problem) -> Response {
    let (method, path) = (asked.method, asked.path);
    let trace_id = problem.trace_id.as_deref().unwrap_or(asked.id);
    let (code, field) = (problem.code, problem.field.as_deref());
    let outline = problem.outline.as_deref();
    let event = outline.and_then(|outline| outline.event.as_deref());
    let location = outline.and_then(|outline| outline.location.as_deref());
    let detail = &*problem.detail;
    // One that blames a parameter, as `minSeq`, is no failure of ours.
    if problem.status.is_server_error() && field.is_none() {
        tracing::error!(%method, path, code, field, event, location, trace_id, detail, "request failed");
    } else {
        tracing::info!(%method, path, code, field, event, location, trace_id, "request refused");
    }
    problem.into_response(asked.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_contradict_each_other() {
        let table = table().unwrap();
        for route in ROUTES {
            let found = table.at(route.path).unwrap();
            let same = found.value.iter().filter(|other| other.method == route.method);
            assert_eq!(same.count(), 1, "{} {}", route.method, route.path);
        }
    }
}
