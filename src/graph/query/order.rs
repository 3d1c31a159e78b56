//! The order of a list of links.

use std::str::FromStr;

use crate::model::ParseNameError;

/// The order of a list of links: that in which the store first heard of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// First heard of, first listed.
    #[default]
    Oldest,
    /// Last heard of, first listed.
    Newest,
}

impl FromStr for Order {
    type Err = ParseNameError;

    /// Parses `oldest` or `newest`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "oldest" => Ok(Self::Oldest),
            "newest" => Ok(Self::Newest),
            _ => Err(ParseNameError::none_of(&["oldest", "newest"])),
        }
    }
}
