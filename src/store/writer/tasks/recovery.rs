//! Recovering from a failed write: finding out what is on disk, and writing again.

use std::ops::{ControlFlow, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::journal::{JournalEntry, JournalError, WriteOutcome};
use crate::model::{Event, LocationId, Seq, Timestamp};
use crate::store::delivery::{IngestError, Status};
use crate::store::history;
use crate::store::location::Location;
use crate::store::locations::Found;
use crate::store::writer::merge::merge_event;
use crate::store::writer::recall::Recall;
use crate::store::writer::recovery::Retrying;
use crate::store::writer::thread::Writer;

/// Entries of others that are merged before they are shown: they are in memory meanwhile.
const PART: Seq = 4_096;

/// What to do at an event whose graph is not in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtUnloaded {
    Load,
    Stop,
}

/// What a failed write has done.
enum Written {
    /// Everything.
    All,
    /// Not everything; the journal ends at this entry.
    Upto(Seq),
}

impl Writer {
    /// Runs the writer until the store is closed, or until it panics.
    ///
    /// After a panic nothing more is accepted: a graph may contain half of an event. All
    /// acknowledged events are in the journal, from which opening builds the graphs again.
    pub(crate) fn run_guarded(self) {
        let state = Arc::clone(&self.state);
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            let head = state.watermark.head();
            let reason = format!(
                "the writer crashed while it took what came after event {head}, which is a bug \
                 in Relata; all that was accepted is on disk: restart it"
            );
            tracing::error!(reason, "nothing more is accepted until a restart");
            state.health.fail(reason, None);
        }
    }

    /// Finds out where the ids of the deliveries of the last days are, reads those that are
    /// not indexed, and how far imports have come, so that a repeat is recognised. Queries
    /// are answered meanwhile, deliveries wait.
    ///
    /// A failure is retried like that of a write.
    pub(crate) fn recall_deliveries(&mut self) {
        if let Err(error) = self.try_recall() {
            self.state.stats.count_write_failure();
            self.pause_or_fail(error.into());
        }
    }

    fn try_recall(&mut self) -> Result<(), JournalError> {
        let Self { journal, deliveries, imports, indexing, options, .. } = self;
        let recall = Recall::plan(journal.as_mut(), options.remembered_deliveries)?;
        *deliveries = recall.begin(journal.as_mut(), options.remembered_deliveries)?;
        indexing.begin(recall.indexed_upto());
        imports.read_marks(journal.as_mut())?;
        self.begin_recalling();
        self.state.health.mark_ready();
        Ok(())
    }

    /// Finds out whether these entries were written though that failed, and returns the last
    /// one if they were. If not, their ids are forgotten before anything is repeated: others
    /// may have written deliveries of the same ids.
    ///
    /// After an error the storage works again, or nothing is accepted until it does.
    pub(crate) fn settle(
        &mut self,
        error: Arc<JournalError>,
        entries: &[JournalEntry<'_>],
    ) -> Result<Seq, IngestError> {
        let expected = self.head + entries.len() as Seq;
        let found = self.find_written(&error, entries);
        if matches!(found, Ok(Written::All)) {
            return Ok(expected);
        }
        self.forget_ids(entries);
        if let Written::Upto(head) = found? {
            self.repeat_upto(head).map_err(|error| self.pause_or_fail(error.into()))?;
        }
        Err(error.into())
    }

    /// Finds out what a failed write of these entries has done.
    fn find_written(
        &mut self,
        error: &Arc<JournalError>,
        entries: &[JournalEntry<'_>],
    ) -> Result<Written, IngestError> {
        self.state.stats.count_write_failure();
        match error.write_outcome() {
            WriteOutcome::NothingWritten | WriteOutcome::Damaged => {
                return Err(self.pause_or_fail(Arc::clone(error)));
            }
            WriteOutcome::Unknown => {}
        }
        let head = match self.reopen() {
            Ok(head) => head,
            Err(again) if again.write_outcome() == WriteOutcome::Damaged => {
                return Err(self.fail(again.into()));
            }
            Err(_) => return Err(self.pause(Arc::clone(error))),
        };
        let reason = error.without_path();
        let kept = self.journal.was_last_append_kept(entries);
        let kept = kept.map_err(|_| self.pause(Arc::clone(error)))?;
        // Others may have appended more by now.
        let expected = self.head + entries.len() as Seq;
        if kept && head >= expected && expected > self.head {
            tracing::warn!(reason, "a write failed at first, but everything is on disk");
            return Ok(Written::All);
        }
        tracing::warn!(reason, "a write failed; what it was of is refused");
        Ok(Written::Upto(head))
    }

    /// Recovers the journal, whose connection is another one then: another process may have
    /// saved checkpoints since the last one was lost.
    pub(crate) fn reopen(&mut self) -> Result<Seq, JournalError> {
        if let Some(following) = &self.following {
            following.set_maintains(false);
        }
        self.journal.recover()
    }

    /// Settles a failed write without events as [`settle`](Self::settle) does.
    pub(crate) fn settle_other(&mut self, error: Arc<JournalError>) -> IngestError {
        let settled = self.settle(Arc::clone(&error), &[]);
        settled.err().unwrap_or_else(|| error.into())
    }

    /// Tries to write again.
    pub(crate) fn retry_writing(&mut self) {
        match self.recover() {
            Ok(()) => {
                self.retrying = Retrying::default();
                self.state.health.resume();
                self.pruning.wake(Instant::now());
                tracing::info!("the journal can be written again");
            }
            Err(error) if error.write_outcome() == WriteOutcome::Damaged => {
                self.retrying = Retrying::default();
                self.fail(error.into());
            }
            Err(error) => {
                tracing::debug!(%error, "the journal cannot be written yet");
                self.retrying.put_off();
            }
        }
    }

    fn recover(&mut self) -> Result<(), JournalError> {
        let head = self.reopen()?;
        if !self.state.health.is_ready() {
            self.try_recall()?;
        }
        self.settle_compaction()?;
        self.repeat_upto(head)
    }

    /// Merges what is on disk and not merged yet, up to this entry or what others have added.
    fn repeat_upto(&mut self, head: Seq) -> Result<(), JournalError> {
        if self.following.is_some() {
            self.follow()
        } else {
            self.catch_up(head, AtUnloaded::Load).map(drop)
        }
    }

    pub(crate) fn pause_or_fail(&mut self, error: Arc<JournalError>) -> IngestError {
        match error.write_outcome() {
            WriteOutcome::Damaged => self.fail(error),
            WriteOutcome::NothingWritten | WriteOutcome::Unknown => self.pause(error),
        }
    }

    /// Accepts nothing until writing succeeds again.
    fn pause(&mut self, error: Arc<JournalError>) -> IngestError {
        let (reason, advice) = (error.to_string(), error.advice());
        tracing::error!(
            reason,
            advice,
            "the journal cannot be written; deliveries are refused until it can"
        );
        let reason = format!("{}; {advice}", error.without_path());
        self.state.health.pause(reason, Arc::clone(&error));
        self.retrying.put_off();
        error.into()
    }

    /// Merges the events up to this one that are in the journal although their write failed,
    /// or that other processes have appended. Returns whether it has come to the last.
    pub(crate) fn catch_up(&mut self, upto: Seq, at: AtUnloaded) -> Result<bool, JournalError> {
        if upto < self.head {
            let reason = "it was accepted and is gone".to_owned();
            return Err(JournalError::DamagedEvent { seq: upto + 1, reason });
        }
        // There are few after a failed write; after others have written alone for long, many.
        let part = if self.following.is_some() { PART } else { Seq::MAX };
        while self.head < upto {
            if !self.catch_up_part(upto.min(self.head.saturating_add(part)), at)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Merges the events up to this one, and makes visible what they have done. Returns whether
    /// it has come to the last.
    fn catch_up_part(&mut self, upto: Seq, at: AtUnloaded) -> Result<bool, JournalError> {
        self.imports.is_outdated = true;
        let (mut applied, mut reached) = (Vec::new(), self.head);
        let mut merge = || -> Result<bool, JournalError> {
            let mut _in_memory = None;
            while let Some(id) =
                self.merge_loaded(reached + 1..=upto, &mut reached, &mut applied)?
            {
                if at == AtUnloaded::Stop {
                    return Ok(false);
                }
                _in_memory = self.load_now(&id)?;
            }
            Ok(true)
        };
        let merged = merge();
        // Also those before a failure: merged once more, they would seem to change nothing.
        self.make_visible(reached, applied.iter().map(|(seq, at, event)| (*seq, *at, event)));
        merged
    }

    /// Merges events until one of a location comes whose graph is not in memory, which is
    /// returned. Adds those that changed something.
    fn merge_loaded(
        &mut self,
        events: RangeInclusive<Seq>,
        reached: &mut Seq,
        applied: &mut Vec<(Seq, Timestamp, Event)>,
    ) -> Result<Option<LocationId>, JournalError> {
        // Of events that were merged into rows which are newer, the process tells that saved
        // these rows.
        let newest = self.checkpointer.saved.come.newest.min(*events.end());
        let no_ops = if newest < *events.start() {
            Vec::new()
        } else {
            self.journal.no_ops(*events.start()..=newest)?
        };
        let Self { journal, locations, checkpointer, deliveries, clock, .. } = self;
        let (mut unloaded, mut failed) = (None, None);
        let mut held: Option<Arc<Location>> = None;
        let read = journal.read_range(events, &mut |seq, entry| {
            let event = match history::decode_entry(seq, &entry) {
                Ok(event) => event,
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            if event.is_some() && held.as_ref().is_none_or(|it| it.id().as_str() != entry.location)
            {
                held = match locations.look_up(entry.location) {
                    Found::Loaded(location) => Some(location),
                    Found::Unknown => None,
                    Found::OnDisk => {
                        unloaded = Some(LocationId::from(entry.location));
                        return ControlFlow::Break(());
                    }
                };
            }
            clock.pass(entry.received_at);
            if let Some(id) = entry.webhook_id {
                deliveries.insert(entry.location, id, seq, entry.received_at);
            }
            match event {
                Some(event) => {
                    let status = Status::from(merge_event(locations, seq, &event, checkpointer));
                    let is_applied = if seq <= newest {
                        no_ops.binary_search(&seq).is_err()
                    } else {
                        status == Status::Applied
                    };
                    if is_applied {
                        applied.push((seq, entry.received_at, event));
                    }
                }
                None => checkpointer.skip_event(entry.location, seq),
            }
            *reached = seq;
            ControlFlow::Continue(())
        });
        read.and(failed.map_or(Ok(unloaded), Err))
    }
}
