//! Deliveries to locations whose graphs are not in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::journal::JournalError;
use crate::model::LocationId;
use crate::store::delivery::IngestError;
use crate::store::load_error::LoadError;
use crate::store::loader::load_graph;
use crate::store::location::Location;
use crate::store::locations::{Found, Loading};
use crate::store::writer::command::{Command, Pending};
use crate::store::writer::thread::Writer;
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
        let mut is_ready = |pending: &mut Pending| {
            let Decoded::Event(event) = &pending.delivery.decoded else { return true };
            let id = &event.location;
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
        };
        let unloaded: Vec<Pending> = batch.extract_if(.., |pending| !is_ready(pending)).collect();
        for pending in unloaded {
            self.wait_for_graph(pending);
        }
        held
    }

    fn wait_for_graph(&mut self, pending: Pending) {
        let Decoded::Event(event) = &pending.delivery.decoded else { return };
        let id = event.location.clone();
        let is_first = !self.waiting.contains_key(&id);
        let waiting = self.waiting.entry(id.clone()).or_default();
        if let Err(refused) = waiting.add(pending, &self.options) {
            let Pending { delivery, reply } = *refused;
            self.state.queued.release_bytes(delivery.body.len());
            return reply(Err(IngestError::Overloaded));
        }
        if !is_first {
            return;
        }
        let Some(sender) = self.loaded.lock().ignore_poison().clone() else {
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
                Found::OnDisk => {
                    let Some((number, _)) = self.locations.describe(id.as_str()) else { continue };
                    let graph = load_graph(self.journal.as_mut(), number)?;
                    self.locations.put_graph(id.as_str(), graph)
                }
            };
            held.extend(found);
        }
        Ok(held)
    }

    /// Loads a location on this thread, where the store is being closed.
    fn load_here(&mut self, id: &LocationId) {
        let Some((number, _)) = self.locations.describe(id.as_str()) else {
            return self.commit_waiting(id, Ok(None));
        };
        let loaded = load_graph(self.journal.as_mut(), number)
            .map(|graph| self.locations.put_graph(id.as_str(), graph))
            .map_err(|error| LoadError { id: id.clone(), source: Arc::new(error) });
        self.commit_waiting(id, loaded);
    }

    /// Accepts the deliveries that waited for a location, or refuses them if it could not be
    /// loaded.
    pub(crate) fn commit_waiting(
        &mut self,
        id: &LocationId,
        loaded: Result<Option<Arc<Location>>, LoadError>,
    ) {
        let Some(waiting) = self.waiting.remove(id) else { return };
        let mut waiting = waiting.into_deliveries();
        match loaded {
            // It stays in memory meanwhile.
            Ok(_location) => self.commit(&mut waiting),
            Err(error) => {
                for Pending { delivery, reply } in waiting {
                    self.state.queued.release_bytes(delivery.body.len());
                    reply(Err(IngestError::from(error.clone())));
                }
            }
        }
    }
}
