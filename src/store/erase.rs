//! The result of erasing a location.

use crate::graph::Counts;
use crate::model::LocationId;

/// What was erased of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The location.
    pub location: LocationId,
    /// Number of events whose content was erased; their positions in the journal stay, empty.
    pub events: u64,
    /// Number of dead letters that were deleted.
    pub dead_letters: u64,
    /// Counts of its graph.
    pub counts: Counts,
    /// Whether the write-ahead log was emptied, too. False while another program reads the
    /// file: the log contains the erased data until that program is done.
    pub log_emptied: bool,
}
