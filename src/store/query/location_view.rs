//! What is asked: a location as it stands, or as it stood.

use std::sync::Arc;

use crate::graph::{AskError, LabelCount, LabelRow, Snapshot};
use crate::model::NodeRef;
use crate::store::locations::Location;
use crate::store::past::cache::Past;
use crate::store::query::error::QuestionError;
use crate::store::query::links::LinksRequest;
use crate::store::query::matches::MatchRequest;
use crate::store::query::neighborhood::NeighborhoodRequest;
use crate::store::query::path::PathRequest;
use crate::store::query::target::Target;
use crate::store::query::walk::WalkRequest;

impl Location {
    /// A copy of the graph for a question that names these nodes. The lock is
    /// held while it is taken, not while it is asked.
    pub fn copy_for<'n>(&self, named: impl IntoIterator<Item = &'n NodeRef>) -> Snapshot {
        self.read().snapshot_of(named)
    }
}

/// A location as it stood at a moment, which may be now.
#[derive(Debug, Clone)]
pub enum LocationView {
    /// As it stands.
    Now(Arc<Location>),
    /// As it stood.
    Then(Arc<Past>),
}

impl LocationView {
    fn of(&self) -> Target<'_> {
        match self {
            Self::Now(location) => Target::Now(location),
            Self::Then(past) => Target::Then(past),
        }
    }
}

macro_rules! questions {
    ($($type:ty: $of:expr,)*) => {
        $(impl $type {
            /// The links of a node, such as `contact/amara`.
            pub fn links(&self, node: &str) -> LinksRequest<'_> {
                LinksRequest::new($of(self), node)
            }

            /// Under which labels a node is linked, and how often.
            pub fn labels(&self, node: &str) -> Result<Vec<LabelRow<String>>, QuestionError> {
                labels($of(self), node)
            }

            /// Who is linked to all of these, to any of those, to none of others.
            pub fn matching(&self) -> MatchRequest<'_> {
                MatchRequest::new($of(self))
            }

            /// Where one gets from a node, step by step.
            pub fn walk(&self, from: &str) -> WalkRequest<'_> {
                WalkRequest::new($of(self), from)
            }

            /// How two nodes are related.
            pub fn path(&self, from: &str, to: &str) -> PathRequest<'_> {
                PathRequest::new($of(self), from, to)
            }

            /// What surrounds a node.
            pub fn neighborhood(&self, node: &str) -> NeighborhoodRequest<'_> {
                NeighborhoodRequest::new($of(self), node)
            }
        })*
    };
}

questions! {
    Location: Target::Now,
    Past: Target::Then,
    LocationView: LocationView::of,
}

fn labels(of: Target<'_>, node: &str) -> Result<Vec<LabelRow<String>>, QuestionError> {
    let node = node.parse()?;
    Ok(of.answer(&[&node], |view, budget| {
        Ok::<_, AskError>(
            view.labels(&node, budget)?.into_iter().map(LabelCount::into_owned).collect(),
        )
    })?)
}
