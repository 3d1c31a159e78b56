//! The options of an export.

use std::str::FromStr;

use crate::model::ParseNameError;

/// The name of the list of edges in node-link JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgesKey {
    /// `edges`: NetworkX 3.6 and later.
    #[default]
    Edges,
    /// `links`: earlier versions of NetworkX, and d3.
    Links,
}

impl EdgesKey {
    /// Returns the name on the wire.
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

/// The options of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The name of the list of edges, for node-link JSON.
    pub edges_key: EdgesKey,
    /// The id of the location: part of every name in RDF, since equal ids in two locations
    /// mean different things.
    pub location: String,
    /// Whether CSV begins with a byte order mark, without which Excel does not recognise
    /// UTF-8.
    pub bom: bool,
    /// Whether GraphML has the elements that yEd draws: it shows no labels otherwise.
    pub yed: bool,
}

/// The subgraph is too large for the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "mermaid draws at most {links} links and {bytes} bytes of text: export less, with `layer=objects`, \
     `of`, `label` or `association`"
)]
pub struct TooLarge {
    /// Maximum number of links.
    pub links: usize,
    /// Maximum size of the file in bytes.
    pub bytes: usize,
}
