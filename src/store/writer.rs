//! The one thread that writes: group commit, then merge, then acknowledge.
//!
//! It takes whatever waits, writes it as one transaction with one fsync, merges
//! it into the graphs and only then answers. It never waits to fill a batch: a
//! batch grows while the fsync before it runs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use super::checkpoint::Checkpointer;
use super::deliveries::Deliveries;
use super::locations::Locations;
use super::queue::{Gauge, Job, Pending, Saved};
use super::{IngestError, Options, Receipt, Status};
use crate::graph::Outcome;
use crate::journal::{Entry, Journal, JournalError};
use crate::model::{Event, Seq};
use crate::webhook::Decoded;

pub(super) struct Writer {
    pub(super) journal: Box<dyn Journal>,
    pub(super) jobs: Receiver<Job>,
    pub(super) gauge: Arc<Gauge>,
    pub(super) locations: Arc<Locations>,
    pub(super) deliveries: Deliveries,
    pub(super) checkpointer: Checkpointer,
    pub(super) options: Options,
    pub(super) head: Seq,
}

impl Writer {
    /// Works until every sender is gone, then saves a last checkpoint.
    pub(super) fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            match self.jobs.recv_timeout(self.checkpointer.due_in(Instant::now())) {
                Ok(job) => {
                    let asked = self.gather(job, &mut batch);
                    self.commit(&mut batch);
                    if let Some(reply) = asked {
                        self.checkpoint();
                        reply(self.refusal().map_or(Ok(()), Err));
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.checkpoint(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.checkpointer.is_due(Instant::now()) {
                self.checkpoint();
            }
        }
        self.checkpoint();
    }

    /// Collects what waits, up to the limits of one transaction or a request for
    /// a checkpoint, whose reply is handed back.
    fn gather(&self, first: Job, batch: &mut Vec<Pending>) -> Option<Saved> {
        let mut bytes = 0;
        let mut job = first;
        loop {
            match job {
                Job::Checkpoint(reply) => return Some(reply),
                Job::Deliver(pending) => {
                    bytes += pending.delivery.body.len();
                    batch.push(*pending);
                }
            }
            if batch.len() >= self.options.batch_events || bytes >= self.options.batch_bytes {
                return None;
            }
            job = self.jobs.try_recv().ok()?;
        }
    }

    fn refusal(&self) -> Option<IngestError> {
        self.gauge.failure().map(|reason| IngestError::Unavailable { reason })
    }

    fn commit(&mut self, batch: &mut Vec<Pending>) {
        for pending in batch.iter() {
            self.gauge.release(pending.delivery.body.len());
        }
        if let Some(refusal) = self.refusal() {
            return batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
        }
        let fates = self.fates(batch);
        let entries: Vec<Entry<'_>> = batch
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| matches!(fate, Fate::Journal(_)))
            .map(|(pending, _)| entry(pending))
            .collect();
        let expected = self.head + entries.len() as Seq;
        let written = if entries.is_empty() { Ok(expected) } else { self.journal.append(&entries) };
        match written {
            Ok(head) if head == expected => self.acknowledge(batch, fates, head),
            Ok(head) => self.fail(batch, &format!("seq {head} in place of {expected}")),
            Err(error) => self.fail(batch, &error.to_string()),
        }
    }

    /// Decides which deliveries go into the journal, and at which seq.
    fn fates(&mut self, batch: &[Pending]) -> Vec<Fate> {
        let mut seq = self.head;
        let mut fate = |pending: &Pending| {
            if let Decoded::Event(event) = &pending.delivery.decoded
                && let Some(webhook_id) = &event.webhook_id
            {
                let location = event.location.as_str();
                if let Some(first) = self.deliveries.note(location, webhook_id.as_str(), seq + 1) {
                    return Fate::Duplicate(first);
                }
            }
            seq += 1;
            Fate::Journal(seq)
        };
        batch.iter().map(&mut fate).collect()
    }

    fn acknowledge(&mut self, batch: &mut Vec<Pending>, fates: Vec<Fate>, head: Seq) {
        let statuses: Vec<Status> =
            batch.iter().zip(&fates).map(|(pending, fate)| self.merge(pending, fate)).collect();
        self.head = head;
        self.locations.advance(head);
        for ((pending, fate), status) in batch.drain(..).zip(fates).zip(statuses) {
            (pending.reply)(Ok(receipt(pending.delivery.decoded, status, Some(fate.seq()))));
        }
    }

    fn merge(&mut self, pending: &Pending, fate: &Fate) -> Status {
        match (fate, &pending.delivery.decoded) {
            (Fate::Duplicate(_), _) => Status::Duplicate,
            (Fate::Journal(_), Decoded::Ignored { .. }) => Status::Ignored,
            (Fate::Journal(seq), Decoded::Event(event)) => {
                match merge(&self.locations, *seq, event, &mut self.checkpointer) {
                    Outcome::Applied => Status::Applied,
                    Outcome::Unchanged => Status::Unchanged,
                    Outcome::Stale => Status::Stale,
                }
            }
        }
    }

    /// Stops accepting: what is on disk is known again only after opening anew.
    fn fail(&mut self, batch: &mut Vec<Pending>, reason: &str) {
        tracing::error!(
            reason,
            "the journal cannot be written; nothing more is accepted until a restart"
        );
        self.gauge.fail(reason.to_owned());
        let refusal = IngestError::Unavailable { reason: reason.to_owned() };
        batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
    }

    fn checkpoint(&mut self) {
        if self.gauge.failure().is_some() {
            self.checkpointer.put_off(Instant::now());
            return;
        }
        let saved: Result<(), JournalError> =
            self.checkpointer.save(self.journal.as_mut(), &self.locations, self.head);
        if let Err(error) = saved {
            self.fail(&mut Vec::new(), &error.to_string());
        }
    }
}

/// Takes one event into the graph of its location.
pub(super) fn merge(
    locations: &Locations,
    seq: Seq,
    event: &Event,
    checkpointer: &mut Checkpointer,
) -> Outcome {
    let location = locations.intern(&event.location);
    checkpointer.touch(location.number);
    location.write().merge(seq, event)
}

/// What becomes of a delivery before it is written.
enum Fate {
    Journal(Seq),
    Duplicate(Seq),
}

impl Fate {
    fn seq(&self) -> Seq {
        match self {
            Self::Journal(seq) | Self::Duplicate(seq) => *seq,
        }
    }
}

fn entry(pending: &Pending) -> Entry<'_> {
    let Pending { delivery, .. } = pending;
    let (body, received_at) = (&*delivery.body, delivery.received_at);
    match &delivery.decoded {
        Decoded::Event(event) => Entry {
            location: event.location.as_str(),
            event_type: event.event_type.as_str(),
            entity: event.change.entity_id(),
            webhook_id: event.webhook_id.as_ref().map(AsRef::as_ref),
            at: event.at,
            received_at,
            body,
        },
        Decoded::Ignored { event_type, location, .. } => Entry {
            location: location.as_ref().map_or("", AsRef::as_ref),
            event_type,
            entity: "",
            webhook_id: None,
            at: None,
            received_at,
            body,
        },
    }
}

/// The receipt for a delivery of this status.
pub(super) fn receipt(decoded: Decoded, status: Status, seq: Option<Seq>) -> Receipt {
    let (event_type, location, trace_id) = match decoded {
        Decoded::Event(event) => {
            (event.event_type.as_str().into(), Some(event.location), event.trace_id)
        }
        Decoded::Ignored { event_type, location, trace_id } => (event_type, location, trace_id),
    };
    Receipt { status, seq, event_type, location, trace_id }
}
