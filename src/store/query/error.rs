//! What can go wrong with a question.

use crate::graph::AskError;
use crate::model::ParseNodeRefError;

/// A question that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// A text names no node: write `contact` or `contact/emqf`.
    #[error(transparent)]
    Reference(#[from] ParseNodeRefError),
    /// The graph cannot answer it.
    #[error(transparent)]
    Ask(#[from] AskError),
}
