//! Erasing a location for good.

use crate::journal::JournalError;
use crate::model::{LocationId, Seq};
use crate::store::delivery::IngestError;
use crate::store::erase::Erasure;
use crate::store::store::Store;
use crate::store::writer::command::{Command, ToErase};

/// Events read in one short transaction: none holds the write-ahead log for long.
const PART: Seq = 1 << 14;

impl Store {
    /// Erases everything of a location, for good and in one transaction: what its events
    /// say, its graph, dead letters, and the ids of its deliveries. Returns `None` if there
    /// is nothing of it. Later events start the location from scratch; a backup taken
    /// before still contains it.
    ///
    /// Imports are no longer recognised as repeated, in any location.
    ///
    /// # Performance
    ///
    /// Reads which location each event of the journal belongs to, on the calling thread.
    /// Deliveries wait while the contents of the location's events are overwritten.
    ///
    /// ```
    /// use relata::Store;
    ///
    /// let store = Store::in_memory()?;
    /// store.ingest(br#"{"type":"RecordCreate","id":"amara","objectKey":"contact",
    ///     "locationId":"eHy2"}"#)?;
    /// let erased = store.erase_location("eHy2")?.unwrap();
    /// assert_eq!((erased.events, erased.counts.records), (1, 1));
    /// assert!(store.location("eHy2")?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn erase_location(&self, id: &str) -> Result<Option<Erasure>, IngestError> {
        let location = LocationId::from(id);
        let (known, upto) = self.seqs_of(id).map_err(|error| IngestError::Unavailable {
            reason: error.to_string(),
            source: Some(error.into()),
        })?;
        self.execute(|reply| Command::Erase(Box::new(ToErase { location, known, upto }), reply))?
    }

    /// Returns the events of a location, and the last event that was searched.
    fn seqs_of(&self, id: &str) -> Result<(Vec<Seq>, Seq), JournalError> {
        let mut journal = self.reader()?;
        let (mut known, upto) = (Vec::new(), journal.head()?);
        let mut after = journal.pruned()?;
        while after < upto {
            let last = upto.min(after + PART);
            journal.seqs_of(id, after, last, &mut known)?;
            after = last;
        }
        Ok((known, upto))
    }
}
