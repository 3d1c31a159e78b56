//! How the bytes of a graph lie; knows nothing of the domain.

pub(super) mod adjacency;
pub(super) mod allocation;
pub(super) mod degrees;
pub(super) mod id_index;
pub(super) mod number;
pub(super) mod ordinals;
pub(super) mod strings;
pub(super) mod table;
