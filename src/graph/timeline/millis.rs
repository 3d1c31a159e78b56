//! Instants of a timeline.

use crate::model::{Stamp, Timestamp};

/// Milliseconds; undated is before all of them.
pub(super) type Millis = i64;

pub(super) const UNDATED: Millis = Millis::MIN;

pub(super) const NEVER: Millis = Millis::MAX;

/// Returns when an event was, as far as it says so.
pub(super) fn millis(stamp: Stamp) -> Millis {
    stamp.at().map_or(UNDATED, Timestamp::as_millis)
}
