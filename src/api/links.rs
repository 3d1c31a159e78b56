//! Answers about the links of a node: lists, batches and labels.

use serde::{Serialize, Serializer};

use crate::api::{At, PageInfo, ProblemCode};
use crate::graph::{LabelCount, Link, LinkPage, QueryError};
use crate::model::Seq;

/// A link as seen from one node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkBody<'a> {
    /// Object key of the far end.
    pub object: &'a str,
    /// Record id of the far end; absent on the object layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    /// What people call the record; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Role of the far end; `None` while the association is unknown.
    pub label: Option<&'a str>,
    /// Role of the near end; `None` while the association is unknown.
    pub own_label: Option<&'a str>,
    /// The end of the association that the node is on.
    pub side: &'static str,
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

impl<'a> From<&Link<'a>> for LinkBody<'a> {
    fn from(link: &Link<'a>) -> Self {
        Self {
            object: link.object,
            record: link.record,
            name: link.name,
            label: link.label,
            own_label: link.own_label,
            side: link.side.as_str(),
            association: link.association,
            association_key: link.association_key,
            association_type: link.association_type,
            relation: link.relation,
            at: link.at.map(At),
            seq: link.seq,
        }
    }
}

/// The answer of `GET …/links`.
#[derive(Serialize)]
pub struct LinksResponse<'a> {
    /// The links.
    #[serde(serialize_with = "each_link")]
    pub links: &'a [Link<'a>],
    /// Number of links that match; `None` where counting them would need a scan.
    pub total: Option<u64>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// Writes links one by one: a list of their bodies would cost more than writing them does.
fn each_link<S: Serializer>(links: &[Link<'_>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(links.iter().map(LinkBody::from))
}

impl<'a> LinksResponse<'a> {
    /// Returns the answer with this page.
    pub fn new(page: &'a LinkPage<&'a str>, seq: Seq) -> Self {
        Self {
            links: &page.links,
            total: page.total,
            listed: PageInfo::of(page.next.map(|next| next.to_string()), page.complete, seq),
        }
    }
}

/// The links of one node of a batch, or why they could not be listed.
#[derive(Serialize)]
#[serde(untagged)]
pub enum BatchItem<'a> {
    /// The first page of the node's links.
    Found {
        /// The node, as the request named it.
        of: String,
        /// Its links.
        links: Vec<LinkBody<'a>>,
        /// Number of links that match; `None` where counting them would need a scan.
        total: Option<u64>,
        /// Cursor of the node's next page; `None` on the last one.
        next: Option<String>,
        /// Whether all of its links are listed.
        complete: bool,
    },
    /// The node could not be queried.
    Failed {
        /// The node, as the request named it.
        of: String,
        /// Why.
        error: ItemError,
    },
}

/// Why one of several nodes could not be queried.
#[derive(Serialize)]
pub struct ItemError {
    /// The error code, as in a problem.
    pub code: ProblemCode,
    /// The error in words.
    pub detail: String,
}

impl<'a> BatchItem<'a> {
    /// Returns the result for one node.
    pub fn new(of: String, page: Result<LinkPage<&'a str>, QueryError>) -> Self {
        match page {
            Ok(page) => {
                let next = page.next.map(|next| next.to_string());
                let links = page.links.iter().map(LinkBody::from).collect();
                Self::Found { of, links, total: page.total, complete: page.complete, next }
            }
            Err(error) => {
                let error = ItemError { code: ProblemCode::NotFound, detail: error.to_string() };
                Self::Failed { of, error }
            }
        }
    }

    /// Returns the result for a text that is not a node reference.
    pub fn malformed(of: String, detail: String) -> Self {
        Self::Failed { of, error: ItemError { code: ProblemCode::InvalidParameter, detail } }
    }

    /// Returns whether all links of the node are listed.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Found { complete: true, .. })
    }
}

/// The answer of `POST …/links`.
#[derive(Serialize)]
pub struct BatchResponse<'a> {
    /// One result for each node, in the order of the request.
    pub results: Vec<BatchItem<'a>>,
    /// Whether all results are complete; there is no next page.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// A label with which a node is linked, and how often.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelBody<'a> {
    /// Role of the far ends; `None` while the association is unknown.
    pub label: Option<&'a str>,
    /// Role of the near end; `None` while the association is unknown.
    pub own_label: Option<&'a str>,
    /// Object key of the far ends.
    pub object: &'a str,
    /// Id of the association.
    pub association: &'a str,
    /// Key of the association, while it is known.
    pub association_key: Option<&'a str>,
    /// The end of the association that the node is on.
    pub side: &'static str,
    /// Number of links.
    pub count: u64,
}

impl<'a> From<&LabelCount<'a>> for LabelBody<'a> {
    fn from(count: &LabelCount<'a>) -> Self {
        Self {
            label: count.label,
            own_label: count.own_label,
            object: count.object,
            association: count.association,
            association_key: count.association_key,
            side: count.side.as_str(),
            count: count.count,
        }
    }
}

/// The labels of one node of a batch, or why they could not be counted.
#[derive(Serialize)]
#[serde(untagged)]
pub enum LabelsItem<'a> {
    /// The labels of the node.
    Found {
        /// The node, as the request named it.
        of: String,
        /// Its labels.
        labels: Vec<LabelBody<'a>>,
        /// Whether all of its labels are listed.
        complete: bool,
    },
    /// The node could not be queried.
    Failed {
        /// The node, as the request named it.
        of: String,
        /// Why.
        error: ItemError,
    },
}

impl<'a> LabelsItem<'a> {
    /// Returns the result for one node.
    pub fn new(
        of: String,
        labels: Result<Vec<LabelCount<'a>>, QueryError>,
        complete: bool,
    ) -> Self {
        match labels {
            Ok(labels) => {
                Self::Found { of, labels: labels.iter().map(LabelBody::from).collect(), complete }
            }
            Err(error) => {
                let error = ItemError { code: ProblemCode::NotFound, detail: error.to_string() };
                Self::Failed { of, error }
            }
        }
    }

    /// Returns the result for a text that is not a node reference.
    pub fn malformed(of: String, detail: String) -> Self {
        Self::Failed { of, error: ItemError { code: ProblemCode::InvalidParameter, detail } }
    }

    /// Returns whether all labels of the node are listed.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Found { complete: true, .. })
    }
}

/// The answer of `POST …/labels`.
#[derive(Serialize)]
pub struct ManyLabelsResponse<'a> {
    /// One result for each node, in the order of the request.
    pub results: Vec<LabelsItem<'a>>,
    /// Whether all results are complete; there is no next page.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// The answer of `GET …/labels`.
#[derive(Serialize)]
pub struct LabelsResponse<'a> {
    /// The labels.
    pub labels: Vec<LabelBody<'a>>,
    /// Whether all labels are listed; there is no next page.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> LabelsResponse<'a> {
    /// Returns the answer with these labels.
    pub fn new(labels: &[LabelCount<'a>], complete: bool, seq: Seq) -> Self {
        Self {
            labels: labels.iter().map(LabelBody::from).collect(),
            listed: PageInfo::of(None, complete, seq),
        }
    }
}
