//! Compacting a store now.

use crate::store::delivery::IngestError;
use crate::store::store::Store;
use crate::store::writer::command::Command;

impl Store {
    /// Drops what was deleted for longer than [`Options::keep_tombstones`], and returns the
    /// number of associations, records and relations dropped. The store also does so by
    /// itself once it is worth the cost: between deliveries, and for a location of more
    /// than 60,000 things when the store is opened.
    ///
    /// No answer changes, except that a deleted record without links is no longer known.
    ///
    /// # Performance
    ///
    /// Costs about a second per million things, while deliveries wait.
    ///
    /// [`Options::keep_tombstones`]: crate::store::options::Options::keep_tombstones
    pub fn compact(&self) -> Result<u64, IngestError> {
        self.execute(Command::Compact)?
    }

    /// Returns the number of deleted associations, records and relations that were dropped
    /// from memory and the checkpoint since the store was opened.
    pub fn compacted_rows(&self) -> u64 {
        self.state.stats.compacted_rows()
    }
}
