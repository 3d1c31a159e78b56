//! Appending deliveries: one transaction, then the graphs, then the replies.

use std::time::Instant;

use crate::journal::{ImportMark, JournalEntry, JournalError};
use crate::model::{Change, Event, Seq, Timestamp};
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::location::Location;
use crate::store::name_limits::{LimitReached, NewNames};
use crate::store::writer::batch::{Admission, applied, receipt};
use crate::store::writer::command::Pending;
use crate::store::writer::merge::merge_event;
use crate::store::writer::observer::WriteEvent;
use crate::store::writer::thread::Writer;
use crate::webhook::{Decoded, Keep};

/// Returns the status of an event that is left out, given its location if it is known.
pub(crate) type Redundant<'r, 'd> =
    &'r mut dyn FnMut(&'d Event, Option<&Location>) -> Option<Status>;

impl Writer {
    /// Writes deliveries in one transaction, merges them and replies.
    pub(crate) fn commit(&mut self, batch: &mut Vec<Pending>) {
        let _in_memory = self.hold_unloaded(batch);
        if batch.is_empty() {
            return;
        }
        for pending in batch.iter() {
            self.state.queued.release_bytes(pending.delivery.body.len());
        }
        if self.state.health.failure().is_some() {
            return self.refuse(batch);
        }
        let recalled = self.recall_for(batch.iter().map(|pending| &pending.delivery));
        if let Err(refusal) = recalled.and_then(|()| self.take_turn()) {
            return batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
        }
        self.stamp(batch.iter_mut().map(|pending| &mut pending.delivery));
        self.keep_naming_properties(batch.iter_mut().map(|pending| &mut pending.delivery));
        let admissions = self.admit(batch.iter().map(|pending| &pending.delivery));
        let entries: Vec<JournalEntry<'_>> = batch
            .iter()
            .zip(&admissions)
            .filter(|(_, admission)| admission.is_new())
            .map(|(pending, _)| pending.delivery.entry())
            .collect();
        match self.append_entries(&entries, None) {
            Ok(head) => self.acknowledge(batch, admissions, head),
            Err(refusal) => {
                batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
            }
        }
    }

    /// Sets the time of receipt of deliveries that are about to be written: one reading of
    /// the clock, and no time is before that of the previous entry.
    pub(crate) fn stamp<'d>(&mut self, batch: impl Iterator<Item = &'d mut Delivery>) {
        let now = self.clock.now();
        for delivery in batch {
            delivery.received_at = Some(self.clock.stamp(delivery.received_at, now));
        }
    }

    /// Drops all properties of records but those that name them, where these are known.
    pub(crate) fn keep_naming_properties<'d>(&self, batch: impl Iterator<Item = &'d mut Delivery>) {
        if self.options.keep != Keep::Names {
            return;
        }
        for delivery in batch {
            let Decoded::Event(event) = &delivery.decoded else { continue };
            let Change::Record { object, id, properties } = &event.change else { continue };
            if properties.is_empty() || !event.event_type.is_of_record() {
                continue;
            }
            let Some(location) = self.locations.find(event.location.as_str()) else { continue };
            let naming = location.read().naming_properties(object.as_ref(), id, properties);
            if let Some(kept) = naming {
                delivery.keep_properties(kept);
            }
        }
    }

    /// Decides which deliveries go into the journal, and at which seq.
    pub(crate) fn admit<'d>(
        &mut self,
        batch: impl Iterator<Item = &'d Delivery>,
    ) -> Vec<Admission> {
        self.admit_unless(batch, None)
    }

    /// Decides as [`admit`](Self::admit) does, but leaves out events for which `redundant`,
    /// given the location of each that is new, returns a status.
    pub(crate) fn admit_unless<'d>(
        &mut self,
        batch: impl Iterator<Item = &'d Delivery>,
        mut redundant: Option<Redundant<'_, 'd>>,
    ) -> Vec<Admission> {
        let mut seq = self.head;
        let locations = &*self.locations;
        let mut names = NewNames::new(self.options.names, locations, locations.len());
        let deliveries = &mut self.deliveries;
        let admit = |delivery: &'d Delivery| {
            let Decoded::Event(event) = &delivery.decoded else {
                seq += 1;
                return Admission::Journal(seq);
            };
            let (location, webhook_id) = (event.location.as_str(), event.webhook_id.as_ref());
            let new = match names.check(event) {
                Ok(new) => new,
                // Its id is not remembered: it may be sent again once the limit is raised.
                Err(reached) => {
                    let first = webhook_id.and_then(|id| deliveries.find(location, id.as_str()));
                    return first.map_or(Admission::Refused(reached), Admission::Duplicate);
                }
            };
            if let Some(redundant) = &mut redundant {
                // One that is left out is not remembered.
                let first = webhook_id.and_then(|id| deliveries.find(location, id.as_str()));
                if let Some(first) = first {
                    return Admission::Duplicate(first);
                }
                if let Some(status) = redundant(event, names.location(location)) {
                    return Admission::Redundant(status);
                }
            }
            if let Some(id) = webhook_id
                && let Some(first) =
                    deliveries.insert(location, id.as_str(), seq + 1, delivery.stamp())
            {
                return Admission::Duplicate(first);
            }
            names.add(location, &new);
            seq += 1;
            Admission::Journal(seq)
        };
        batch.map(admit).collect()
    }

    /// Writes entries, and how far an import has come with them, and returns the new head.
    /// After a failure they are not accepted, and their ids are forgotten.
    pub(crate) fn append_entries(
        &mut self,
        entries: &[JournalEntry<'_>],
        mark: Option<&ImportMark>,
    ) -> Result<Seq, IngestError> {
        let expected = self.head + entries.len() as Seq;
        let start = Instant::now();
        let written = match mark {
            Some(mark) => self.journal.append_import(entries, mark),
            None if entries.is_empty() => {
                self.end_turn();
                Ok(expected)
            }
            None => self.journal.append(entries),
        };
        if !entries.is_empty() && written.is_ok() {
            let (count, took) = (entries.len(), start.elapsed());
            self.state.observers.notify(WriteEvent::Committed { count, took });
        }
        match written {
            Ok(head) if head == expected => Ok(head),
            Ok(head) => {
                let reason = format!("it was written as {head}");
                self.forget_ids(entries);
                Err(self.fail(JournalError::DamagedEvent { seq: expected, reason }.into()))
            }
            Err(error) => self.settle(error.into(), entries),
        }
    }

    /// Forgets the ids of deliveries that could not be written: they will be sent again.
    pub(crate) fn forget_ids(&mut self, entries: &[JournalEntry<'_>]) {
        for (entry, seq) in entries.iter().zip(self.head + 1..) {
            if let Some(webhook_id) = entry.webhook_id {
                self.deliveries.remove(entry.location, webhook_id, seq);
            }
        }
    }

    fn acknowledge(&mut self, batch: &mut Vec<Pending>, admissions: Vec<Admission>, head: Seq) {
        let both = batch.iter().zip(&admissions);
        let statuses: Vec<Result<Status, LimitReached>> = both
            .map(|(pending, admission)| self.merge_delivery(&pending.delivery, admission))
            .collect();
        let deliveries = batch.iter().map(|pending| &pending.delivery);
        self.make_visible(head, applied(deliveries, &admissions, &statuses));
        for ((pending, admission), status) in batch.drain(..).zip(admissions).zip(statuses) {
            let Pending { delivery, reply } = pending;
            reply(match status {
                Ok(status) => Ok(receipt(delivery.decoded, status, admission.seq())),
                Err(reached) => {
                    Err(IngestError::LimitReached { reached, delivery: delivery.into() })
                }
            });
        }
    }

    /// Merges a delivery as admitted, once it is written.
    pub(crate) fn merge_delivery(
        &mut self,
        delivery: &Delivery,
        admission: &Admission,
    ) -> Result<Status, LimitReached> {
        Ok(match (admission, &delivery.decoded) {
            (Admission::Refused(reached), _) => return Err(*reached),
            (Admission::Redundant(status), _) => *status,
            (Admission::Duplicate(first), _) => {
                self.checkpointer.count_redelivery(*first);
                Status::Duplicate
            }
            (Admission::Journal(seq), Decoded::Ignored { .. }) => {
                self.checkpointer.skip_event(delivery.entry().location, *seq);
                Status::Ignored
            }
            (Admission::Journal(seq), Decoded::Event(event)) => {
                self.state.stats.count_event(event.origin);
                merge_event(&self.locations, *seq, event, &mut self.checkpointer).into()
            }
        })
    }

    /// Makes merged events up to this one visible, and publishes those that changed
    /// something.
    pub(crate) fn make_visible<'e>(
        &mut self,
        head: Seq,
        applied: impl Iterator<Item = (Seq, Timestamp, &'e Event)>,
    ) {
        self.head = head;
        // Published before they are visible: whoever waits for visibility finds them.
        let woken = self.subscriptions.publish(head, applied);
        self.state.make_visible(head);
        for wake in woken {
            wake();
        }
    }

    fn refuse(&self, batch: &mut Vec<Pending>) {
        let Some(refusal) = self.refusal() else { return };
        batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
    }
}
