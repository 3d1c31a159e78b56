//! Which formats there are, and what to write in them.

use std::io::{self, Write};

use super::selection::Selection;
use super::{dot, graphml, node_link};
use crate::graph::Snapshot;

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident: $wire:literal, $media:literal, $extension:literal;)*) => {
        /// A format of another tool.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $name,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// The format of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($wire => Some(Self::$name),)* _ => None }
            }

            /// Its media type.
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$name => $media,)* }
            }

            /// What its files end with.
            pub const fn file_extension(self) -> &'static str {
                match self { $(Self::$name => $extension,)* }
            }
        }
    };
}

formats! {
    /// GraphML 1.0: Gephi, yEd, NetworkX, igraph, Cytoscape.
    GraphMl: "graphml", "application/graphml+xml", "graphml";
    /// Graphviz.
    Dot: "dot", "text/vnd.graphviz", "dot";
    /// The node-link JSON of NetworkX and d3.
    NodeLink: "node-link", "application/json", "json";
}

/// Which layers to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layers {
    /// Object keys and associations.
    Objects,
    /// Records and relations.
    Records,
    /// Both, side by side.
    #[default]
    All,
}

impl Layers {
    /// The layers of this name: `objects`, `records` or `all`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "objects" => Some(Self::Objects),
            "records" => Some(Self::Records),
            "all" => Some(Self::All),
            _ => None,
        }
    }
}

/// How node-link JSON calls its list of edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgesKey {
    /// `edges`: NetworkX from 3.6.
    #[default]
    Edges,
    /// `links`: NetworkX before, and d3.
    Links,
}

impl EdgesKey {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edges => "edges",
            Self::Links => "links",
        }
    }

    /// The key of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Edges, Self::Links].into_iter().find(|key| key.as_str() == name)
    }
}

/// What to write of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Which layers.
    pub layers: Layers,
    /// Only links of which an end carries one of these labels; none is no
    /// filter. With a filter, only the nodes of such links are written.
    pub labels: Vec<String>,
    /// Only links under one of these associations, by id or key; none is no
    /// filter.
    pub associations: Vec<String>,
    /// For node-link JSON.
    pub edges_key: EdgesKey,
}

/// How much an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Nodes.
    pub nodes: u64,
    /// Links.
    pub links: u64,
}

/// How much [`write()`] would write. Costs a pass over the graph and a sort.
pub fn size(snapshot: &Snapshot, options: &Options) -> Size {
    Selection::new(snapshot, options).size()
}

/// Writes a graph in a format, piece by piece, in an order that the state alone
/// decides: nodes by object key and record id, links by id. The same state gives
/// the same bytes.
///
/// ```
/// use relata::export::{Format, Options, write};
/// use relata::graph::LocationGraph;
///
/// let mut dot = Vec::new();
/// write(&LocationGraph::new().snapshot(), Format::Dot, &Options::default(), &mut dot)?;
/// assert_eq!(String::from_utf8(dot).unwrap(), "digraph relata {\n}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(
    snapshot: &Snapshot,
    format: Format,
    options: &Options,
    to: &mut dyn Write,
) -> io::Result<()> {
    let selection = Selection::new(snapshot, options);
    match format {
        Format::GraphMl => graphml::write(&selection, to),
        Format::Dot => dot::write(&selection, to),
        Format::NodeLink => node_link::write(&selection, options.edges_key, to),
    }
}
