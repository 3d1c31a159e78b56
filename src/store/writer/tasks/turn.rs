//! Taking turns with other processes that write the same journal, and repeating what they do.
//!
//! Whatever is decided is decided at the head of the journal, after everything before it was
//! merged. So each process has the same graphs at the same event, and the database need not
//! know how anything is decided.

use std::collections::BTreeSet;

use crate::journal::{Journal, JournalError, Position, RecordedErasure, WriteOutcome};
use crate::model::Seq;
use crate::store::delivery::IngestError;
use crate::store::writer::compaction::{Compactions, Due};
use crate::store::writer::following::Following;
use crate::store::writer::tasks::recovery::AtUnloaded;
use crate::store::writer::thread::Writer;

/// Entries of others that are merged within a turn, while all others wait: a few milliseconds.
const WITHIN_TURN: u64 = 4_096;

/// How often a turn is given up to load graphs that entries of others need. Then they are loaded
/// within it, so that this process gets to write.
const LOADS_BEFORE_TURN: u32 = 8;

impl Writer {
    /// Takes the turn to write, and repeats what others have done before. The next write ends
    /// the turn, or [`end_turn`](Self::end_turn).
    pub(crate) fn take_turn(&mut self) -> Result<(), IngestError> {
        if self.following.is_none() {
            return Ok(());
        }
        self.try_take_turn().map_err(|error| {
            self.state.stats.count_write_failure();
            self.pause_or_fail(error.into())
        })
    }

    /// Takes the turn before a batch is gathered: what arrives while others have it shares
    /// the transaction. Not where ids must be recalled first, for which others would wait.
    pub(crate) fn take_turn_early(&mut self) {
        let is_shared = self.following.is_some();
        if is_shared && self.refusal().is_none() && self.deliveries.next_unrecalled().is_none() {
            // What is gathered is refused for the same reason.
            self.take_turn().unwrap_or_default();
        }
    }

    /// Takes the turn as [`take_turn`](Self::take_turn) does, for what is tried again later.
    pub(crate) fn try_take_turn(&mut self) -> Result<(), JournalError> {
        for tries in 0.. {
            let Some(position) = self.ask(|journal| journal.take_turn())? else { return Ok(()) };
            // Nor are erasures and compactions repeated while others wait.
            let revision = self.following.as_ref().map_or(0, |following| following.revision);
            let is_near = position.head.saturating_sub(self.head) <= WITHIN_TURN;
            if is_near && position.revision <= revision {
                let has_time = tries < LOADS_BEFORE_TURN;
                let at = if has_time { AtUnloaded::Stop } else { AtUnloaded::Load };
                let followed = self.follow_to(position, at);
                if !matches!(followed, Ok(true)) {
                    self.end_turn();
                }
                if followed? {
                    return Ok(());
                }
            } else {
                self.journal.end_turn()?;
            }
            self.follow()?;
        }
        Ok(())
    }

    /// Gives up the turn, if nothing was written in it.
    pub(crate) fn end_turn(&mut self) {
        if let Err(error) = self.journal.end_turn() {
            // The connection is lost, and the turn with it.
            tracing::debug!(%error, "a turn was not given up");
        }
    }

    /// Looks for what others have done, and repeats it.
    pub(crate) fn follow_others(&mut self) {
        if self.state.health.failure().is_some() {
            return;
        }
        let followed = self.follow().and_then(|()| {
            let tries = self.following.as_mut().is_some_and(Following::tries_to_maintain);
            if tries { self.maintains().map(drop) } else { Ok(()) }
        });
        if let Err(error) = followed {
            self.state.stats.count_write_failure();
            self.pause_or_fail(error.into());
        }
    }

    /// Repeats what others have done so far.
    pub(crate) fn follow(&mut self) -> Result<(), JournalError> {
        if let Some(following) = &self.following {
            following.begin();
        }
        match self.ask(|journal| journal.position())? {
            Some(position) => self.follow_to(position, AtUnloaded::Load).map(drop),
            None => Ok(()),
        }
    }

    /// Returns whether this process saves checkpoints, compacts and prunes.
    pub(crate) fn maintains(&mut self) -> Result<bool, JournalError> {
        let Some(following) = &self.following else { return Ok(true) };
        let did = following.maintains();
        let maintains = self.ask(|journal| journal.maintain())?;
        if maintains
            && !did
            && let Some(position) = self.ask(|journal| journal.position())?
        {
            self.checkpointer.take_over(position.checkpoint, &self.locations, self.head);
            tracing::info!("this process saves the checkpoints from now on");
        }
        if let Some(following) = &self.following {
            following.set_maintains(maintains);
        }
        Ok(maintains)
    }

    /// Calls the journal for something that writes nothing. Where that fails, it is tried once
    /// more: a connection may have been closed long ago.
    fn ask<T>(
        &mut self,
        call: impl Fn(&mut dyn Journal) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        match call(self.journal.as_mut()) {
            Err(error) if error.write_outcome() != WriteOutcome::Damaged => {
                tracing::debug!(%error, "the journal is opened again");
                self.reopen()?;
                call(self.journal.as_mut())
            }
            answered => answered,
        }
    }

    /// Repeats what others have done up to here, and returns whether all of it is.
    fn follow_to(&mut self, position: Position, at: AtUnloaded) -> Result<bool, JournalError> {
        let Some(revision) = self.following.as_ref().map(|it| it.revision) else {
            return Ok(true);
        };
        let Position { head, .. } = position;
        if head < self.head || position.revision < revision {
            return Err(JournalError::Forked { seq: self.head, head });
        }
        let has_news = head > self.head || position.revision > revision;
        self.clock.follow(position.now);
        let repeated = if position.revision > revision {
            self.repeat_revisions(revision, position)
        } else {
            Ok(())
        };
        let repeated = repeated.and_then(|()| self.catch_up(head, at));
        let is_done = repeated.map_err(|error| match error {
            JournalError::PrunedWhileReading { pruned, .. } => {
                JournalError::Overtaken { head: self.head, pruned }
            }
            error => error,
        })?;
        if is_done && let Some(following) = &mut self.following {
            following.revision = position.revision;
            following.note(has_news);
        }
        Ok(is_done)
    }

    /// Repeats compactions and erasures, each at its place between the entries.
    fn repeat_revisions(&mut self, after: u64, upto: Position) -> Result<(), JournalError> {
        let repeated = self.following.as_ref().map(|it| it.repeated.clone()).unwrap_or_default();
        let compactions = Compactions::load(self.journal.as_mut(), self.head)?.without(&repeated);
        let erasures = self.erasures_between(after, upto.revision)?;
        let mut places: BTreeSet<Seq> = compactions.places().collect();
        places.extend(erasures.iter().map(|erasure| erasure.at));
        let mut due = compactions.from(self.head);
        for place in places.into_iter().take_while(|place| *place <= upto.head) {
            self.catch_up(place.max(self.head), AtUnloaded::Load)?;
            self.repeat_compactions(&mut due)?;
            for erasure in erasures.iter().filter(|erasure| erasure.at == place) {
                self.forget_erased(&erasure.location, &erasure.seqs, Vec::new())?;
                // Not once more, should a later entry fail to be read: what came after this
                // erasure would be lost.
                if let Some(following) = &mut self.following {
                    following.revision = erasure.revision;
                }
            }
        }
        Ok(())
    }

    /// Repeats those up to the head, each with its graph in memory: what it drops of that is
    /// to be saved, and keeps it there.
    fn repeat_compactions(&mut self, due: &mut Due<'_>) -> Result<(), JournalError> {
        if due.is_empty() {
            return Ok(());
        }
        // What is half saved refers to numbers that change.
        self.checkpointer.abandon(&self.locations);
        while let Some(id) = due.next_location(self.head) {
            let _held = self.hold_graphs(&[id].into())?;
            let done = due.apply_next(self.head, &self.locations, &mut self.checkpointer);
            if let (Some(done), Some(following)) = (done, &mut self.following) {
                following.note_compaction(done);
            }
        }
        Ok(())
    }

    fn erasures_between(
        &mut self,
        after: u64,
        upto: u64,
    ) -> Result<Vec<RecordedErasure>, JournalError> {
        let (mut found, mut last): (Vec<RecordedErasure>, u64) = (Vec::new(), after);
        loop {
            let page = self.journal.erasures(last)?;
            let Some(newest) = page.last().map(|erasure| erasure.revision) else { break };
            last = newest;
            found.extend(page.into_iter().filter(|erasure| erasure.revision <= upto));
        }
        Ok(found)
    }
}
