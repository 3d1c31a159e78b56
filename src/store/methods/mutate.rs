//! Writing to the store itself.

use std::sync::mpsc::sync_channel;

use crate::store::delivery::IngestError;
use crate::store::mutation::checked::CheckedMutation;
use crate::store::mutation::{Mutated, Mutations};
use crate::store::store::Store;
use crate::store::writer::command::{Command, PendingMutations};
use crate::store::writer::queue::Queue;
use crate::webhook::MAX_ID_BYTES;

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
    ///
    /// # Performance
    ///
    /// Costs one fsync, which concurrent calls share, and loading the graph of the location,
    /// if it is not in memory.
    ///
    /// ```
    /// use relata::mutation::{Mutation, MutationRefusal, Mutations, NewAssociation, Thing};
    /// use relata::{End, LocationId, ObjectKey, RecordId, Store};
    ///
    /// let store = Store::in_memory()?;
    /// let mutate = |mutation| {
    ///     let (location, mutations) = (LocationId::from("eHy2"), vec![mutation]);
    ///     let mutated = store.mutate(Mutations { location, trace_id: None, mutations })?;
    ///     Ok::<_, relata::IngestError>(mutated.outcomes.into_iter().next().unwrap())
    /// };
    /// let end = |object, label: &str| End { object: ObjectKey::from(object), label: label.into() };
    /// let interest = mutate(Mutation::CreateAssociation(NewAssociation {
    ///     key: "buyer_property_interest".into(),
    ///     first: end("contact", "Interested Buyer"),
    ///     second: end("custom_objects.property", "Property"),
    ///     first_to_second: None,
    ///     second_to_first: None,
    /// }))??;
    /// let Thing::Association(interest) = interest.thing else { unreachable!() };
    ///
    /// let link = Mutation::CreateRelation {
    ///     association: interest.id,
    ///     first: RecordId::from("amara"),
    ///     second: RecordId::from("12-maple-street"),
    /// };
    /// assert!(mutate(link.clone())?.is_ok());
    /// assert_eq!(mutate(link)?, Err(MutationRefusal::DuplicateRelation));
    ///
    /// let location = store.location("eHy2")?.unwrap();
    /// let page = location.links("contact/amara").label("Property").page()?;
    /// assert_eq!(page.links[0].record.as_deref(), Some("12-maple-street"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mutate(&self, mutations: Mutations) -> Result<Mutated, IngestError> {
        let (sender, receiver) = sync_channel(1);
        let reply = move |result| sender.send(result).unwrap_or_default();
        self.enqueue_mutations(mutations, reply, Queue::send_waiting)?;
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
        self.enqueue_mutations(mutations, reply, Queue::try_send)
    }

    fn enqueue_mutations(
        &self,
        mutations: Mutations,
        reply: impl FnOnce(Result<Mutated, IngestError>) + Send + 'static,
        send: fn(&Queue, Command) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let queue = self.open_queue()?;
        let Mutations { location, trace_id, mutations } = mutations;
        // As of a webhook: one that is too long is none.
        let trace_id = trace_id.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()));
        let check = |mutation| CheckedMutation::new(mutation, location.as_str(), self.options.keep);
        let mutations: Vec<_> = mutations.into_iter().map(check).collect();
        let bytes = mutations.iter().flatten().map(CheckedMutation::bytes).sum();
        let reply = Box::new(reply);
        let pending = PendingMutations { location, trace_id, mutations, bytes, reply };
        send(queue, Command::Mutate(Box::new(pending)))
    }
}
