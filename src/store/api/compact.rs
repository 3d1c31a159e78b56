//! Dropping what was deleted for long, now.

use crate::store::delivery::IngestError;
use crate::store::store::Store;
use crate::store::writer::command::Command;

impl Store {
    /// Drops now what was deleted for longer than [`Options::keep_tombstones`], and
    /// returns how many associations, records and relations that was. It is done by
    /// itself, too, once it is worth the cost: between deliveries, and of a location of
    /// more than 60,000 things when the store is opened.
    ///
    /// No answer changes by it, but that a record that was deleted, which had no links,
    /// is not known any more.
    ///
    /// Costs about a second for a million things while deliveries wait.
    ///
    /// [`Options::keep_tombstones`]: crate::store::options::Options::keep_tombstones
    pub fn compact(&self) -> Result<u64, IngestError> {
        self.execute(Command::Compact)?
    }

    /// Returns how many deleted associations, records and relations were dropped from
    /// memory and the checkpoint since the store was opened.
    pub fn compacted_rows(&self) -> u64 {
        self.state.stats.compacted_rows()
    }
}
