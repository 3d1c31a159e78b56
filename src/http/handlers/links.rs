//! `GET …/objects/{objectKey}/links`,
//! `GET …/objects/{objectKey}/records/{recordId}/links`, `POST …/links` and
//! `GET …/labels`.

use std::collections::HashSet;

use crate::api::{Labels, Links, LinksOf, LinksQuestion, Listed, ManyLinks, NODES_MAX};
use crate::graph::{Effort, LinkQuery, View};
use crate::http::execute::Question;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json_within};
use crate::http::respond::problem::Problem;
use crate::model::{NodeRef, ParseNodeRefError, Seq};

/// What a link takes as JSON, about.
const LINK_BYTES: usize = 384;

pub(crate) fn list(request: &Request<'_>) -> Result<Question, Problem> {
    let (query, as_of) = (request.query.links()?, request.query.as_of()?);
    let node = request.node();
    Ok(Question::new(vec![node.clone()], as_of, move |view, effort, seq| {
        let page = view.links(&node, &query, effort)?;
        json_within(effort, 128 + page.links.len() * LINK_BYTES, || Links::new(&page, seq))
    }))
}

pub(crate) fn labels(request: &Request<'_>) -> Result<Question, Problem> {
    request.query.only(&["of", "asOf"])?;
    let (node, as_of) = (request.query.node("of")?, request.query.as_of()?);
    Ok(Question::new(vec![node.clone()], as_of, move |view, effort, seq| {
        let labels = view.labels(&node, effort)?;
        json_within(effort, 256, || Labels::new(&labels, !effort.is_spent(), seq))
    }))
}

pub(crate) fn batch(request: &Request<'_>, body: &[u8]) -> Result<Question, Problem> {
    let mut question: LinksQuestion = request.question(body)?;
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
    let as_of = request.moment(question.as_of)?;
    let limit = crate::http::extract::params::limit_of(question.limit)?;
    let query = question.query(limit);
    let names = nodes.iter().filter_map(|(_, node)| node.as_ref().ok().cloned()).collect();
    Ok(Question::new(names, as_of, move |view, effort, seq| {
        many(view, effort, seq, &nodes, &query)
    }))
}

fn many(
    view: View<'_>,
    effort: &mut Effort<'_>,
    seq: Seq,
    nodes: &[(String, Result<NodeRef, String>)],
    query: &LinkQuery,
) -> Answer {
    let mut lists = view.link_lists(query);
    let mut one = |(of, node): &(String, Result<NodeRef, String>)| match node {
        Ok(node) => LinksOf::new(of.clone(), lists.of(node, effort)),
        Err(why) => LinksOf::malformed(of.clone(), why.clone()),
    };
    let results: Vec<LinksOf<'_>> = nodes.iter().map(&mut one).collect();
    let complete = results.iter().all(LinksOf::is_complete);
    json_within(effort, results.len() * LINK_BYTES, || ManyLinks {
        results,
        listed: Listed::of(None, complete, seq),
    })
}
