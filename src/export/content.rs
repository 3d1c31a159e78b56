//! What an export contains, and which options go with it.

use std::str::FromStr;

use crate::export::format::Format;
use crate::model::ParseNameError;

/// What an export contains: a graph in the format of another tool, the graph with the life
/// spans of everything in it, or the events themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A graph in this format.
    Graph(Format),
    /// The graph with all life spans, as GEXF.
    Timeline,
    /// The events, as newline-delimited JSON.
    Events,
}

impl FromStr for Content {
    type Err = ParseNameError;

    /// Parses the name of a format, or `ndjson`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "ndjson" { Ok(Self::Events) } else { name.parse().map(Self::Graph) }
    }
}

impl Content {
    /// Returns the names that can be parsed, separated by commas.
    pub fn names() -> String {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        format!("{}, ndjson", names.join(", "))
    }

    /// Returns the format to which an option is limited, or `None` if it has no such limit.
    pub fn format_of_option(name: &str) -> Option<Format> {
        match name {
            "dynamic" => Some(Format::Gexf),
            "bom" => Some(Format::Csv),
            "yed" => Some(Format::GraphMl),
            _ => None,
        }
    }

    /// Returns the format, or `None` for events.
    pub fn format(self) -> Option<Format> {
        match self {
            Self::Graph(format) => Some(format),
            Self::Timeline => Some(Format::Gexf),
            Self::Events => None,
        }
    }

    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        self.format().map_or("application/x-ndjson", Format::media_type)
    }

    /// Returns the extension of its files.
    pub fn file_extension(self) -> &'static str {
        self.format().map_or("ndjson", Format::file_extension)
    }

    /// Returns whether it is compressed already.
    pub fn is_compressed(self) -> bool {
        self == Self::Graph(Format::Neo4jCsv)
    }
}
