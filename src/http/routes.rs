//! Every route of the API, in one table.

use std::pin::Pin;
use std::sync::Arc;

use crate::http::app::App;
use crate::http::compat;
use crate::http::compat::request::CompatHandler;
use crate::http::execute::PreparedQuery;
use crate::http::extract::body::Body;
use crate::http::extract::request::Request;
use crate::http::handlers::{
    associations, changes, dead_letters, diff, docs, doctor, explorer, export, health, history,
    import, links, locations, metrics, objects, search, session, tickets, traversals, webhooks,
};
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::journal::Scope;

use Handler::{Inline, Query};

/// A path and a method that it answers.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The scope that a token needs, or `None` where tokens do not matter.
    pub scope: Option<Scope>,
    pub(super) api: Api,
}

/// Which API a route is of, and how it is answered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Api {
    /// Relata's own.
    Own(Kind, Handler),
    /// The sender's, with its parameters and errors.
    Compat(CompatHandler),
}

/// What the router does before it calls a handler, besides checking the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Shows nothing of the store and changes nothing.
    Open,
    /// A delivery: who sends it is shown by its signature.
    Delivery,
    /// Reads the store: waits for `minSeq`, checks `Relata-Epoch`.
    Read,
    /// Reads the store for as long as the client likes; takes a ticket in place of a token.
    Follow,
    /// For operators: changes something, or reads what has no sequence number.
    Operator,
}

/// How a route is answered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// At once, from memory.
    Inline(fn(&App, &Request<'_>) -> Answer),
    /// By a query of the graph of the location that the path names.
    Query(fn(&Request<'_>) -> Result<PreparedQuery, Problem>),
    /// After waiting for a body, the disk or a background thread.
    Async(for<'r> fn(&'r Arc<App>, Request<'r>, Body) -> AnswerLater<'r>),
}

impl Route {
    /// Returns whether it is of the sender's own API: its errors are no problem documents, and
    /// its path may end with a slash or not.
    pub fn is_compat(&self) -> bool {
        matches!(self.api, Api::Compat(_))
    }
}

type AnswerLater<'r> = Pin<Box<dyn Future<Output = Answer> + Send + 'r>>;

/// Makes an `async fn` a handler; `body` where it reads the request's body.
macro_rules! boxed {
    ($handler:path) => {
        Handler::Async(|app, request, _| Box::pin($handler(app, request)))
    };
    ($handler:path, body) => {
        Handler::Async(|app, request, body| Box::pin($handler(app, request, body)))
    };
}

/// Makes an `async fn` a handler of the sender's API; `body` where it reads the request's body.
macro_rules! compat {
    ($handler:path) => {
        |app, request, _| Box::pin($handler(app, request))
    };
    ($handler:path, body) => {
        |app, request, body| Box::pin($handler(app, request, body))
    };
}

const fn open(path: &'static str, handler: Handler) -> Route {
    Route { method: "GET", path, scope: None, api: Api::Own(Kind::Open, handler) }
}

const fn deliver(path: &'static str, handler: Handler) -> Route {
    Route { method: "POST", path, scope: None, api: Api::Own(Kind::Delivery, handler) }
}

const fn read(method: &'static str, path: &'static str, handler: Handler) -> Route {
    Route { method, path, scope: Some(Scope::Read), api: Api::Own(Kind::Read, handler) }
}

const fn follow(path: &'static str, handler: Handler) -> Route {
    Route { method: "GET", path, scope: Some(Scope::Read), api: Api::Own(Kind::Follow, handler) }
}

const fn operate(
    method: &'static str,
    path: &'static str,
    scope: Scope,
    handler: Handler,
) -> Route {
    Route { method, path, scope: Some(scope), api: Api::Own(Kind::Operator, handler) }
}

const fn compatible(
    method: &'static str,
    path: &'static str,
    scope: Option<Scope>,
    handler: CompatHandler,
) -> Route {
    Route { method, path, scope, api: Api::Compat(handler) }
}

const READ: Option<Scope> = Some(Scope::Read);
const WRITE: Option<Scope> = Some(Scope::Write);

/// Every route.
#[rustfmt::skip] // One line for each.
pub const ROUTES: &[Route] = &[
    deliver("/webhooks", boxed!(webhooks::receive_delivery, body)),
    deliver("/webhooks/{eventType}", boxed!(webhooks::receive_delivery, body)),
    // Set-up pages try the address before they save it.
    open("/webhooks", Inline(health::show_health)),
    open("/webhooks/{eventType}", Inline(health::show_health)),

    read("GET", "/v1/locations", boxed!(locations::list_locations)),
    operate("DELETE", "/v1/locations/{locationId}", Scope::Admin, boxed!(locations::erase_location)),
    read("GET", "/v1/locations/{locationId}/objects", boxed!(objects::list_objects)),
    read("GET", "/v1/locations/{locationId}/associations", boxed!(associations::list_associations)),
    read("GET", "/v1/locations/{locationId}/associations/{id}", boxed!(associations::show_association)),
    read("GET", "/v1/locations/{locationId}/objects/{objectKey}/records", boxed!(objects::list_records)),
    read("GET", "/v1/locations/{locationId}/objects/{objectKey}/links", Query(links::list_links)),
    read("GET", "/v1/locations/{locationId}/objects/{objectKey}/records/{recordId}/links", Query(links::list_links)),
    read("POST", "/v1/locations/{locationId}/links", boxed!(links::list_links_of_many, body)),
    read("GET", "/v1/locations/{locationId}/search", boxed!(search::search_records)),
    read("GET", "/v1/locations/{locationId}/labels", Query(links::count_labels)),
    read("POST", "/v1/locations/{locationId}/labels", boxed!(links::count_labels_of_many, body)),
    read("POST", "/v1/locations/{locationId}/match", boxed!(traversals::match_records, body)),
    read("POST", "/v1/locations/{locationId}/walk", boxed!(traversals::walk_links, body)),
    read("GET", "/v1/locations/{locationId}/path", Query(traversals::find_path)),
    read("GET", "/v1/locations/{locationId}/neighborhood", Query(traversals::show_neighborhood)),
    read("POST", "/v1/locations/{locationId}/between", boxed!(traversals::find_links_between, body)),
    read("GET", "/v1/locations/{locationId}/summary", Query(traversals::summarize_location)),
    read("GET", "/v1/locations/{locationId}/diff", boxed!(diff::compare_states)),
    read("GET", "/v1/locations/{locationId}/history", boxed!(history::list_history)),
    read("GET", "/v1/locations/{locationId}/events", boxed!(history::list_events)),
    follow("/v1/locations/{locationId}/changes", boxed!(changes::stream_changes)),
    read("POST", "/v1/tickets", Inline(tickets::issue_ticket)),
    read("GET", "/v1/locations/{locationId}/export", boxed!(export::export_graph)),
    read("POST", "/v1/locations/{locationId}/export", boxed!(export::export_nodes, body)),

    operate("GET", "/v1/session", Scope::Read, Inline(session::show_session)),
    operate("POST", "/v1/import", Scope::Write, boxed!(import::import_events, body)),
    operate("GET", "/v1/dead-letters", Scope::Read, boxed!(dead_letters::list_dead_letters)),
    operate("POST", "/v1/dead-letters/replay", Scope::Write, boxed!(dead_letters::replay_all_dead_letters)),
    operate("GET", "/v1/dead-letters/{id}", Scope::Read, boxed!(dead_letters::show_dead_letter)),
    operate("DELETE", "/v1/dead-letters/{id}", Scope::Write, boxed!(dead_letters::delete_dead_letter)),
    operate("POST", "/v1/dead-letters/{id}/replay", Scope::Write, boxed!(dead_letters::replay_dead_letter)),
    operate("POST", "/v1/doctor", Scope::Read, boxed!(doctor::examine_delivery, body)),

    compatible("GET", "/associations/", READ, compat!(compat::associations::list_associations)),
    compatible("POST", "/associations/", WRITE, compat!(compat::associations::create_association, body)),
    compatible("GET", "/associations/{associationId}", READ, compat!(compat::associations::show_association)),
    compatible("PUT", "/associations/{associationId}", WRITE, compat!(compat::associations::update_association, body)),
    compatible("DELETE", "/associations/{associationId}", WRITE, compat!(compat::associations::delete_association)),
    compatible("GET", "/associations/key/{keyName}", READ, compat!(compat::associations::find_by_key)),
    compatible("GET", "/associations/objectKey/{objectKey}", READ, compat!(compat::associations::list_of_object)),
    compatible("POST", "/associations/relations", WRITE, compat!(compat::relations::create_relation, body)),
    compatible("POST", "/associations/relations/bulk", WRITE, compat!(compat::bulk::change_relations, body)),
    compatible("GET", "/associations/relations/{id}", READ, compat!(compat::relations::list_relations)),
    compatible("DELETE", "/associations/relations/{id}", WRITE, compat!(compat::relations::delete_relation)),
    compatible("GET", "/objects/", READ, compat!(compat::objects::list_objects)),
    compatible("GET", "/objects/{key}", READ, compat!(compat::objects::show_object)),
    compatible("POST", "/objects/{key}/records", WRITE, compat!(compat::records::create_record, body)),
    compatible("POST", "/objects/{key}/records/search", READ, compat!(compat::record_search::search_records, body)),
    compatible("GET", "/objects/{key}/records/{id}", READ, compat!(compat::records::show_record)),
    compatible("PUT", "/objects/{key}/records/{id}", WRITE, compat!(compat::records::update_record, body)),
    compatible("DELETE", "/objects/{key}/records/{id}", WRITE, compat!(compat::records::delete_record)),
    compatible("GET", "/health", None, compat!(compat::health::show_health)),

    open("/healthz", Inline(health::show_health)),
    open("/readyz", Inline(health::show_readiness)),
    operate("GET", "/metrics", Scope::Read, boxed!(metrics::show_metrics)),
    open("/openapi.json", Inline(docs::show_document)),
    open("/docs", Inline(docs::show_page)),
    open("/", Inline(explorer::show_index)),
    open("/explore", Inline(explorer::add_slash)),
    open("/explore/", Inline(explorer::show_page)),
    open("/explore/{file}", Inline(explorer::show_file)),
];
