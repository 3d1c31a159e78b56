//! How many names events may bring in.

use clap::Args;
use relata::NameLimits;

/// How many names events may bring in; one that names one more is refused.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Locations that events may name; one more is answered with 422 and kept as a dead
    /// letter
    #[arg(long, env = "RELATA_LOCATIONS", default_value_t = 100_000, value_name = "N")]
    pub(crate) locations: usize,

    /// The same of the object keys of one location
    #[arg(long, env = "RELATA_OBJECT_KEYS", default_value_t = 1_000, value_name = "N")]
    pub(crate) object_keys: usize,

    /// The same of the associations of one location
    #[arg(long, env = "RELATA_ASSOCIATIONS", default_value_t = 5_000, value_name = "N")]
    pub(crate) associations: usize,

    /// The same of the associations of one location, each counted once for each pair of
    /// object keys that its relations join
    #[arg(long, env = "RELATA_EDGE_TYPES", default_value_t = 10_000, value_name = "N")]
    pub(crate) edge_types: usize,
}

impl Names {
    pub(crate) fn limits(&self) -> NameLimits {
        let Self { locations, object_keys, associations, edge_types } = *self;
        NameLimits { locations, object_keys, associations, edge_types }
    }
}
