//! What became of a pull.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::pull::plan::Method;
use crate::pull::stop::StopReason;

/// What was read of a location.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Id of the location.
    pub location: String,
    /// Why it ended before everything was read, if it did.
    pub stopped: Option<StopReason>,
    /// Requests sent.
    pub requests: u64,
    /// Those of them that repeated another.
    pub retries: u64,
    /// Those of them that the sender refused because there were too many.
    pub throttled: u64,
    /// How long it took.
    pub time: Duration,
    /// Records found of each object key.
    pub records: BTreeMap<String, u64>,
    /// Relations found.
    pub relations: u64,
    /// How links were read, for each object key whose records were listed.
    pub methods: BTreeMap<String, Method>,
    /// Records whose links were read a second way.
    pub sampled: u64,
    /// Those of them for which the two ways differed, with the last method of their key.
    pub different: u64,
    /// Records whose list moved whenever it was read, and `associations` if theirs did.
    pub unstable: BTreeSet<String>,
    /// Keys of associations that could not be read from either end.
    pub unreachable: Vec<String>,
    /// What else was left out, in words.
    pub left_out: Vec<String>,
}

impl Report {
    /// Returns whether everything was read that was asked for.
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
            && self.unstable.is_empty()
            && self.unreachable.is_empty()
            && self.left_out.is_empty()
            && self.different == 0
    }

    /// Returns the part of records that may be wrong at most, with a confidence of 95 %, where
    /// none of the sample was.
    pub fn bound(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a sample")]
        let bound = 3.0 / self.sampled as f64;
        (self.sampled > 0 && self.different == 0).then_some(bound.min(1.0))
    }
}
