//! From a graph to the formats of other tools, one file a format.

mod dot;
mod element;
mod format;
mod graphml;
mod node_link;

pub use format::{EdgesKey, Format, Options, write};
