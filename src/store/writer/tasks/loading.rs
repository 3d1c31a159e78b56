//! Deliveries and mutations of locations whose graphs are not in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::journal::JournalError;
use crate::model::LocationId;
use crate::store::delivery::IngestError;
use crate::store::load_error::LoadError;
use crate::store::load_graph::{Rows, load_graph};
use crate::store::location::Location;
use crate::store::locations::{Found, Loading};
use crate::store::writer::command::{Command, Pending, PendingMutations};
use crate::store::writer::thread::Writer;
use crate::store::writer::waiting::Waiter;
use crate::sync::IgnorePoison;
use crate::webhook::Decoded;

impl Writer {
    /// Takes the deliveries out of a batch whose graphs must be loaded first, and returns the
    /// locations of the others: their graphs stay in memory as long as these are held.
    ///
    /// Nothing of a delivery that waits is written: the limits of names and the property that
    /// names a record depend on the graph. Its bytes count as waiting, and those of one location
    /// take a quarter of the queue at most: one more is refused.
    pub(crate) fn hold_unloaded(&mut self, batch: &mut Vec<Pending>) -> Vec<Arc<Location>> {
        let mut held: Vec<Arc<Location>> = Vec::new();
        let is_ready = |pending: &mut Pending| match &pending.delivery.decoded {
            Decoded::Event(event) => self.is_in_memory(&event.location, &mut held),
            Decoded::Ignored { .. } => true,
        };
        let unloaded = take_unless(batch, is_ready);
        for pending in unloaded {
            self.wait_for_graph(Waiter::Delivery(Box::new(pending)));
        }
        held
    }

    /// Takes the mutations out of a batch whose graphs must be loaded first, as
    /// [`hold_unloaded`](Self::hold_unloaded) takes deliveries.
    pub(crate) fn hold_unloaded_mutations(
        &mut self,
        batch: &mut Vec<PendingMutations>,
    ) -> Vec<Arc<Location>> {
        let mut held: Vec<Arc<Location>> = Vec::new();
        let is_ready =
            |pending: &mut PendingMutations| self.is_in_memory(&pending.location, &mut held);
        let unloaded = take_unless(batch, is_ready);
        for pending in unloaded {
            self.wait_for_graph(Waiter::Mutations(Box::new(pending)));
        }
        held
    }

    /// Returns whether the graph of a location is in memory, where `held` keeps it, or has yet
    /// to begin.
    fn is_in_memory(&self, id: &LocationId, held: &mut Vec<Arc<Location>>) -> bool {
        if held.last().is_some_and(|last| last.id() == id) {
            return true;
        }
        match self.locations.look_up(id.as_str()) {
            // Behind those that wait.
            Found::Loaded(_) if self.waiting.contains_key(id) => false,
            Found::Loaded(location) => {
                held.push(location);
                true
            }
            Found::OnDisk => false,
            Found::Unknown => true,
        }
    }

    fn wait_for_graph(&mut self, waiter: Waiter) {
        let Some(id) = waiter.location().cloned() else { return };
        let is_first = !self.waiting.contains_key(&id);
        let waiting = self.waiting.entry(id.clone()).or_default();
        if let Err(refused) = waiting.add(waiter, &self.options) {
            self.state.queued.release_bytes(refused.bytes());
            return refused.refuse(IngestError::Overloaded);
        }
        if !is_first {
            return;
        }
        let Some(sender) = self.to_self.lock().ignore_poison().clone() else {
            return self.load_here(&id);
        };
        let loaded = id.clone();
        // Fails only after the writer has ended.
        let then = move |result| sender.send(Command::Loaded(loaded, result)).unwrap_or_default();
        if let Loading::Done(location) = self.locations.load(id.as_str(), Box::new(then)) {
            self.commit_waiting(&id, Ok(location));
        }
    }

    /// Accepts what still waits, where the store is being closed.
    pub(crate) fn commit_all_waiting(&mut self) {
        let ids: Vec<LocationId> = self.waiting.keys().cloned().collect();
        for id in &ids {
            self.load_here(id);
        }
    }

    /// Loads those of these locations whose graphs are not in memory, on this thread, and
    /// returns all that are known: their graphs stay as long as these are held.
    pub(crate) fn hold_graphs(
        &mut self,
        ids: &BTreeSet<LocationId>,
    ) -> Result<Vec<Arc<Location>>, JournalError> {
        let mut held = Vec::with_capacity(ids.len());
        for id in ids {
            let found = match self.locations.look_up(id.as_str()) {
                Found::Loaded(location) => Some(location),
                Found::Unknown => None,
                Found::OnDisk => self.load_now(id)?,
            };
            held.extend(found);
        }
        Ok(held)
    }

    /// Loads a location that is on disk alone on this thread.
    pub(crate) fn load_now(
        &mut self,
        id: &LocationId,
    ) -> Result<Option<Arc<Location>>, JournalError> {
        let Some((number, _)) = self.locations.describe(id.as_str()) else { return Ok(None) };
        let rows = if self.following.is_some() { Rows::Shared } else { Rows::Own };
        let loaded = load_graph(self.journal.as_mut(), id, number, rows)?;
        self.checkpointer.saved.note_loaded(number, &loaded, self.head);
        Ok(self.locations.put_graph(id.as_str(), loaded.graph))
    }

    /// Loads a location on this thread, where the store is being closed.
    fn load_here(&mut self, id: &LocationId) {
        let loaded = self.hold_graphs(&[id.clone()].into()).map(|mut held| held.pop());
        let failed = |error| LoadError { id: id.clone(), source: Arc::new(error) };
        self.commit_waiting(id, loaded.map_err(failed));
    }

    /// Accepts what waited for a location, or refuses it if that could not be loaded.
    pub(crate) fn commit_waiting(
        &mut self,
        id: &LocationId,
        loaded: Result<Option<Arc<Location>>, LoadError>,
    ) {
        let Some(waiting) = self.waiting.remove(id) else { return };
        // It stays in memory meanwhile.
        let _location = match loaded {
            Ok(location) => location,
            Err(error) => {
                for waiter in waiting.into_waiters() {
                    self.state.queued.release_bytes(waiter.bytes());
                    waiter.refuse(IngestError::from(error.clone()));
                }
                return;
            }
        };
        let (mut deliveries, mut mutations) = (Vec::new(), Vec::new());
        for waiter in waiting.into_waiters() {
            match waiter {
                Waiter::Delivery(pending) => deliveries.push(*pending),
                Waiter::Mutations(pending) => mutations.push(*pending),
            }
        }
        self.commit(&mut deliveries);
        self.mutate(&mut mutations);
        // Repeats alone write nothing.
        self.end_turn();
    }
}

/// Takes out those that are not ready.
fn take_unless<T>(batch: &mut Vec<T>, mut is_ready: impl FnMut(&mut T) -> bool) -> Vec<T> {
    batch.extract_if(.., |pending| !is_ready(pending)).collect()
}
