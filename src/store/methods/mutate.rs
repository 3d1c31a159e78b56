//! Writing to the store itself.

use std::sync::mpsc::sync_channel;

use crate::store::delivery::IngestError;
use crate::store::mutation::{Mutated, Mutations};
use crate::store::store::Store;

impl Store {
    /// Checks mutations, writes those that are not refused as events, and merges them. When
    /// this returns, they are on disk and every query sees them.
    ///
    /// Checks and write are one step: each mutation sees all events that were accepted
    /// before, and the mutations before it. The events carry times of the clock of this
    /// store, or later ones where that is needed to follow the events of the same thing.
    ///
    /// # Errors
    ///
    /// If nothing could be written. A mutation that was refused is no error: see
    /// [`Mutated::outcomes`].
    pub fn mutate(&self, mutations: Mutations) -> Result<Mutated, IngestError> {
        let (sender, receiver) = sync_channel(1);
        self.submit_mutations(mutations, move |result| sender.send(result).unwrap_or_default())?;
        receiver.recv().unwrap_or_else(|_| Err(self.unavailable()))
    }

    /// Queues mutations as [`mutate`](Self::mutate) does, and calls `reply`, on the writer's
    /// thread, with what became of them. Never blocks: with a full queue they are refused at
    /// once. Costs a look at each text.
    pub fn submit_mutations(
        &self,
        mutations: Mutations,
        reply: impl FnOnce(Result<Mutated, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        let _ = (mutations, reply);
        Err(IngestError::unavailable("mutations are not accepted yet"))
    }
}
