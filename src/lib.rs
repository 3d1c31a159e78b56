//! An embedded association graph store.
pub mod export;
pub mod graph;
mod model;
pub mod webhook;
pub use model::*;
