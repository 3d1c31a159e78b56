//! Answers to queries beyond one hop: match, walk, path, neighborhood and between.

use serde::Serialize;

use crate::api::{At, LinkBody, PageInfo, ranked_cursor};
use crate::graph::{
    Between, BetweenNode, Edge, EdgeEnd, Match, MatchPage, Neighborhood, NeighborhoodNode, Paths,
    Step, WalkEnd, WalkPage, Walks,
};
use crate::model::{Association, Seq};

/// A node that meets the conditions of a match.
#[derive(Serialize)]
pub struct MatchBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Number of conditions of `all` and `any` that it meets.
    pub links: u32,
}

/// The answer of `POST …/match`.
#[derive(Serialize)]
pub struct MatchesResponse<'a> {
    /// The nodes, those that meet most conditions first.
    pub matches: Vec<MatchBody<'a>>,
    /// Number of nodes that match.
    pub total: u64,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> MatchesResponse<'a> {
    /// Returns the answer with this page.
    pub fn new(page: &MatchPage<&'a str>, seq: Seq) -> Self {
        let body = |it: &Match<'a>| MatchBody {
            object: it.object,
            record: it.record,
            name: it.name,
            links: it.links,
        };
        let next = page.next.map(|(links, place)| ranked_cursor(u64::from(links), place));
        let listed = PageInfo::of(next, page.complete, seq);
        Self { matches: page.matches.iter().map(body).collect(), total: page.total, listed }
    }
}

/// A node where walks end.
#[derive(Serialize)]
pub struct EndBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Number of distinct walks that end here.
    pub paths: u64,
}

/// The answer of `POST …/walk`: where walks end.
#[derive(Serialize)]
pub struct WalkEndsResponse<'a> {
    /// The ends, those of most walks first.
    pub ends: Vec<EndBody<'a>>,
    /// Number of ends.
    pub total: u64,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> WalkEndsResponse<'a> {
    /// Returns the answer with this page.
    pub fn new(page: &WalkPage<&'a str>, seq: Seq) -> Self {
        let body = |end: &WalkEnd<'a>| EndBody {
            object: end.object,
            record: end.record,
            name: end.name,
            paths: end.paths,
        };
        let next = page.next.map(|(paths, place)| ranked_cursor(paths, place));
        let listed = PageInfo::of(next, page.complete, seq);
        Self { ends: page.ends.iter().map(body).collect(), total: page.total, listed }
    }
}

/// A node on a path, and the link that leads to it.
#[derive(Serialize)]
pub struct StepBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The link that leads to it; `None` for the first node.
    pub link: Option<LinkBody<'a>>,
}

fn steps<'a>(path: &[Step<'a>]) -> Vec<StepBody<'a>> {
    let body = |step: &Step<'a>| StepBody {
        object: step.object,
        record: step.record,
        name: step.name,
        link: step.link.as_ref().map(LinkBody::from),
    };
    path.iter().map(body).collect()
}

/// The answer of `POST …/walk` with `paths`: the walks themselves.
#[derive(Serialize)]
pub struct WalksResponse<'a> {
    /// The walks, each from its first node.
    pub paths: Vec<Vec<StepBody<'a>>>,
    /// Whether all walks are listed; there is no next page.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> WalksResponse<'a> {
    /// Returns the answer with these walks.
    pub fn new(walks: &Walks<&'a str>, seq: Seq) -> Self {
        let paths = walks.paths.iter().map(|path| steps(path)).collect();
        Self { paths, listed: PageInfo::of(None, walks.complete, seq) }
    }
}

/// The answer of `GET …/path`.
#[derive(Serialize)]
pub struct PathsResponse<'a> {
    /// Whether there is a path.
    pub found: bool,
    /// Number of links on a shortest path.
    pub hops: Option<u32>,
    /// Shortest paths, each from its first node.
    pub paths: Vec<Vec<StepBody<'a>>>,
    /// Whether the search was exhaustive and all paths asked for are listed.
    pub complete: bool,
    /// The last event that the answer includes.
    pub seq: Seq,
}

impl<'a> PathsResponse<'a> {
    /// Returns the answer with these paths.
    pub fn new(found: &Paths<&'a str>, seq: Seq) -> Self {
        Self {
            found: found.hops.is_some(),
            hops: found.hops,
            paths: found.paths.iter().map(|path| steps(path)).collect(),
            complete: found.complete,
            seq,
        }
    }
}

/// A node of a neighborhood.
#[derive(Serialize)]
pub struct NeighborhoodNodeBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Number of links from the centre.
    pub hops: u32,
}

/// One end of an edge.
#[derive(Serialize)]
pub struct EdgeEndBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Its role; `None` while the association is unknown.
    pub label: Option<&'a str>,
}

/// A link seen from neither end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeBody<'a> {
    /// The first end.
    pub first: EdgeEndBody<'a>,
    /// The second end.
    pub second: EdgeEndBody<'a>,
    /// Id of the association.
    pub association: &'a str,
    /// Key of the association, while it is known.
    pub association_key: Option<&'a str>,
    /// Type of the association, while it is known.
    pub association_type: Option<&'a str>,
    /// Id of the relation; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<&'a str>,
    /// The sender's time of the event that made the link.
    pub at: Option<At>,
    /// The event that made the link.
    pub seq: Seq,
}

impl<'a> From<&Edge<'a>> for EdgeBody<'a> {
    fn from(edge: &Edge<'a>) -> Self {
        let known = edge.definition;
        let end = |end: &EdgeEnd<'a>, label: Option<&'a str>| EdgeEndBody {
            object: end.object,
            record: end.record,
            name: end.name,
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

/// The answer of `GET …/neighborhood`.
#[derive(Serialize)]
pub struct NeighborhoodResponse<'a> {
    /// The nodes, nearest first.
    pub nodes: Vec<NeighborhoodNodeBody<'a>>,
    /// The links between them.
    pub links: Vec<EdgeBody<'a>>,
    /// Whether no limit was reached.
    pub complete: bool,
    /// The last event that the answer includes.
    pub seq: Seq,
}

impl<'a> NeighborhoodResponse<'a> {
    /// Returns the answer with this neighborhood.
    pub fn new(found: &Neighborhood<&'a str, &'a Association>, seq: Seq) -> Self {
        let near = |node: &NeighborhoodNode<'a>| NeighborhoodNodeBody {
            object: node.object,
            record: node.record,
            name: node.name,
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

/// One of the nodes among which links are sought.
#[derive(Serialize)]
pub struct BetweenNodeBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its record id; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

/// The answer of `POST …/between`.
#[derive(Serialize)]
pub struct BetweenResponse<'a> {
    /// The nodes that are known, in the order of the request.
    pub nodes: Vec<BetweenNodeBody<'a>>,
    /// References of the nodes that no event has named.
    pub unknown: Vec<String>,
    /// The links among the nodes.
    pub links: Vec<EdgeBody<'a>>,
    /// Whether no limit was reached.
    pub complete: bool,
    /// The last event that the answer includes.
    pub seq: Seq,
}

impl<'a> BetweenResponse<'a> {
    /// Returns the answer with these links.
    pub fn new(found: &Between<&'a str, &'a Association>, seq: Seq) -> Self {
        let one = |node: &BetweenNode<'a>| BetweenNodeBody {
            object: node.object,
            record: node.record,
            name: node.name,
        };
        Self {
            nodes: found.nodes.iter().map(one).collect(),
            unknown: found.unknown.iter().map(ToString::to_string).collect(),
            links: found.links.iter().map(EdgeBody::from).collect(),
            complete: found.complete,
            seq,
        }
    }
}
