//! `POST …/match`, `POST …/walk`, `GET …/path`, `GET …/neighborhood`, `POST …/between` and
//! `GET …/summary`.

use std::sync::Arc;

use crate::api::{
    BetweenQueryBody, BetweenResponse, CONDITIONS_MAX, MatchQueryBody, MatchesResponse,
    NODES_MAX as STARTS_MAX, NeighborhoodResponse, PathsResponse, STEPS_MAX, SummaryResponse,
    WalkEndsResponse, WalkQueryBody, WalksResponse,
};
use crate::graph::{BetweenQuery, Condition, MatchQuery, NeighborhoodQuery, PathQuery};
use crate::http::app::App;
use crate::http::execute;
use crate::http::execute::PreparedQuery;
use crate::http::extract::body::Body;
use crate::http::extract::request::Request;
use crate::http::extract::{json_body, params};
use crate::http::respond::json::{Answer, json_within};
use crate::http::respond::problem::Problem;
use crate::model::{LocationId, NodeRef};
use crate::store::AsOf;

/// Maximum length of a path, in links.
const HOPS_MAX: u32 = 32;
const HOPS_DEFAULT: u32 = 6;

/// Maximum number of nodes in a neighborhood.
const NODES_MAX: usize = 100_000;
const NODES_DEFAULT: usize = 1_000;

pub(crate) async fn match_records(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    execute::answer_body_query(app, &request, body, prepare_match).await
}

fn prepare_match(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let question: MatchQueryBody = json_body::read(body)?;
    let counts = [question.all.0.len(), question.any.0.len(), question.none.0.len()];
    if counts.iter().sum::<usize>() > CONDITIONS_MAX {
        let why = format!("and `any` and `none` hold more than {CONDITIONS_MAX} conditions");
        return Err(Problem::invalid_parameter("all", why));
    }
    if counts[..2] == [0, 0] && (question.object.is_none() || counts[2] == 0) {
        let why = "and `any` are empty: give a condition, or an `object` with `none`";
        return Err(Problem::invalid_parameter("all", why));
    }
    let as_of = json_body::moment(question.as_of, as_of)?;
    let limit = params::limit_of(question.limit)?;
    let query = question.query(limit);
    Ok(PreparedQuery::new(query, as_of, |query, view, budget, seq| {
        let found = view.matches(query, budget);
        let found =
            found.map_err(|error| Problem::of_nodes(error, |node| named_in(query, node)))?;
        json_within(budget, 256, || MatchesResponse::new(&found, seq))
    }))
}

/// Returns the member that names a node first.
fn named_in(query: &MatchQuery, node: &NodeRef) -> &'static str {
    let names = |conditions: &[Condition]| conditions.iter().any(|it| it.linked_to == *node);
    match (names(&query.all), names(&query.any)) {
        (true, _) => "all",
        (false, true) => "any",
        (false, false) => "none",
    }
}

pub(crate) async fn walk_links(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    execute::answer_body_query(app, &request, body, prepare_walk).await
}

fn prepare_walk(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let question: WalkQueryBody = json_body::read(body)?;
    if question.from.0.is_empty() {
        let why = format!("is not a list of 1 to {STARTS_MAX} node references");
        return Err(Problem::invalid_parameter("from", why));
    }
    if question.steps.0.is_empty() {
        let why = format!("is not a list of 1 to {STEPS_MAX} steps");
        return Err(Problem::invalid_parameter("steps", why));
    }
    if question.paths && question.cursor.is_some() {
        return Err(Problem::invalid_parameter(
            "cursor",
            "continues a list of ends, and cannot be combined with `paths`",
        ));
    }
    let as_of = json_body::moment(question.as_of, as_of)?;
    let limit = params::limit_of(question.limit)?;
    let paths = question.paths;
    let query = question.query(limit);
    Ok(PreparedQuery::new(query, as_of, move |query, view, budget, seq| {
        let of_from = |error| Problem::of_nodes(error, |_| "from");
        if paths {
            let walks = view.walks(query, budget).map_err(of_from)?;
            json_within(budget, 256, || WalksResponse::new(&walks, seq))
        } else {
            let page = view.walk(query, budget).map_err(of_from)?;
            json_within(budget, 256, || WalkEndsResponse::new(&page, seq))
        }
    }))
}

pub(crate) fn find_path(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    let asked = &request.query;
    asked.deny_unknown(&[
        "from",
        "to",
        "maxHops",
        "all",
        "label",
        "association",
        "limit",
        "asOf",
    ])?;
    let all = asked.get_enum("all", "true, false")?.unwrap_or(false);
    if !all && asked.get("limit")?.is_some() {
        return Err(Problem::invalid_parameter("limit", "requires `all=true`"));
    }
    let query = PathQuery {
        from: asked.node("from")?,
        to: asked.node("to")?,
        max_hops: asked.number("maxHops", 1..=HOPS_MAX)?.unwrap_or(HOPS_DEFAULT),
        along: asked.along(),
        all,
        limit: if all { asked.limit()? } else { 1 },
    };
    Ok(PreparedQuery::new(query, asked.as_of()?, |query, view, budget, seq| {
        let paths = view.path(query, budget);
        let paths = paths.map_err(|error| Problem::of_nodes(error, |_| "to"))?;
        json_within(budget, 256, || PathsResponse::new(&paths, seq))
    }))
}

pub(crate) fn show_neighborhood(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    let asked = &request.query;
    asked.deny_unknown(&["of", "depth", "limit", "label", "association", "asOf"])?;
    let query = NeighborhoodQuery {
        of: asked.node("of")?,
        depth: asked.depth()?.unwrap_or(1),
        along: asked.along(),
        limit: asked.number("limit", 1..=NODES_MAX)?.unwrap_or(NODES_DEFAULT),
    };
    Ok(PreparedQuery::new(query, asked.as_of()?, |query, view, budget, seq| {
        let found = view.neighborhood(query, budget)?;
        json_within(budget, 256, || NeighborhoodResponse::new(&found, seq))
    }))
}

pub(crate) async fn find_links_between(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    execute::answer_body_query(app, &request, body, prepare_between).await
}

fn prepare_between(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let mut question: BetweenQueryBody = json_body::read(body)?;
    let as_of = json_body::moment(question.as_of.take(), as_of)?;
    let query = BetweenQuery::from(question);
    json_body::check_set(&query.of)?;
    Ok(PreparedQuery::new(query, as_of, |query, view, budget, seq| {
        let found = view.between(query, budget);
        json_within(budget, 256, || BetweenResponse::new(&found, seq))
    }))
}

pub(crate) fn summarize_location(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    request.query.deny_unknown(&["asOf"])?;
    let location = LocationId::from(request.path_param("locationId"));
    Ok(PreparedQuery::new((), request.query.as_of()?, move |(), view, budget, seq| {
        let summary = view.summary(budget);
        json_within(budget, 256, || SummaryResponse::new(&location, &summary, seq))
    }))
}
