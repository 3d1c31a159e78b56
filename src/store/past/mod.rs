//! The graph of a location as it stood at an earlier event: which moment is meant, the replay
//! that makes its graph, and the cache of such graphs.

pub(super) mod as_of;
pub(super) mod cache;
pub(super) mod replay;
