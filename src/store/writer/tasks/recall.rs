//! Recalling the ids of earlier deliveries part by part, and indexing those of new ones.

use std::time::{Duration, Instant};

use crate::journal::JournalError;
use crate::store::delivery::{Delivery, IngestError};
use crate::store::writer::recall::Recall;
use crate::store::writer::recalling::Recalling;
use crate::store::writer::thread::Writer;
use crate::webhook::Decoded;

impl Writer {
    /// Recalls what these deliveries may repeat.
    pub(crate) fn recall_for<'d>(
        &mut self,
        batch: impl Iterator<Item = &'d Delivery>,
    ) -> Result<(), IngestError> {
        if self.deliveries.next_unrecalled().is_none() {
            return Ok(());
        }
        for delivery in batch {
            let Decoded::Event(event) = delivery.decoded() else { continue };
            let Some(id) = &event.webhook_id else { continue };
            let part = self.deliveries.hash(event.location.as_str(), id.as_str()).part();
            self.recall_part(part)?;
        }
        Ok(())
    }

    /// Begins to recall the parts that nobody has asked for yet.
    pub(crate) fn begin_recalling(&mut self) {
        self.end_recalling();
        if self.deliveries.next_unrecalled().is_some() {
            self.recalling = Recalling::start(self.journal.readers(), self.deliveries.on_disk());
        }
    }

    /// Ends that; what is left is read when it is needed.
    pub(crate) fn end_recalling(&mut self) {
        if let Some(recalling) = self.recalling.take() {
            recalling.stop();
        }
    }

    /// Returns when a part is to be recalled that nobody has asked for.
    pub(crate) fn recall_due_in(&self) -> Duration {
        if self.recalling.is_some() { Recalling::due_in() } else { Duration::MAX }
    }

    /// Takes in the parts that were read meanwhile.
    pub(crate) fn recall_some(&mut self) {
        let Some(recalling) = &self.recalling else { return };
        match recalling.next() {
            Ok(Some((part, ids))) => self.deliveries.recall_part(part, &ids),
            Ok(None) => {}
            Err(_) => self.end_recalling(),
        }
    }

    fn recall_part(&mut self, part: u8) -> Result<(), IngestError> {
        self.try_recall_part(part).map_err(|error| {
            self.state.stats.count_write_failure();
            self.pause_or_fail(error.into())
        })
    }

    fn try_recall_part(&mut self, part: u8) -> Result<(), JournalError> {
        let Self { journal, deliveries, .. } = self;
        if deliveries.is_recalled(part) {
            return Ok(());
        }
        let (on_disk, mut ids) = (deliveries.on_disk(), Vec::new());
        if on_disk.after < on_disk.upto {
            let entries = on_disk.after + 1..=on_disk.upto;
            journal.delivery_hashes(part, entries, &mut |seq, hash| ids.push((seq, hash)))?;
        }
        deliveries.recall_part(part, &ids);
        Ok(())
    }

    /// Indexes the ids of the next deliveries, so that the next start need not read them. Of
    /// several processes, the one that saves checkpoints does.
    pub(crate) fn index_deliveries(&mut self) {
        if self.state.health.failure().is_some() {
            return self.indexing.put_off();
        }
        let start = Instant::now();
        let indexed = self.maintains().and_then(|maintains| {
            let (journal, room) = (self.journal.as_mut(), self.options.remembered_deliveries);
            if !maintains {
                return Ok(None);
            }
            let recall = Recall::plan(journal, room)?;
            journal.index_deliveries(recall.after()).map(Some)
        });
        match indexed {
            Ok(Some(upto)) => self.indexing.advance(upto, start),
            // Another process does it.
            Ok(None) => self.indexing.put_off(),
            Err(error) => {
                self.state.stats.count_write_failure();
                let (reason, advice) = (error.to_string(), error.advice());
                tracing::error!(reason, advice, "ids cannot be indexed; it is tried again");
                self.indexing.put_off();
            }
        }
    }
}
