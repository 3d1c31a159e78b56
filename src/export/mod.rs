//! Exports of a graph in the formats of other tools, one file per format.

mod content;
mod csv;
mod cypher;
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
mod neo4j_csv;
mod node_link;
mod options;
mod rdf;
mod xml;

pub use content::Content;
pub use format::{CheckedExport, Format, check, write, write_timeline};
pub use options::{EdgesKey, Options, TooLarge};
