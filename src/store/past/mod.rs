//! The graph of a location as it stood at an earlier event.

pub(super) mod cache;
pub(super) mod timeline;
