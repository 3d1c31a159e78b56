//! Where the rows that are read go.

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::reading::Row;

/// Takes the rows of a location as they are read. The same row may come more than once: a
/// relation is in the lists of two records.
pub trait RowSink {
    /// Takes a row, and when it was read by the sender's clock.
    fn take(&mut self, row: Row, at: Timestamp) -> Result<(), PullError>;

    /// Makes everything taken so far durable. Returns the length of what is written, where it
    /// is a file.
    fn commit(&mut self) -> Result<Option<u64>, PullError>;

    /// Continues behind what an earlier run made durable: so many bytes, where it is a file.
    fn resume(&mut self, bytes: u64) -> Result<(), PullError>;

    /// Finishes once everything was taken.
    fn finish(&mut self) -> Result<(), PullError>;
}
