//! The formats, and writing a graph in one of them.

use std::io::{self, Write};
use std::str::FromStr;

use crate::export::options::{Options, TooLarge};
use crate::export::{
    csv, cypher, cytoscape, dot, gexf, graphml, graphology, jgf, mermaid, neo4j_csv, node_link, rdf,
};
use crate::graph::{Subgraph, Timeline};
use crate::model::ParseNameError;

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident: $wire:literal, $media:literal, $extension:literal;)*) => {
        /// A format of another tool.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $name,)*
        }

        impl Format {
            /// All formats.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// Returns the media type.
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$name => $media,)* }
            }

            /// Returns the extension of its files.
            pub const fn file_extension(self) -> &'static str {
                match self { $(Self::$name => $extension,)* }
            }
        }

        impl FromStr for Format {
            type Err = ParseNameError;

            /// Parses the name on the wire.
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($wire => Ok(Self::$name),)*
                    _ => Err(ParseNameError::none_of(&[$($wire),*])),
                }
            }
        }
    };
}

formats! {
    /// GraphML 1.0: Gephi, yEd, NetworkX, igraph, Cytoscape.
    GraphMl: "graphml", "application/graphml+xml", "graphml";
    /// GEXF 1.3: Gephi, sigma.js.
    Gexf: "gexf", "application/gexf+xml", "gexf";
    /// Graphviz.
    Dot: "dot", "text/vnd.graphviz; charset=utf-8", "dot";
    /// A Mermaid flowchart of at most 500 links.
    Mermaid: "mermaid", "text/vnd.mermaid; charset=utf-8", "mmd";
    /// JSON for Cytoscape.js and Cytoscape.
    Cytoscape: "cytoscape", "application/json", "cyjs";
    /// Node-link JSON for NetworkX and d3.
    NodeLink: "node-link", "application/json", "json";
    /// JSON Graph Format 2.
    Jgf: "jgf", "application/vnd.jgf+json", "jgf.json";
    /// JSON for graphology and sigma.js.
    Graphology: "graphology", "application/json", "graphology.json";
    /// A list of links for spreadsheets, pandas and Gephi.
    Csv: "csv", "text/csv; charset=utf-8", "csv";
    /// A zip of CSV files for `neo4j-admin database import`.
    Neo4jCsv: "neo4j-csv", "application/zip", "zip";
    /// A script for Neo4j, Memgraph and `FalkorDB`.
    Cypher: "cypher", "application/x-cypher-query", "cypher";
    /// RDF, one statement per line.
    NTriples: "ntriples", "application/n-triples", "nt";
    /// RDF with the location as the name of the graph.
    NQuads: "nquads", "application/n-quads", "nq";
}

/// Checks that a format can represent a subgraph: Mermaid is limited to small ones.
///
/// # Errors
///
/// [`TooLarge`] if it cannot.
pub fn check<'p, 'g>(
    part: &'p Subgraph<'g>,
    format: Format,
) -> Result<CheckedExport<'p, 'g>, TooLarge> {
    let flowchart = match format {
        Format::Mermaid => mermaid::text(part)?,
        _ => String::new(),
    };
    Ok(CheckedExport { part, format, flowchart })
}

/// A subgraph and a format that can represent it.
#[derive(Debug)]
pub struct CheckedExport<'p, 'g> {
    part: &'p Subgraph<'g>,
    format: Format,
    /// The whole text, if the format is Mermaid.
    flowchart: String,
}

/// Writes a subgraph in a format, piece by piece, in the order of the subgraph: the same
/// state gives the same bytes.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`], before anything is written, if [`check`] refuses the
/// subgraph; else the errors of the writer.
///
/// ```
/// use relata::export::{Format, Options, write};
/// use relata::graph::{LocationGraph, SubgraphQuery};
///
/// let snapshot = LocationGraph::new().snapshot();
/// let part = snapshot.view().part(&SubgraphQuery::default())?;
/// let mut dot = Vec::new();
/// write(&part, Format::Dot, &Options::default(), &mut dot)?;
/// assert_eq!(String::from_utf8(dot)?, "digraph relata {\n}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(
    part: &Subgraph<'_>,
    format: Format,
    options: &Options,
    to: &mut dyn Write,
) -> io::Result<()> {
    let checked = check(part, format);
    let checked = checked.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    checked.write(options, to)
}

impl CheckedExport<'_, '_> {
    /// Writes the subgraph as [`write`](write()) does.
    pub fn write(&self, options: &Options, to: &mut dyn Write) -> io::Result<()> {
        let part = self.part;
        match self.format {
            Format::GraphMl => graphml::write(part, options.yed, to),
            Format::Gexf => gexf::write(part, None, to),
            Format::Dot => dot::write(part, to),
            Format::Mermaid => to.write_all(self.flowchart.as_bytes()),
            Format::Cytoscape => cytoscape::write(part, to),
            Format::NodeLink => node_link::write(part, options.edges_key, to),
            Format::Jgf => jgf::write(part, to),
            Format::Graphology => graphology::write(part, to),
            Format::Csv => csv::write(part, options.bom, to),
            Format::Neo4jCsv => neo4j_csv::write(part, to),
            Format::Cypher => cypher::write(part, to),
            Format::NTriples => rdf::write(part, &options.location, false, to),
            Format::NQuads => rdf::write(part, &options.location, true, to),
        }
    }
}

/// Writes a subgraph of a timeline as GEXF, with the times at which each node and link
/// existed, for the timeline of Gephi.
pub fn write_timeline(
    part: &Subgraph<'_>,
    timeline: &Timeline,
    to: &mut dyn Write,
) -> io::Result<()> {
    gexf::write(part, Some(timeline), to)
}
