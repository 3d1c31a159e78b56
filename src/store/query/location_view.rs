//! A location to query: as it stands, or as it stood.

use std::sync::Arc;

use crate::graph::{LabelCount, LabelRow, QueryError};
use crate::model::NodeRef;
use crate::store::location::Location;
use crate::store::past::replay::Past;
use crate::store::query::between::BetweenRequest;
use crate::store::query::links::LinksRequest;
use crate::store::query::matches::MatchRequest;
use crate::store::query::neighborhood::NeighborhoodRequest;
use crate::store::query::path::PathRequest;
use crate::store::query::target::Target;
use crate::store::query::walk::WalkRequest;

/// A location at a moment, which may be now.
#[derive(Debug, Clone)]
pub enum LocationView {
    /// As it stands.
    Now(Arc<Location>),
    /// As it stood.
    Then(Arc<Past>),
}

impl LocationView {
    fn target(&self) -> Target<'_> {
        match self {
            Self::Now(location) => Target::Now(location),
            Self::Then(past) => Target::Then(past),
        }
    }
}

macro_rules! requests {
    ($($type:ty: $target:expr,)*) => {
        $(impl $type {
            /// Lists the links of a node, such as `contact/amara`.
            pub fn links(&self, node: &str) -> LinksRequest<'_> {
                LinksRequest::new($target(self), node)
            }

            /// Counts the links of a node by label.
            pub fn labels(&self, node: &str) -> Result<Vec<LabelRow<String>>, QueryError> {
                labels($target(self), node)
            }

            /// Finds the things that are linked to all, any or none of some nodes.
            pub fn matching(&self) -> MatchRequest<'_> {
                MatchRequest::new($target(self))
            }

            /// Follows links from a node, step by step.
            pub fn walk(&self, from: &str) -> WalkRequest<'_> {
                WalkRequest::new($target(self), from)
            }

            /// Finds the shortest paths between two nodes.
            pub fn path(&self, from: &str, to: &str) -> PathRequest<'_> {
                PathRequest::new($target(self), from, to)
            }

            /// Returns the neighborhood of a node.
            pub fn neighborhood(&self, node: &str) -> NeighborhoodRequest<'_> {
                NeighborhoodRequest::new($target(self), node)
            }

            /// Finds the links among some nodes.
            pub fn between(
                &self,
                nodes: impl IntoIterator<Item = impl AsRef<str>>,
            ) -> BetweenRequest<'_> {
                BetweenRequest::new($target(self), nodes)
            }
        })*
    };
}

requests! {
    Location: Target::Now,
    LocationView: LocationView::target,
}

fn labels(target: Target<'_>, node: &str) -> Result<Vec<LabelRow<String>>, QueryError> {
    let node: NodeRef = node.parse()?;
    target.answer(&node, |view, budget| {
        Ok(view.labels(&node, budget)?.into_iter().map(LabelCount::into_owned).collect())
    })
}
