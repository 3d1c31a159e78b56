//! Keeping, listing and replaying dead letters.

use crate::journal::{DeadLetter, DeadLetterSummary, DeadLetterTotals, JournalError, Refused};
use crate::store::delivery::{Delivery, IngestError, Receipt, ReplayError};
use crate::store::store::Store;
use crate::store::writer::command::Command;
use crate::webhook::UrlTypes;

impl Store {
    /// Keeps a refused delivery as a dead letter, and calls `reply`, on the writer's
    /// thread, once it is durable. Never blocks: with a full queue it is refused at once.
    ///
    /// Dead letters are bounded by [`Options::dead_letters`]; the oldest make room, and a
    /// body that is there already is only counted.
    ///
    /// [`Options::dead_letters`]: crate::store::options::Options::dead_letters
    pub fn keep_refused(
        &self,
        refused: Refused,
        reply: impl FnOnce(Result<(), IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.open_queue()?.try_send(Command::KeepDeadLetter(Box::new(refused), Box::new(reply)))
    }

    /// Returns up to `limit` dead letters after this id, in order.
    pub fn dead_letters(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        self.reader()?.dead_letters(after, limit)
    }

    /// Counts the dead letters.
    pub fn dead_letter_totals(&self) -> Result<DeadLetterTotals, JournalError> {
        self.reader()?.dead_letter_totals()
    }

    /// Returns a dead letter, or `None` if there is none of this id.
    pub fn dead_letter(&self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        self.reader()?.dead_letter(id)
    }

    /// Deletes a dead letter and returns whether there was one. Durable when this
    /// returns.
    pub fn delete_dead_letter(&self, id: u64) -> Result<bool, IngestError> {
        self.execute(|reply| Command::DeleteDeadLetter(id, reply))?
    }

    /// Accepts a dead letter as if it arrived now, and deletes it if it can be used this
    /// time. Returns `None` if there is no such letter. `url_types` says whether the type
    /// of its URL counts.
    pub fn replay_dead_letter(
        &self,
        id: u64,
        url_types: UrlTypes,
    ) -> Result<Option<Receipt>, ReplayError> {
        let Some(letter) = self.dead_letter(id)? else { return Ok(None) };
        let url_type = letter.summary.url_type.as_deref();
        let read = Delivery::read_with(&letter.body, url_type, url_types, None);
        let mut delivery = read.map_err(IngestError::Unreadable)?;
        if let Some(id) = letter.webhook_id() {
            delivery = delivery.with_webhook_id(id);
        }
        let receipt = self.accept(delivery)?;
        self.delete_dead_letter(id)?;
        Ok(Some(receipt))
    }
}
