//! In which order links are listed.

/// The order of a list of links: that in which the store first heard of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// First heard of, first listed.
    #[default]
    Oldest,
    /// Last heard of, first listed.
    Newest,
}
