//! What all requests have in common.

use crate::graph::{LinkFilter, QueryError};
use crate::store::query::target::Target;

/// A query of a location, built step by step and run by its last method.
///
/// Obtained from a [`Location`](crate::Location), or from a
/// [`LocationView`](crate::query::LocationView) of a past one.
#[derive(Debug, Clone)]
pub struct Request<'l, Q> {
    pub(super) target: Target<'l>,
    /// The error of the first text that names no node, reported when the query is run.
    pub(super) query: Result<Q, QueryError>,
}

impl<Q> Request<'_, Q> {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Q)) -> Self {
        if let Ok(query) = &mut self.query {
            change(query);
        }
        self
    }

    pub(super) fn query(&self) -> Result<&Q, QueryError> {
        self.query.as_ref().map_err(Clone::clone)
    }
}

impl<Q: AsMut<LinkFilter>> Request<'_, Q> {
    /// Adds a label: selects links whose far end has one of those added, or either end
    /// where the query has no direction. Without a label, every label will do.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        self.with(|query| query.as_mut().labels.push(label.into()))
    }

    /// Adds an association, by id or key: selects links under one of those added. Without
    /// an association, every association will do.
    #[must_use]
    pub fn association(self, id_or_key: impl Into<String>) -> Self {
        self.with(|query| query.as_mut().associations.push(id_or_key.into()))
    }
}
