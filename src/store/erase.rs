//! Erasing a location for good.

use crate::graph::Counts;
use crate::model::LocationId;

/// What was there of a location that was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The location.
    pub location: LocationId,
    /// Events whose content was erased; their places in the journal stay, empty.
    pub events: u64,
    /// Dead letters that were deleted.
    pub dead_letters: u64,
    /// What its graph held.
    pub counts: Counts,
    /// Whether the write-ahead log was emptied, too. False while another program reads the
    /// file: the log holds what was erased until that program is done.
    pub log_emptied: bool,
}
