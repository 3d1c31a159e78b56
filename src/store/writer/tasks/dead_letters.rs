//! Keeping and deleting dead letters.

use crate::journal::Refused;
use crate::store::delivery::IngestError;
use crate::store::writer::command::KeepReply;
use crate::store::writer::thread::Writer;

impl Writer {
    /// Makes refused deliveries durable in one transaction, and replies.
    pub(crate) fn keep_dead_letters(&mut self, batch: &mut Vec<(Refused, KeepReply)>) {
        if batch.is_empty() {
            return;
        }
        let (letters, replies): (Vec<Refused>, Vec<KeepReply>) = batch.drain(..).unzip();
        let result = self.check_writable().and_then(|()| {
            let kept = self.journal.keep_dead_letters(&letters, self.options.dead_letters);
            kept.map_err(|error| self.settle_other(error.into()))
        });
        for reply in replies {
            reply(result.clone());
        }
    }

    /// Deletes a dead letter and returns whether there was one.
    pub(crate) fn delete_dead_letter(&mut self, id: u64) -> Result<bool, IngestError> {
        self.check_writable()?;
        self.journal.delete_dead_letter(id).map_err(|error| self.settle_other(error.into()))
    }
}
