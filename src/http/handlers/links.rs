//! `GET …/objects/{objectKey}/links`,
//! `GET …/objects/{objectKey}/records/{recordId}/links`, `POST …/links` and
//! `GET …/labels`.

use std::collections::HashSet;

use crate::api::{
    BatchItem, BatchResponse, LabelsResponse, LinksQueryBody, LinksResponse, NODES_MAX, PageInfo,
};
use crate::graph::{Budget, LinkQuery, View};
use crate::http::execute::PreparedQuery;
use crate::http::extract::json_body;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json_within};
use crate::http::respond::problem::Problem;
use crate::model::{NodeRef, ParseNodeRefError, Seq};
use crate::store::AsOf;

/// What a link takes as JSON, about.
const LINK_BYTES: usize = 384;

pub(crate) fn list(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    let (query, as_of) = (request.query.links()?, request.query.as_of()?);
    let node = request.node();
    Ok(PreparedQuery::new(vec![node.clone()], as_of, move |view, budget, seq| {
        let page = view.links(&node, &query, budget)?;
        json_within(budget, 128 + page.links.len() * LINK_BYTES, || LinksResponse::new(&page, seq))
    }))
}

pub(crate) fn labels(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    request.query.only(&["of", "asOf"])?;
    let (node, as_of) = (request.query.node("of")?, request.query.as_of()?);
    Ok(PreparedQuery::new(vec![node.clone()], as_of, move |view, budget, seq| {
        let labels = view.labels(&node, budget)?;
        json_within(budget, 256, || LabelsResponse::new(&labels, !budget.is_exhausted(), seq))
    }))
}

pub(crate) fn batch(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let mut question: LinksQueryBody = json_body::read(body)?;
    if question.of.0.is_empty() {
        let why = format!("is not a list of 1 to {NODES_MAX} node references");
        return Err(Problem::invalid_parameter("of", why));
    }
    let nodes: Vec<(String, Result<NodeRef, String>)> = std::mem::take(&mut question.of.0)
        .into_iter()
        .map(|of| {
            let node = of.parse().map_err(|error: ParseNodeRefError| error.to_string());
            (of, node)
        })
        .collect();
    let mut seen = HashSet::new();
    let name = |(of, node): &(String, Result<NodeRef, _>)| match node {
        Ok(node) => node.to_string(),
        Err(_) => of.clone(),
    };
    if let Some((again, _)) = nodes.iter().find(|it| !seen.insert(name(it))) {
        return Err(Problem::invalid_parameter("of", format!("names {again:.100} more than once")));
    }
    let as_of = json_body::moment(question.as_of, as_of)?;
    let limit = crate::http::extract::params::limit_of(question.limit)?;
    let query = question.query(limit);
    let names = nodes.iter().filter_map(|(_, node)| node.as_ref().ok().cloned()).collect();
    Ok(PreparedQuery::new(names, as_of, move |view, budget, seq| {
        many(view, budget, seq, &nodes, &query)
    }))
}

fn many(
    view: View<'_>,
    budget: &mut Budget<'_>,
    seq: Seq,
    nodes: &[(String, Result<NodeRef, String>)],
    query: &LinkQuery,
) -> Answer {
    let mut lists = view.link_lists(query);
    let mut one = |(of, node): &(String, Result<NodeRef, String>)| match node {
        Ok(node) => BatchItem::new(of.clone(), lists.of(node, budget)),
        Err(why) => BatchItem::malformed(of.clone(), why.clone()),
    };
    let results: Vec<BatchItem<'_>> = nodes.iter().map(&mut one).collect();
    let complete = results.iter().all(BatchItem::is_complete);
    json_within(budget, results.len() * LINK_BYTES, || BatchResponse {
        results,
        listed: PageInfo::of(None, complete, seq),
    })
}
