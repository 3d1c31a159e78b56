//! An embedded association graph store.
pub mod export;
pub mod graph;
#[cfg(feature = "server")]
pub mod http;
pub mod journal;
mod model;
mod store;
pub mod webhook;
#[cfg(feature = "server")]
pub mod wire;
pub use model::*;
pub use store::*;
