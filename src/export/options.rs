//! How a graph is written.

use std::str::FromStr;

use crate::model::ParseNameError;

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
}

impl FromStr for EdgesKey {
    type Err = ParseNameError;

    /// Parses `edges` or `links`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "edges" => Ok(Self::Edges),
            "links" => Ok(Self::Links),
            _ => Err(ParseNameError::none_of(&["edges", "links"])),
        }
    }
}

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// For node-link JSON.
    pub edges_key: EdgesKey,
    /// The id of the location that the graph is of: part of every name in RDF,
    /// since what is alike in two locations is not the same.
    pub location: String,
    /// Begins CSV with a byte order mark, without which Excel takes UTF-8 for
    /// another encoding.
    pub bom: bool,
    /// Adds to GraphML what yEd draws: it shows no label of its own accord.
    pub yed: bool,
}

/// The part is more than the format can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "mermaid draws at most {links} links and {bytes} bytes of text: ask for less, by `layer=objects`, \
     `of`, `label` or `association`"
)]
pub struct TooLarge {
    /// Links that the format can carry.
    pub links: usize,
    /// Bytes that the file may have.
    pub bytes: usize,
}
