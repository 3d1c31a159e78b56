//! From a graph to the formats of other tools, one file a format.

mod dot;
mod format;
mod graphml;
mod node_link;
mod selection;

pub use format::{EdgesKey, Format, Layers, Options, Size, size, write};
