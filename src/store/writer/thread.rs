//! The one thread that writes: group commit, then merge, then acknowledge.
//!
//! It takes whatever waits, writes it as one transaction with one fsync, merges
//! it into the graphs and only then answers. It never waits to fill a batch: a
//! batch grows while the fsync before it runs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use crate::graph::{LocationGraph, Outcome};
use crate::journal::{ImportMark, Journal, JournalEntry, JournalError, Refused};
use crate::model::{Event, Seq, Timestamp};
use crate::store::changes::subscription::Subscriptions;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::locations::Locations;
use crate::store::name_limits::{LimitReached, NewNames};
use crate::store::options::Options;
use crate::store::writer::batch::{Admission, Batch, applied, receipt};
use crate::store::writer::checkpoint::Checkpointer;
use crate::store::writer::checkpoint_parts::Saved;
use crate::store::writer::clock::ReceiptClock;
use crate::store::writer::command::{Command, Kept, Pending, ToErase};
use crate::store::writer::compaction::Compacting;
use crate::store::writer::dedup_window::DedupWindow;
use crate::store::writer::import_marks::Imports;
use crate::store::writer::log_trimming::LogTrimming;
use crate::store::writer::queue::Gauge;
use crate::store::writer::recovery::Retrying;
use crate::store::writer::retention::Pruning;
use crate::webhook::Decoded;

pub(crate) struct Writer {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) jobs: Receiver<Command>,
    pub(crate) gauge: Arc<Gauge>,
    pub(crate) locations: Arc<Locations>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) deliveries: DedupWindow,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) imports: Imports,
    pub(crate) pruning: Pruning,
    pub(crate) compaction: Compacting,
    pub(crate) log: LogTrimming,
    pub(crate) clock: ReceiptClock,
    pub(crate) retrying: Retrying,
    pub(crate) options: Options,
    pub(crate) head: Seq,
}

impl Writer {
    /// Works until every sender is gone, then saves a last checkpoint.
    pub(crate) fn run(mut self) {
        self.compact_all();
        self.recall();
        let mut batch = Batch::default();
        loop {
            let now = Instant::now();
            let wait = self.checkpointer.due_in(now).min(self.pruning.due_in(now));
            let wait = wait.min(self.log.due_in(now)).min(self.retrying.due_in(now));
            let wait = wait.min(self.compaction.due_in(now)).min(self.imports.due_in());
            let job = self.jobs.recv_timeout(wait);
            match job {
                Ok(job) => {
                    let asked = self.gather(job, &mut batch);
                    self.checkpointer.share(!batch.deliveries.is_empty());
                    self.commit(&mut batch.deliveries);
                    self.keep(&mut batch.refused);
                    if let Some(command) = asked {
                        self.execute(command);
                    }
                }
                Err(RecvTimeoutError::Disconnected) if self.imports.handed.is_empty() => break,
                Err(_) => self.checkpointer.share(false),
            }
            self.import_some();
            if self.retrying.due_in(Instant::now()).is_zero() {
                self.try_again();
            }
            if self.checkpointer.wants_part(Instant::now()) {
                // Logged; tried again when the next one is due.
                self.save_some().unwrap_or_default();
            }
            if self.pruning.due_in(Instant::now()).is_zero() {
                self.prune();
            }
            if self.compaction.due_in(Instant::now()).is_zero() && !self.checkpointer.is_saving() {
                self.compact();
            }
            if self.log.due_in(Instant::now()).is_zero() {
                self.trim_log();
            }
        }
        if self.gauge.is_paused() {
            self.try_again();
        }
        if let Err(IngestError::Unavailable { reason }) = self.checkpoint() {
            self.gauge.fail(reason);
        }
    }

    /// Collects what waits, up to the limits of one transaction or another command, which
    /// is handed back.
    fn gather(&self, first: Command, batch: &mut Batch) -> Option<Command> {
        let mut bytes = 0;
        let mut job = first;
        loop {
            self.gauge.leave();
            match job {
                Command::Append(pending) => {
                    bytes += pending.delivery.body.len();
                    batch.deliveries.push(*pending);
                }
                Command::KeepDeadLetter(refused, kept) => {
                    bytes += refused.body.len();
                    self.gauge.release(refused.body.len());
                    batch.refused.push((*refused, kept));
                }
                other => return Some(other),
            }
            let jobs = batch.deliveries.len() + batch.refused.len();
            if jobs >= self.options.batch_events || bytes >= self.options.batch_bytes {
                return None;
            }
            job = self.jobs.try_recv().ok()?;
        }
    }

    /// Does what is no part of a transaction of deliveries. Whoever asked may be gone.
    fn execute(&mut self, command: Command) {
        match command {
            // These are gathered.
            Command::Append(_) | Command::KeepDeadLetter(..) => {}
            Command::DeleteDeadLetter(id, reply) => {
                reply.send(self.delete_dead_letter(id)).unwrap_or_default();
            }
            Command::Preview(delivery, reply) => {
                let previewed = self.preview(delivery.decoded());
                reply.send((previewed, delivery)).unwrap_or_default();
            }
            Command::Import(handed) => self.imports.handed.push_back(*handed),
            Command::Erase(asked, reply) => {
                let ToErase { location, known, upto } = *asked;
                reply.send(self.erase(location, &known, upto)).unwrap_or_default();
            }
            Command::Compact(reply) => reply.send(self.compact_now()).unwrap_or_default(),
            Command::Checkpoint(reply) => reply.send(self.checkpoint()).unwrap_or_default(),
        }
    }

    /// Why nothing can be written any more, if so.
    pub(crate) fn check(&self) -> Result<(), IngestError> {
        self.refusal().map_or(Ok(()), Err)
    }

    fn refusal(&self) -> Option<IngestError> {
        self.gauge.failure().map(|reason| IngestError::Unavailable { reason })
    }

    fn commit(&mut self, batch: &mut Vec<Pending>) {
        for pending in batch.iter() {
            self.gauge.release(pending.delivery.body.len());
        }
        if self.gauge.failure().is_some() {
            return self.refuse(batch);
        }
        self.stamp(batch.iter_mut().map(|pending| &mut pending.delivery));
        let fates = self.fates(batch.iter().map(|pending| &pending.delivery));
        let entries: Vec<JournalEntry<'_>> = batch
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| fate.is_new())
            .map(|(pending, _)| pending.delivery.entry())
            .collect();
        match self.append(&entries, None) {
            Ok(head) => self.acknowledge(batch, fates, head),
            Err(refusal) => {
                self.forget(batch.iter().map(|pending| &pending.delivery), &fates);
                batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
            }
        }
    }

    /// Writes entries, and how far an import has come with them, and answers with
    /// the new head. After a failure they are not accepted.
    pub(crate) fn append(
        &mut self,
        entries: &[JournalEntry<'_>],
        mark: Option<&ImportMark>,
    ) -> Result<Seq, IngestError> {
        let expected = self.head + entries.len() as Seq;
        let start = Instant::now();
        let written = match mark {
            Some(mark) => self.journal.append_import(entries, mark),
            None if entries.is_empty() => Ok(expected),
            None => self.journal.append(entries),
        };
        if !entries.is_empty() && written.is_ok() {
            self.gauge.pulse.committed(entries.len(), start);
        }
        match written {
            Ok(head) if head == expected => Ok(head),
            Ok(head) => {
                let reason = format!("it was written as {head}");
                Err(self.fail(&JournalError::DamagedEvent { seq: expected, reason }))
            }
            Err(error) => self.settle(&error, expected),
        }
    }

    /// Makes refused deliveries durable, as one transaction.
    fn keep(&mut self, batch: &mut Vec<(Refused, Kept)>) {
        if batch.is_empty() {
            return;
        }
        let (letters, replies): (Vec<Refused>, Vec<Kept>) = batch.drain(..).unzip();
        let result = self.check().and_then(|()| {
            let kept = self.journal.keep_dead_letters(&letters, self.options.dead_letters);
            kept.map_err(|error| self.settle_other(&error))
        });
        for reply in replies {
            reply(result.clone());
        }
    }

    /// Deletes one dead letter and tells whether there was one.
    pub(crate) fn delete_dead_letter(&mut self, id: u64) -> Result<bool, IngestError> {
        self.check()?;
        self.journal.delete_dead_letter(id).map_err(|error| self.settle_other(&error))
    }

    /// What a delivery would do, as the graph stands now.
    pub(crate) fn preview(&self, decoded: &Decoded) -> Result<(Status, Option<Seq>), LimitReached> {
        let Decoded::Event(event) = decoded else { return Ok((Status::Ignored, None)) };
        let location = event.location.as_str();
        let webhook_id = event.webhook_id.as_ref();
        let first = webhook_id.and_then(|id| self.deliveries.find(location, id.as_str()));
        if let Some(first) = first {
            return Ok((Status::Duplicate, Some(first)));
        }
        let locations = &*self.locations;
        NewNames::new(self.options.names, locations, locations.len()).check(event)?;
        let seq = self.head + 1;
        let known = self.locations.find(location);
        let outcome = match known {
            Some(location) => location.read().preview(seq, event),
            None => LocationGraph::new().preview(seq, event),
        };
        Ok((outcome.into(), Some(seq)))
    }

    /// Sets when deliveries that are about to be written came in: one look at the clock,
    /// and no time is before that of the entry ahead of it.
    pub(crate) fn stamp<'d>(&mut self, batch: impl Iterator<Item = &'d mut Delivery>) {
        let now = self.clock.now();
        for delivery in batch {
            delivery.received_at = Some(self.clock.stamp(delivery.received_at, now));
        }
    }

    /// Decides which deliveries go into the journal, and at which seq.
    pub(crate) fn fates<'d>(
        &mut self,
        batch: impl Iterator<Item = &'d Delivery>,
    ) -> Vec<Admission> {
        let mut seq = self.head;
        let locations = &*self.locations;
        let mut names = NewNames::new(self.options.names, locations, locations.len());
        let deliveries = &mut self.deliveries;
        let fate = |delivery: &'d Delivery| {
            let Decoded::Event(event) = &delivery.decoded else {
                seq += 1;
                return Admission::Journal(seq);
            };
            let (location, webhook_id) = (event.location.as_str(), event.webhook_id.as_ref());
            let new = match names.check(event) {
                Ok(new) => new,
                // Its id is not noted: it may come again once the limit is raised.
                Err(reached) => {
                    let first = webhook_id.and_then(|id| deliveries.find(location, id.as_str()));
                    return first.map_or(Admission::Refused(reached), Admission::Duplicate);
                }
            };
            if let Some(id) = webhook_id
                && let Some(first) =
                    deliveries.note(location, id.as_str(), seq + 1, delivery.stamp())
            {
                return Admission::Duplicate(first);
            }
            names.add(location, &new);
            seq += 1;
            Admission::Journal(seq)
        };
        batch.map(fate).collect()
    }

    /// Forgets the ids of deliveries that could not be written: they will come again.
    pub(crate) fn forget<'d>(
        &mut self,
        batch: impl Iterator<Item = &'d Delivery>,
        fates: &[Admission],
    ) {
        for (delivery, fate) in batch.zip(fates) {
            if let (Decoded::Event(event), Admission::Journal(seq)) = (&delivery.decoded, fate)
                && let Some(webhook_id) = &event.webhook_id
            {
                self.deliveries.take_back(event.location.as_str(), webhook_id.as_str(), *seq);
            }
        }
    }

    fn acknowledge(&mut self, batch: &mut Vec<Pending>, fates: Vec<Admission>, head: Seq) {
        let both = batch.iter().zip(&fates);
        let statuses: Vec<Result<Status, LimitReached>> =
            both.map(|(pending, fate)| self.merge(&pending.delivery, fate)).collect();
        let deliveries = batch.iter().map(|pending| &pending.delivery);
        self.advance(head, applied(deliveries, &fates, &statuses));
        for ((pending, fate), status) in batch.drain(..).zip(fates).zip(statuses) {
            let Pending { delivery, reply } = pending;
            reply(match status {
                Ok(status) => Ok(receipt(delivery.decoded, status, fate.seq())),
                Err(reached) => {
                    Err(IngestError::LimitReached { reached, delivery: delivery.into() })
                }
            });
        }
    }

    /// Makes merged events up to this one visible, and publishes those that changed
    /// something.
    pub(crate) fn advance<'e>(
        &mut self,
        head: Seq,
        applied: impl Iterator<Item = (Seq, Timestamp, &'e Event)>,
    ) {
        self.head = head;
        // Published before they are visible: whoever waits for that finds them.
        let woken = self.subscriptions.publish(head, applied);
        self.locations.news.advance(head);
        for wake in woken {
            wake();
        }
    }

    /// Takes a delivery in as was decided, once it is written.
    pub(crate) fn merge(
        &mut self,
        delivery: &Delivery,
        fate: &Admission,
    ) -> Result<Status, LimitReached> {
        Ok(match (fate, &delivery.decoded) {
            (Admission::Refused(reached), _) => return Err(*reached),
            (Admission::Duplicate(first), _) => {
                self.checkpointer.repeat(*first);
                Status::Duplicate
            }
            (Admission::Journal(seq), Decoded::Ignored { .. }) => {
                self.checkpointer.pass(delivery.entry().location, *seq);
                Status::Ignored
            }
            (Admission::Journal(seq), Decoded::Event(event)) => {
                merge(&self.locations, *seq, event, &mut self.checkpointer).into()
            }
        })
    }

    /// Stops accepting: the file is not what was written, and no waiting mends that.
    pub(crate) fn fail(&self, error: &JournalError) -> IngestError {
        let (reason, advice) = (error.to_string(), error.advice());
        tracing::error!(
            reason,
            advice,
            "the journal cannot be written; nothing more is accepted until a restart"
        );
        let reason = error.without_path();
        self.gauge.fail(format!("{reason}; {advice}"));
        IngestError::Unavailable { reason }
    }

    fn refuse(&self, batch: &mut Vec<Pending>) {
        let Some(refusal) = self.refusal() else { return };
        batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
    }

    /// Saves the next part of a checkpoint, or of one that is due, and more where events
    /// come faster than they are saved so.
    fn save_some(&mut self) -> Result<(), IngestError> {
        self.save_next()?;
        while self.checkpointer.is_late() {
            self.save_next()?;
        }
        Ok(())
    }

    /// Saves a checkpoint of all that was merged, while deliveries wait.
    pub(crate) fn checkpoint(&mut self) -> Result<(), IngestError> {
        // One that has begun stands for less.
        while self.checkpointer.is_saving() {
            self.save_next()?;
        }
        self.save_next()?;
        while self.checkpointer.is_saving() {
            self.save_next()?;
        }
        Ok(())
    }

    /// Saves the next part of a checkpoint, which is begun if anything is new. It is a
    /// shortcut: a failure is logged, and deliveries are accepted as before.
    fn save_next(&mut self) -> Result<(), IngestError> {
        if let Err(refusal) = self.check() {
            self.checkpointer.abandon(&self.locations);
            self.checkpointer.put_off(Instant::now());
            return Err(refusal);
        }
        let Self { checkpointer, journal, locations, head, .. } = self;
        let saved = if checkpointer.is_saving() || checkpointer.begin(locations, *head) {
            checkpointer.save_part(journal.as_mut(), locations, *head)
        } else {
            Ok(Saved::Nothing)
        };
        match saved {
            Ok(Saved::Part) => Ok(()),
            Ok(saved) => {
                if let Saved::Whole { upto, took } = saved {
                    self.gauge.pulse.checkpointed(upto, took);
                }
                self.pruning.wake(Instant::now());
                self.trim_log();
                Ok(())
            }
            Err(error) => {
                self.gauge.pulse.write_failed();
                self.checkpointer.put_off(Instant::now());
                let (reason, advice) = (error.to_string(), error.advice());
                tracing::error!(reason, advice, "no checkpoint can be saved; it is tried again");
                Err(IngestError::Unavailable { reason: error.without_path() })
            }
        }
    }

    /// Keeps the write-ahead log short. Not after a failure: what is in the log then is
    /// known only after opening again.
    fn trim_log(&mut self) {
        if self.gauge.failure().is_none() {
            let held_since = self.log.step(self.journal.as_mut());
            self.gauge.pulse.log_held_since(held_since);
        }
    }

    fn prune(&mut self) {
        if self.gauge.failure().is_some() {
            return self.pruning.end();
        }
        if let Err(error) = self.pruning.step(self.journal.as_mut(), self.clock.settled()) {
            self.gauge.pulse.write_failed();
            let (reason, advice) = (error.to_string(), error.advice());
            tracing::error!(reason, advice, "old events cannot be pruned; it is tried again");
        }
    }
}

/// Takes one event into the graph of its location.
pub(crate) fn merge(
    locations: &Locations,
    seq: Seq,
    event: &Event,
    checkpointer: &mut Checkpointer,
) -> Outcome {
    let location = locations.intern(&event.location);
    if checkpointer.has_saved(location.number, seq) {
        checkpointer.pass_saved(seq, event);
        return Outcome::Unchanged;
    }
    let outcome = location.write().merge(seq, event);
    checkpointer.touch(location.number, seq, event, outcome);
    outcome
}
