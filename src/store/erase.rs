//! Erasing a location for good.

use std::ops::ControlFlow;

use crate::graph::Counts;
use crate::journal::{JournalError, JournalReader, WriteOutcome};
use crate::model::{LocationId, Seq};
use crate::store::delivery::IngestError;
use crate::store::history;
use crate::store::index::skip_index::Mentions;
use crate::store::store::Store;
use crate::store::writer::import_marks::Imports;
use crate::store::writer::thread::Writer;

/// Events looked at in one short reading: none keeps the write-ahead log for long.
const PART: Seq = 1 << 14;

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
        let erased = self.ask(move |writer| writer.erase(location, &known, upto))??;
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

impl Writer {
    fn erase(
        &mut self,
        location: LocationId,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Option<Erasure>, IngestError> {
        self.check()?;
        let id = location.as_str();
        let found = self.locations.find(id);
        let counts = found.as_ref().map(|known| known.read().counts()).unwrap_or_default();
        let erased = self.journal.erase_location(id, known, upto).map_err(|error| {
            match error.write_outcome() {
                WriteOutcome::NothingWritten => self.settle_other(&error),
                // It may be done: what the graphs hold must not be saved again.
                WriteOutcome::Unknown | WriteOutcome::Damaged => self.fail(&error),
            }
        })?;
        self.checkpointer.abandon(&self.locations);
        self.locations.remove(id);
        self.deliveries.forget(&erased.seqs);
        if !erased.seqs.is_empty() {
            self.imports = Imports::default();
        }
        let number = found.as_ref().map(|known| known.number);
        let mut runs = erased.runs;
        runs.extend(self.checkpointer.forget(id, number, &erased.seqs));
        for run in runs {
            let hashes =
                mentioned(self.journal.as_mut(), run).map_err(|error| self.fail(&error))?;
            self.checkpointer.cover(run, hashes);
        }
        self.checkpoint()?;
        let log_emptied = self.journal.empty_log().map_err(|error| self.settle_other(&error))?;
        if found.is_none() && erased.events == 0 && erased.dead_letters == 0 {
            return Ok(None);
        }
        let (events, dead_letters) = (erased.events, erased.dead_letters);
        tracing::warn!(location = id, events, dead_letters, "a location was erased");
        Ok(Some(Erasure { location, events, dead_letters, counts, log_emptied }))
    }
}

/// What the events of a run speak of that are left.
fn mentioned(
    journal: &mut dyn JournalReader,
    (first, last): (Seq, Seq),
) -> Result<Vec<u8>, JournalError> {
    let mut mentions = Mentions::default();
    let mut failed = None;
    let after = (first - 1).max(journal.pruned()?);
    if after >= last {
        return Ok(Vec::new());
    }
    journal.read_range(after + 1..=last, &mut |seq, entry| match history::read(seq, &entry) {
        Ok(event) => {
            if let Some(event) = event {
                mentions.name(&event);
            }
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or_else(|| Ok(mentions.bytes()), Err)
}
