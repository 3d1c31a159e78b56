//! The graph of a location as it stood at an earlier event.

pub(super) mod cache;
