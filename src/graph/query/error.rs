//! Why a query fails.

use crate::model::{NodeRef, ParseNodeRefError};

/// A query cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A text names no node: write `contact` or `contact/emqf`.
    #[error(transparent)]
    Reference(#[from] ParseNodeRefError),
    /// No event has ever named this node.
    #[error("no event has named {0}")]
    Unknown(NodeRef),
    /// A query is about one layer: object keys or records.
    #[error("{0} is of the other layer: a question names object keys or records, not both")]
    OtherLayer(NodeRef),
    /// The query names nothing to start from.
    #[error("there is nothing to start from")]
    Nothing,
}
