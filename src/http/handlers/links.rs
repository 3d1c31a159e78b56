//! `GET …/objects/{objectKey}/links`,
//! `GET …/objects/{objectKey}/records/{recordId}/links`, `POST …/links`, `GET …/labels` and
//! `POST …/labels`.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::{
    BatchItem, BatchResponse, LabelsItem, LabelsQueryBody, LabelsResponse, LinksQueryBody,
    LinksResponse, ManyLabelsResponse, NODES_MAX, PageInfo,
};
use crate::graph::{Budget, Cursor, LinkFilter, LinkQuery, NamesNodes, View};
use crate::http::app::App;
use crate::http::execute;
use crate::http::execute::PreparedQuery;
use crate::http::extract::body::Body;
use crate::http::extract::params::Query;
use crate::http::extract::request::Request;
use crate::http::extract::{json_body, params};
use crate::http::respond::json::{Answer, json_within, json_written_within};
use crate::http::respond::plain_json::write_page;
use crate::http::respond::problem::Problem;
use crate::model::{NodeRef, ParseNodeRefError, Seq};
use crate::store::AsOf;

/// Approximate size of a link as JSON, in bytes.
const LINK_BYTES: usize = 384;

/// Approximate size of the labels of one node as JSON, in bytes.
const LABELS_BYTES: usize = 512;

pub(crate) fn list_links(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    let (query, as_of) = (link_query(&request.query)?, request.query.as_of()?);
    Ok(PreparedQuery::new(request.node(), as_of, move |node, view, budget, seq| {
        let page = view.links(node, &query, budget)?;
        json_written_within(budget, 128 + page.links.len() * LINK_BYTES, |body| {
            write_page(body, &LinksResponse::new(&page, seq))
        })
    }))
}

/// Reads the parameters of a list of links.
fn link_query(query: &Query<'_>) -> Result<LinkQuery, Problem> {
    query.deny_unknown(&[
        "label",
        "association",
        "object",
        "side",
        "order",
        "since",
        "until",
        "limit",
        "cursor",
        "asOf",
    ])?;
    let mut links = LinkQuery {
        filter: LinkFilter {
            labels: query.get_all("label"),
            associations: query.get_all("association"),
            object: query.get("object")?.map(str::to_owned),
            side: query.get_enum("side", "first, second")?,
        },
        since: query.time("since")?,
        until: query.time("until")?,
        order: query.get_enum("order", "oldest, newest")?.unwrap_or_default(),
        after: None,
        limit: query.limit()?,
    };
    if let Some(text) = query.get("cursor")? {
        let cursor: Cursor = text.parse().map_err(|_| params::bad_cursor())?;
        if cursor.order() != links.order {
            return Err(params::of_other_order());
        }
        links = links.after(cursor);
    }
    Ok(links)
}

pub(crate) fn count_labels(request: &Request<'_>) -> Result<PreparedQuery, Problem> {
    request.query.deny_unknown(&["of", "asOf"])?;
    let (node, as_of) = (request.query.node("of")?, request.query.as_of()?);
    Ok(PreparedQuery::new(node, as_of, |node, view, budget, seq| {
        let labels = view.labels(node, budget)?;
        json_within(budget, 256, || LabelsResponse::new(&labels, !budget.is_exhausted(), seq))
    }))
}

pub(crate) async fn list_links_of_many(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    execute::answer_body_query(app, &request, body, prepare_batch).await
}

fn prepare_batch(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let mut question: LinksQueryBody = json_body::read(body)?;
    let nodes = read_nodes(std::mem::take(&mut question.of.0))?;
    let as_of = json_body::moment(question.as_of, as_of)?;
    let limit = params::limit_of(question.limit)?;
    let query = question.query(limit);
    Ok(PreparedQuery::new(Batch { nodes, query }, as_of, answer_batch))
}

pub(crate) async fn count_labels_of_many(
    app: &Arc<App>,
    request: Request<'_>,
    body: Body,
) -> Answer {
    execute::answer_body_query(app, &request, body, prepare_label_batch).await
}

fn prepare_label_batch(body: &[u8], as_of: Option<AsOf>) -> Result<PreparedQuery, Problem> {
    let question: LabelsQueryBody = json_body::read(body)?;
    let nodes = read_nodes(question.of.0)?;
    let as_of = json_body::moment(question.as_of, as_of)?;
    Ok(PreparedQuery::new(Batch { nodes, query: () }, as_of, answer_label_batch))
}

/// A node as it was written, and read; or why it names none.
type WrittenNode = (String, Result<NodeRef, String>);

/// Reads the nodes of a batch, each of which may be named once.
fn read_nodes(of: Vec<String>) -> Result<Vec<WrittenNode>, Problem> {
    if of.is_empty() {
        let why = format!("is not a list of 1 to {NODES_MAX} node references");
        return Err(Problem::invalid_parameter("of", why));
    }
    let nodes: Vec<WrittenNode> = of
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
    Ok(nodes)
}

/// One query about each of many nodes.
struct Batch<Q> {
    nodes: Vec<WrittenNode>,
    query: Q,
}

impl<Q> NamesNodes for Batch<Q> {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.nodes.iter().filter_map(|(_, node)| node.as_ref().ok())
    }
}

fn answer_batch(
    batch: &Batch<LinkQuery>,
    view: View<'_>,
    budget: &mut Budget<'_>,
    seq: Seq,
) -> Answer {
    let mut lists = view.link_lists(&batch.query);
    let mut one = |(of, node): &WrittenNode| match node {
        Ok(node) => BatchItem::new(of.clone(), lists.of(node, budget)),
        Err(why) => BatchItem::malformed(of.clone(), why.clone()),
    };
    let results: Vec<BatchItem<'_>> = batch.nodes.iter().map(&mut one).collect();
    let complete = results.iter().all(BatchItem::is_complete);
    json_within(budget, results.len() * LINK_BYTES, || BatchResponse {
        results,
        listed: PageInfo::of(None, complete, seq),
    })
}

fn answer_label_batch(
    batch: &Batch<()>,
    view: View<'_>,
    budget: &mut Budget<'_>,
    seq: Seq,
) -> Answer {
    let mut one = |(of, node): &WrittenNode| match node {
        Ok(node) => {
            let labels = view.labels(node, budget);
            LabelsItem::new(of.clone(), labels, !budget.is_exhausted())
        }
        Err(why) => LabelsItem::malformed(of.clone(), why.clone()),
    };
    let results: Vec<LabelsItem<'_>> = batch.nodes.iter().map(&mut one).collect();
    let complete = results.iter().all(LabelsItem::is_complete);
    json_within(budget, results.len() * LABELS_BYTES, || ManyLabelsResponse {
        results,
        listed: PageInfo::of(None, complete, seq),
    })
}
