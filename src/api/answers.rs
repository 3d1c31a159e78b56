//! Answers to questions that go beyond one hop, and to those about history.

use serde::Serialize;

use crate::api::{At, LinkBody, PageInfo};
use crate::graph::{
    AskError, Edge, EdgeEnd, LabelCount, LinkPage, Match, MatchPage, Neighborhood,
    NeighborhoodNode, Paths, Step, WalkEnd, WalkPage, Walks,
};
use crate::model::{EpochId, EventId, Seq};
use crate::store::{AcceptedEvent, EventPage, HistoryEvent, HistoryPage};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelBody<'a> {
    pub label: Option<&'a str>,
    pub own_label: Option<&'a str>,
    pub object: &'a str,
    pub association: &'a str,
    pub association_key: Option<&'a str>,
    pub side: &'static str,
    pub count: u64,
}

#[derive(Serialize)]
pub struct LabelsResponse<'a> {
    pub labels: Vec<LabelBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> LabelsResponse<'a> {
    pub fn new(labels: &[LabelCount<'a>], complete: bool, seq: Seq) -> Self {
        let body = |line: &LabelCount<'a>| LabelBody {
            label: line.label,
            own_label: line.own_label,
            object: line.object,
            association: line.association,
            association_key: line.association_key,
            side: line.side.as_str(),
            count: line.count,
        };
        Self {
            labels: labels.iter().map(body).collect(),
            listed: PageInfo::of(None, complete, seq),
        }
    }
}

/// The links of one of many nodes, or why there are none.
#[derive(Serialize)]
#[serde(untagged)]
pub enum BatchItem<'a> {
    Found {
        of: String,
        links: Vec<LinkBody<'a>>,
        total: Option<u64>,
        next: Option<String>,
        complete: bool,
    },
    Failed {
        of: String,
        error: ItemError,
    },
}

/// Why one of many things could not be answered.
#[derive(Serialize)]
pub struct ItemError {
    pub code: &'static str,
    pub detail: String,
}

impl<'a> BatchItem<'a> {
    pub fn new(of: String, page: Result<LinkPage<'a>, AskError>) -> Self {
        match page {
            Ok(page) => {
                let next = page.next.map(|next| next.to_string());
                let links = page.links.iter().map(LinkBody::from).collect();
                Self::Found { of, links, total: page.total, complete: page.complete, next }
            }
            Err(error) => {
                let error = ItemError { code: "not_found", detail: error.to_string() };
                Self::Failed { of, error }
            }
        }
    }

    /// A text that names no node.
    pub fn malformed(of: String, detail: String) -> Self {
        Self::Failed { of, error: ItemError { code: "invalid_parameter", detail } }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Found { complete: true, .. })
    }
}

#[derive(Serialize)]
pub struct BatchResponse<'a> {
    pub results: Vec<BatchItem<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

#[derive(Serialize)]
pub struct MatchBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// How many conditions of `all` and `any` it meets.
    pub links: u32,
}

#[derive(Serialize)]
pub struct MatchesResponse<'a> {
    pub matches: Vec<MatchBody<'a>>,
    pub total: u64,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> MatchesResponse<'a> {
    pub fn new(page: &MatchPage<'a>, seq: Seq) -> Self {
        let body =
            |it: &Match<'a>| MatchBody { object: it.object, record: it.record, links: it.links };
        let next = page.next.map(|(links, place)| ranked_cursor(u64::from(links), place));
        let listed = PageInfo::of(next, page.complete, seq);
        Self { matches: page.matches.iter().map(body).collect(), total: page.total, listed }
    }
}

#[derive(Serialize)]
pub struct EndBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// The number of distinct walks.
    pub paths: u64,
}

#[derive(Serialize)]
pub struct WalkEndsResponse<'a> {
    pub ends: Vec<EndBody<'a>>,
    pub total: u64,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> WalkEndsResponse<'a> {
    pub fn new(page: &WalkPage<'a>, seq: Seq) -> Self {
        let body = |end: &WalkEnd<'a>| EndBody {
            object: end.object,
            record: end.record,
            paths: end.paths,
        };
        let next = page.next.map(|(paths, place)| ranked_cursor(paths, place));
        let listed = PageInfo::of(next, page.complete, seq);
        Self { ends: page.ends.iter().map(body).collect(), total: page.total, listed }
    }
}

/// A node and the link taken to it; the first of a way has none.
#[derive(Serialize)]
pub struct StepBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    pub link: Option<LinkBody<'a>>,
}

fn steps<'a>(path: &[Step<'a>]) -> Vec<StepBody<'a>> {
    let body = |step: &Step<'a>| StepBody {
        object: step.object,
        record: step.record,
        link: step.link.as_ref().map(LinkBody::from),
    };
    path.iter().map(body).collect()
}

#[derive(Serialize)]
pub struct WalksResponse<'a> {
    pub paths: Vec<Vec<StepBody<'a>>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> WalksResponse<'a> {
    pub fn new(walks: &Walks<'a>, seq: Seq) -> Self {
        let paths = walks.paths.iter().map(|path| steps(path)).collect();
        Self { paths, listed: PageInfo::of(None, walks.complete, seq) }
    }
}

#[derive(Serialize)]
pub struct PathsResponse<'a> {
    pub found: bool,
    pub hops: Option<u32>,
    pub paths: Vec<Vec<StepBody<'a>>>,
    pub complete: bool,
    pub seq: Seq,
}

impl<'a> PathsResponse<'a> {
    pub fn new(found: &Paths<'a>, seq: Seq) -> Self {
        Self {
            found: found.hops.is_some(),
            hops: found.hops,
            paths: found.paths.iter().map(|path| steps(path)).collect(),
            complete: found.complete,
            seq,
        }
    }
}

#[derive(Serialize)]
pub struct NeighborhoodNodeBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    pub hops: u32,
}

#[derive(Serialize)]
pub struct EdgeEndBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    pub label: Option<&'a str>,
}

/// A link as neither end sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeBody<'a> {
    pub first: EdgeEndBody<'a>,
    pub second: EdgeEndBody<'a>,
    pub association: &'a str,
    pub association_key: Option<&'a str>,
    pub association_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<&'a str>,
    pub at: Option<At>,
    pub seq: Seq,
}

impl<'a> From<&Edge<'a>> for EdgeBody<'a> {
    fn from(edge: &Edge<'a>) -> Self {
        let known = edge.definition;
        let end = |end: &EdgeEnd<'a>, label: Option<&'a str>| EdgeEndBody {
            object: end.object,
            record: end.record,
            label,
        };
        Self {
            first: end(&edge.first, known.map(|d| &*d.first.label)),
            second: end(&edge.second, known.map(|d| &*d.second.label)),
            association: edge.association,
            association_key: known.map(|d| &*d.key),
            association_type: known.map(|d| &*d.association_type),
            relation: edge.relation,
            at: edge.at.map(At),
            seq: edge.seq,
        }
    }
}

#[derive(Serialize)]
pub struct NeighborhoodResponse<'a> {
    pub nodes: Vec<NeighborhoodNodeBody<'a>>,
    pub links: Vec<EdgeBody<'a>>,
    pub complete: bool,
    pub seq: Seq,
}

impl<'a> NeighborhoodResponse<'a> {
    pub fn new(found: &Neighborhood<'a>, seq: Seq) -> Self {
        let near = |node: &NeighborhoodNode<'a>| NeighborhoodNodeBody {
            object: node.object,
            record: node.record,
            hops: node.hops,
        };
        Self {
            nodes: found.nodes.iter().map(near).collect(),
            links: found.links.iter().map(EdgeBody::from).collect(),
            complete: found.complete,
            seq,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEventBody<'a> {
    pub seq: Seq,
    pub r#type: &'a str,
    pub id: &'a str,
    pub timestamp: Option<At>,
    pub received_at: At,
    pub webhook_id: Option<&'a str>,
    pub deliveries: u64,
}

#[derive(Serialize)]
pub struct HistoryResponse<'a> {
    pub events: Vec<HistoryEventBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> HistoryResponse<'a> {
    pub fn new(page: &'a HistoryPage, seq: Seq) -> Self {
        let body = |event: &'a HistoryEvent| HistoryEventBody {
            seq: event.seq,
            r#type: &event.event_type,
            id: &event.id,
            timestamp: event.at.map(At),
            received_at: At(event.received_at),
            webhook_id: event.webhook_id.as_deref(),
            deliveries: event.deliveries,
        };
        let next = page.next.map(|next| next.to_string());
        let events = page.events.iter().map(body).collect();
        Self { events, listed: PageInfo::of(next, page.pruned == 0, seq) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventBody<'a> {
    pub seq: Seq,
    pub r#type: &'a str,
    pub timestamp: Option<At>,
    pub received_at: At,
    pub webhook_id: Option<&'a str>,
    /// As it came, byte for byte.
    pub body: &'a str,
}

#[derive(Serialize)]
pub struct EventsResponse<'a> {
    pub events: Vec<EventBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> EventsResponse<'a> {
    /// Of the events after `after`; `next` says of which epoch it is.
    pub fn new(page: &'a EventPage, after: Seq, seq: Seq, epoch: Option<EpochId>) -> Self {
        let body = |event: &'a AcceptedEvent| EventBody {
            seq: event.seq,
            r#type: &event.event_type,
            timestamp: event.at.map(At),
            received_at: At(event.received_at),
            webhook_id: event.webhook_id.as_deref(),
            body: &event.body,
        };
        let next = page.next.map(|seq| EventId { seq, epoch }.to_string());
        let events = page.events.iter().map(body).collect();
        Self { events, listed: PageInfo::of(next, page.pruned <= after, seq) }
    }
}

/// The cursor that goes on behind a rank and a place.
pub fn ranked_cursor(rank: u64, place: u32) -> String {
    format!("r{rank:x}-{place:08x}")
}

/// Reads what [`ranked_cursor`] wrote.
pub fn read_ranked_cursor(text: &str) -> Option<(u64, u32)> {
    let (rank, place) = text.strip_prefix('r')?.split_once('-')?;
    let read = (u64::from_str_radix(rank, 16).ok()?, u32::from_str_radix(place, 16).ok()?);
    // One way of writing each: no signs, no capitals, no more zeros.
    (ranked_cursor(read.0, read.1) == text).then_some(read)
}
