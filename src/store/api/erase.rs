//! Erasing a location for good.

use crate::journal::JournalError;
use crate::model::{LocationId, Seq};
use crate::store::delivery::IngestError;
use crate::store::erase::Erasure;
use crate::store::store::Store;
use crate::store::writer::command::{Command, ToErase};

/// Events looked at in one short reading: none keeps the write-ahead log for long.
const PART: Seq = 1 << 14;

impl Store {
    /// Erases everything of a location, for good and in one transaction: what its events
    /// say, its graph, dead letters, and the ids of its deliveries. Returns `None` if there
    /// is nothing of it. What comes for it later begins anew; a backup that was taken
    /// before still holds it.
    ///
    /// Imports are no longer recognized as repeated, of any location.
    ///
    /// Reads where the events of the whole journal belong, on the calling thread.
    /// Deliveries wait while what the location's own events say is written over.
    ///
    /// ```
    /// use relata::Store;
    ///
    /// let store = Store::in_memory()?;
    /// store.ingest(br#"{"type":"RecordCreate","id":"amara","objectKey":"contact",
    ///     "locationId":"eHy2"}"#)?;
    /// let erased = store.erase_location("eHy2")?.unwrap();
    /// assert_eq!((erased.events, erased.counts.records), (1, 1));
    /// assert!(store.location("eHy2").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn erase_location(&self, id: &str) -> Result<Option<Erasure>, IngestError> {
        // No graph of the past is built meanwhile that would be kept.
        let _alone = self.pasts.build(&|| false);
        let location = LocationId::from(id);
        let (known, upto) = self
            .seqs_of(id)
            .map_err(|error| IngestError::Unavailable { reason: error.to_string() })?;
        let erased = self.execute(|reply| {
            Command::Erase(Box::new(ToErase { location, known, upto }), reply)
        })??;
        self.pasts.forget(id);
        Ok(erased)
    }

    /// Returns the events of a location, and up to where they were looked for.
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
