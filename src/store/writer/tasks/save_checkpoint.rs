//! Saving checkpoints between deliveries.

use std::sync::Arc;
use std::time::Instant;

use crate::journal::{CheckpointRow, CheckpointSeq, JournalError};
use crate::store::delivery::IngestError;
use crate::store::writer::checkpoint::part_writer::Saved;
use crate::store::writer::following::Following;
use crate::store::writer::thread::Writer;

impl Writer {
    /// Saves the next part of a checkpoint that has begun or is due, and more parts where
    /// events arrive faster than they are saved.
    pub(crate) fn save_due_parts(&mut self) -> Result<(), IngestError> {
        self.save_next_part()?;
        while self.checkpointer.is_late() {
            self.save_next_part()?;
        }
        Ok(())
    }

    /// Saves a checkpoint of everything merged, while deliveries wait.
    pub(crate) fn save_checkpoint(&mut self) -> Result<(), IngestError> {
        // One that has begun covers less.
        while self.checkpointer.is_saving() {
            self.save_next_part()?;
        }
        self.save_next_part()?;
        while self.checkpointer.is_saving() {
            self.save_next_part()?;
        }
        Ok(())
    }

    /// Saves the next part of a checkpoint, and begins one if anything is new. A checkpoint is
    /// a shortcut: a failure is logged, and deliveries are accepted as before.
    fn save_next_part(&mut self) -> Result<(), IngestError> {
        if let Err(refusal) = self.check_writable() {
            self.checkpointer.abandon(&self.locations);
            self.checkpointer.put_off(Instant::now());
            return Err(refusal);
        }
        match self.begin_saving() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(self.report_unsaved(error)),
        }
        let Self { checkpointer, journal, locations, head, .. } = self;
        let saved = if checkpointer.is_saving() || checkpointer.begin(locations, *head) {
            checkpointer.save_part(journal.as_mut(), locations, *head)
        } else {
            Ok(Saved::Nothing)
        };
        // Perhaps there was nothing to write.
        self.end_turn();
        match saved {
            Ok(Saved::Part) => Ok(()),
            Ok(saved) => {
                if let Saved::Whole { upto, took } = saved {
                    self.state.record_checkpoint(upto, took);
                }
                self.pruning.wake(Instant::now());
                self.trim_log();
                Ok(())
            }
            Err(error) => Err(self.report_unsaved(error)),
        }
    }

    /// Takes the turn to save a part, or leaves it to the process that saves checkpoints.
    fn begin_saving(&mut self) -> Result<bool, JournalError> {
        while self.maintains()? {
            // What was erased by others must not be saved again.
            self.try_take_turn()?;
            if self.following.as_ref().is_none_or(Following::maintains) {
                return Ok(true);
            }
            // The connection was lost, and another process may have saved since.
            self.end_turn();
        }
        self.save_redeliveries()?;
        if let Some(position) = self.journal.position()? {
            self.checkpointer.await_save(position.checkpoint, &self.locations, self.head);
            self.state.stats.set_checkpoint(position.checkpoint.seq);
        }
        Ok(false)
    }

    /// Adds the redeliveries that only this process has seen to those in the journal.
    fn save_redeliveries(&mut self) -> Result<(), JournalError> {
        let counts = self.checkpointer.redeliveries();
        if counts.lock().is_empty() {
            return Ok(());
        }
        // Those of events that others have erased are forgotten before.
        self.try_take_turn()?;
        let mut counts = counts.lock();
        if counts.is_empty() {
            self.end_turn();
            return Ok(());
        }
        self.journal.save_checkpoint(CheckpointSeq::default(), &mut |put| {
            let mut counts = counts.iter();
            counts.try_for_each(|(&seq, &times)| put(&CheckpointRow::Redeliveries { seq, times }))
        })?;
        counts.clear();
        Ok(())
    }

    fn report_unsaved(&mut self, error: JournalError) -> IngestError {
        self.state.stats.count_write_failure();
        self.checkpointer.put_off(Instant::now());
        let (reason, advice) = (error.to_string(), error.advice());
        tracing::error!(reason, advice, "no checkpoint can be saved; it is tried again");
        Arc::new(error).into()
    }

    /// Keeps the write-ahead log short. Not after a failure: the contents of the log are then
    /// known only after opening again.
    pub(crate) fn trim_log(&mut self) {
        if self.state.health.failure().is_none() {
            let held_since = self.log.step(self.journal.as_mut());
            self.state.stats.set_log_held_since(held_since);
        }
    }
}
