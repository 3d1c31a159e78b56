//! Every route of the API, in one table.

use std::convert::Infallible;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Buf, Filter};

use super::answer::Answer;
use super::app::App;
use super::problem::Problem;
use super::query::Query;
use super::request::{self, Request};
use super::{associations, export, health, links, locations, objects, summary, webhooks};

/// One path and the method it answers to.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    handler: Handler,
}

#[derive(Debug, Clone, Copy)]
enum Handler {
    /// Reads memory alone.
    Read(fn(&App, &Request<'_>) -> Answer),
    /// Streams from a blocking thread.
    Export,
    /// Takes a body and waits for the disk.
    Receive,
}

const fn get(path: &'static str, handler: fn(&App, &Request<'_>) -> Answer) -> Route {
    Route { method: "GET", path, handler: Handler::Read(handler) }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    Route { method: "POST", path: "/webhooks", handler: Handler::Receive },
    Route { method: "POST", path: "/webhooks/{eventType}", handler: Handler::Receive },
    get("/v1/locations", locations::list),
    get("/v1/locations/{locationId}/objects", objects::list),
    get("/v1/locations/{locationId}/associations", associations::list),
    get("/v1/locations/{locationId}/associations/{id}", associations::one),
    get("/v1/locations/{locationId}/objects/{objectKey}/links", links::list),
    get("/v1/locations/{locationId}/objects/{objectKey}/records", objects::records),
    get("/v1/locations/{locationId}/objects/{objectKey}/records/{recordId}/links", links::list),
    get("/v1/locations/{locationId}/summary", summary::summary),
    Route { method: "GET", path: "/v1/locations/{locationId}/export", handler: Handler::Export },
    get("/healthz", health::alive),
    get("/readyz", health::ready),
];

/// The whole API as one warp filter.
///
/// # Panics
///
/// If two routes of the table contradict each other, which a test rules out.
#[expect(clippy::expect_used, reason = "the table is a constant")]
pub fn routes(app: Arc<App>) -> BoxedFilter<(Response,)> {
    let mut table = matchit::Router::new();
    for route in ROUTES {
        table.insert(route.path, route).expect("the routes do not contradict each other");
    }
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
                let answer =
                    dispatch(&app, &table, &method, path.as_str(), &query, headers, body).await;
                Ok::<_, Infallible>(
                    answer.unwrap_or_else(|problem| refuse(&app, &method, &path, problem)),
                )
            }
        })
        .map(|Ok(response): Result<Response, Infallible>| response)
        .boxed()
}

async fn dispatch<S, B>(
    app: &Arc<App>,
    table: &matchit::Router<&Route>,
    method: &Method,
    path: &str,
    query: &str,
    headers: HeaderMap,
    body: S,
) -> Answer
where
    S: futures_util::Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let matched = table.at(path).map_err(|_| Problem::not_found("there is no such path"))?;
    let route = *matched.value;
    let is_head = route.method == "GET" && *method == Method::HEAD;
    if *method != route.method && !is_head {
        let allow = if route.method == "GET" { "GET, HEAD" } else { route.method };
        return Err(Problem::method_not_allowed(allow));
    }
    let parameters = request::parameters(&matched.params)?;
    let request = Request { parameters, query: Query::parse(query)?, headers };
    match route.handler {
        Handler::Read(read) => read(app, &request),
        Handler::Export => export::export(app, &request).await,
        Handler::Receive => webhooks::receive(Arc::clone(app), request, body).await,
    }
}

fn refuse(app: &App, method: &Method, path: &FullPath, problem: Problem) -> Response {
    let fresh = app.trace_id();
    let trace_id = problem.trace_id.as_deref().unwrap_or(&fresh);
    let (code, field) = (problem.code, problem.field.as_deref());
    let path = path.as_str();
    if problem.status.is_server_error() {
        tracing::error!(%method, path, code, field, trace_id, detail = &*problem.detail, "request failed");
    } else {
        tracing::info!(%method, path, code, field, trace_id, "request refused");
    }
    problem.into_response(&fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_contradict_each_other() {
        let mut table = matchit::Router::new();
        for route in ROUTES {
            table.insert(route.path, route.method).unwrap();
        }
    }
}
