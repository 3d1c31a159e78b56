//! What the writer does after a failed write: finds out what is on disk, and comes back
//! by itself once the disk does.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::writer::{Writer, merge};
use super::{IngestError, Status, history};
use crate::journal::{JournalError, WriteOutcome};
use crate::model::{Event, Seq, Timestamp};

/// How long to wait before the first attempt to write again; doubled after each.
const PAUSE: Duration = Duration::from_millis(100);

/// The same, once it has failed for long.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// When no attempt is due.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// When the next attempt to write is due.
#[derive(Debug, Default)]
pub(super) struct Retrying {
    next: Option<(Instant, Duration)>,
}

impl Retrying {
    pub(super) fn due_in(&self, now: Instant) -> Duration {
        self.next.map_or(NEVER, |(next, _)| next.saturating_duration_since(now))
    }

    fn put_off(&mut self) {
        let pause = self.next.map_or(PAUSE, |(_, pause)| (pause * 2).min(PAUSE_MAX));
        self.next = Some((Instant::now() + pause, pause));
    }
}

impl Writer {
    /// Finds out what a failed write has done, which would have brought the journal to
    /// `expected`, and returns that if it has.
    ///
    /// After an error the storage works again, or nothing is accepted until it does.
    pub(super) fn settle(
        &mut self,
        error: &JournalError,
        expected: Seq,
    ) -> Result<Seq, IngestError> {
        self.gauge.pulse.write_failed();
        match error.write_outcome() {
            WriteOutcome::NothingWritten => return Err(self.pause(error)),
            WriteOutcome::Damaged => return Err(self.fail(error)),
            WriteOutcome::Unknown => {}
        }
        let head = match self.journal.recover() {
            Ok(head) => head,
            Err(again) if again.write_outcome() == WriteOutcome::Damaged => {
                return Err(self.fail(&again));
            }
            Err(_) => return Err(self.pause(error)),
        };
        let reason = error.without_path();
        if head == expected && expected > self.head {
            tracing::warn!(reason, "a write failed at first, but everything is on disk");
            return Ok(head);
        }
        tracing::warn!(reason, "a write failed; what it was of is refused");
        self.catch_up(head).map_err(|error| self.fail(&error))?;
        Err(IngestError::Unavailable { reason })
    }

    /// As [`settle`](Self::settle), of a write that brings no events.
    pub(super) fn settle_other(&mut self, error: &JournalError) -> IngestError {
        let settled = self.settle(error, self.head);
        settled.err().unwrap_or_else(|| IngestError::Unavailable { reason: error.without_path() })
    }

    /// Attempts to write again.
    pub(super) fn try_again(&mut self) {
        let recovered = self.journal.recover().and_then(|head| self.catch_up(head));
        match recovered {
            Ok(()) => {
                self.retrying = Retrying::default();
                self.gauge.resume();
                self.pruning.wake(Instant::now());
                tracing::info!("the journal can be written again");
            }
            Err(error) if error.write_outcome() == WriteOutcome::Damaged => {
                self.retrying = Retrying::default();
                self.fail(&error);
            }
            Err(error) => {
                tracing::debug!(%error, "the journal cannot be written yet");
                self.retrying.put_off();
            }
        }
    }

    /// Accepts nothing until writing succeeds again.
    fn pause(&mut self, error: &JournalError) -> IngestError {
        let (reason, advice) = (error.to_string(), error.advice());
        tracing::error!(
            reason,
            advice,
            "the journal cannot be written; deliveries are refused until it can"
        );
        let reason = error.without_path();
        self.gauge.pause(format!("{reason}; {advice}"));
        self.retrying.put_off();
        IngestError::Unavailable { reason }
    }

    /// Takes in the events up to this one that are on disk although their write failed.
    fn catch_up(&mut self, upto: Seq) -> Result<(), JournalError> {
        if upto < self.head {
            let reason = "it was accepted and is gone".to_owned();
            return Err(JournalError::DamagedEvent { seq: upto + 1, reason });
        }
        if upto == self.head {
            return Ok(());
        }
        let Self { journal, locations, checkpointer, deliveries, imports, .. } = self;
        let mut applied: Vec<(Seq, Timestamp, Event)> = Vec::new();
        let mut failed = None;
        journal.read(self.head, &mut |seq, entry| {
            if let Some(id) = entry.webhook_id {
                deliveries.note(entry.location, id, seq, entry.received_at);
            }
            match history::read(seq, &entry) {
                Ok(Some(event)) => {
                    if Status::from(merge(locations, seq, &event, checkpointer)) == Status::Applied
                    {
                        applied.push((seq, entry.received_at, event));
                    }
                }
                Ok(None) => checkpointer.pass(seq),
                Err(error) => failed = Some(error),
            }
            if failed.is_some() || seq >= upto {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(()), Err)?;
        journal.import_marks(&mut |mark| imports.note(mark))?;
        self.advance(upto, applied.iter().map(|(seq, at, event)| (*seq, *at, event)));
        Ok(())
    }
}
