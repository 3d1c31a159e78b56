//! Limits on the names that events may introduce.

use clap::Args;
use relata::operations::NameLimits;

/// Limits on the names that events may introduce; an event that exceeds one is refused.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Maximum number of locations; an event that names one more is answered with 422 and
    /// kept as a dead letter
    #[arg(long, env = "RELATA_LOCATIONS", default_value_t = 100_000, value_name = "N")]
    pub(crate) locations: usize,

    /// Maximum number of object keys in one location, likewise
    #[arg(long, env = "RELATA_OBJECT_KEYS", default_value_t = 1_000, value_name = "N")]
    pub(crate) object_keys: usize,

    /// Maximum number of associations in one location, likewise
    #[arg(long, env = "RELATA_ASSOCIATIONS", default_value_t = 5_000, value_name = "N")]
    pub(crate) associations: usize,

    /// Maximum number of edge types in one location, likewise: associations, each counted
    /// once for each pair of object keys that its relations join
    #[arg(long, env = "RELATA_EDGE_TYPES", default_value_t = 10_000, value_name = "N")]
    pub(crate) edge_types: usize,
}

impl Names {
    /// Returns the limits.
    pub(crate) fn limits(&self) -> NameLimits {
        let Self { locations, object_keys, associations, edge_types } = *self;
        NameLimits { locations, object_keys, associations, edge_types }
    }
}
