//! Erasing what the graphs and the journal hold of a location.

use std::ops::ControlFlow;

use crate::journal::{CheckpointRow, CheckpointSeq, JournalError, JournalReader, WriteOutcome};
use crate::model::{LocationId, Seq};
use crate::store::delivery::IngestError;
use crate::store::erase::Erasure;
use crate::store::history;
use crate::store::index::skip_index::SkipIndex;
use crate::store::writer::thread::Writer;

impl Writer {
    /// Erases a location; see [`Store::erase_location`](crate::Store::erase_location).
    pub(crate) fn erase(
        &mut self,
        location: LocationId,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Option<Erasure>, IngestError> {
        self.check_writable()?;
        self.take_turn()?;
        let id = location.as_str();
        let found = self.locations.describe(id);
        let counts = found.map(|(_, counts)| counts).unwrap_or_default();
        let erased = self.journal.erase_location(id, known, upto).map_err(|error| {
            match (error.write_outcome(), &self.following) {
                // Where it is done, it is repeated like an erasure by another process.
                (WriteOutcome::NothingWritten, _) | (WriteOutcome::Unknown, Some(_)) => {
                    self.settle_other(error.into())
                }
                // It may be done: the graphs must not be saved again.
                (WriteOutcome::Unknown | WriteOutcome::Damaged, _) => self.fail(error.into()),
            }
        })?;
        if self.following.is_some() {
            // It is done, and repeated once the journal can be read again.
            let followed = self.follow().and_then(|()| self.index_again(&erased.runs));
            followed.map_err(|error| self.pause_or_fail(error.into()))?;
        } else {
            let forgotten = self.forget_erased(id, &erased.seqs, erased.runs);
            forgotten.map_err(|error| self.fail(error.into()))?;
        }
        self.save_checkpoint()?;
        let log_emptied =
            self.journal.empty_log().map_err(|error| self.settle_other(error.into()))?;
        if found.is_none() && erased.events == 0 && erased.dead_letters == 0 {
            return Ok(None);
        }
        let (events, dead_letters) = (erased.events, erased.dead_letters);
        tracing::warn!(location = id, events, dead_letters, "a location was erased");
        Ok(Some(Erasure { location, events, dead_letters, counts, log_emptied }))
    }

    /// Forgets a location that was erased: its graph, those of the past, what is not saved of
    /// it, and the ids of its deliveries. What else these runs of events name is noted again.
    pub(crate) fn forget_erased(
        &mut self,
        id: &str,
        seqs: &[Seq],
        mut runs: Vec<(Seq, Seq)>,
    ) -> Result<(), JournalError> {
        // It may have read what is erased now.
        self.end_recalling();
        self.checkpointer.abandon(&self.locations);
        let number = self.locations.describe(id).map(|(number, _)| number);
        self.locations.remove(id);
        self.past_graphs.forget(id);
        self.deliveries.forget(seqs);
        if !seqs.is_empty() {
            self.imports.forget_marks();
        }
        runs.extend(self.checkpointer.forget(id, number, seqs));
        for run in runs {
            let hashes = hash_names(self.journal.as_mut(), run)?;
            self.checkpointer.add_run(run, hashes);
        }
        Ok(())
    }

    /// Saves at once what these runs of events name, of which an erasure has dropped the index:
    /// who saves the checkpoints does not know of it.
    fn index_again(&mut self, runs: &[(Seq, Seq)]) -> Result<(), JournalError> {
        if runs.is_empty() {
            return Ok(());
        }
        let mut hashed = Vec::with_capacity(runs.len());
        for run in runs {
            hashed.push((*run, hash_names(self.journal.as_mut(), *run)?));
        }
        self.journal.save_checkpoint(CheckpointSeq::default(), &mut |put| {
            hashed.iter().try_for_each(|((first, last), hashes)| {
                put(&CheckpointRow::SkipIndex { first: *first, last: *last, hashes })
            })
        })
    }
}

/// Hashes the things that the remaining events of a run name.
fn hash_names(
    journal: &mut dyn JournalReader,
    (first, last): (Seq, Seq),
) -> Result<Vec<u8>, JournalError> {
    let mut index = SkipIndex::default();
    let mut failed = None;
    let after = (first - 1).max(journal.pruned()?);
    if after >= last {
        return Ok(Vec::new());
    }
    journal.read_range(
        after + 1..=last,
        &mut |seq, entry| match history::decode_entry(seq, &entry) {
            Ok(event) => {
                if let Some(event) = event {
                    index.add_names(&event);
                }
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
    )?;
    failed.map_or_else(|| Ok(index.hash_bytes()), Err)
}
