//! From a graph to the formats of other tools, one file a format.

mod cytoscape;
mod dot;
mod element;
mod format;
mod gexf;
mod graphml;
mod graphology;
mod jgf;
mod json;
mod mermaid;
mod node_link;
mod xml;

pub use format::{EdgesKey, Format, Options, TooLarge, check, write, write_lives};
