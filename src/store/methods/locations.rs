//! The locations of a store: in memory, loaded when they are asked for, and described.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

#[cfg(feature = "server")]
use crate::model::LocationId;
use crate::store::load_error::LoadError;
use crate::store::loader::{GraphMemory, Loader};
use crate::store::location::{Location, LocationSummary};
#[cfg(feature = "server")]
use crate::store::locations::OnLoaded;
use crate::store::locations::{Found, Loading};
use crate::store::store::Store;

impl Store {
    /// Returns a location, or `None` if no event was ever accepted for it. Its graph stays in
    /// memory as long as somebody holds it.
    ///
    /// # Errors
    ///
    /// If the graph was not in memory and cannot be loaded.
    ///
    /// # Performance
    ///
    /// Costs loading the graph, if it is not in memory: about a second for a million
    /// relations.
    pub fn location(&self, id: &str) -> Result<Option<Arc<Location>>, LoadError> {
        match self.locations.look_up(id) {
            Found::Loaded(location) => return Ok(Some(location)),
            Found::Unknown => return Ok(None),
            Found::OnDisk => {}
        }
        let (sender, loaded) = sync_channel(1);
        match self.locations.load(id, Box::new(move |it| sender.send(it).unwrap_or_default())) {
            Loading::Done(location) => Ok(location),
            Loading::Started => loaded.recv().unwrap_or_else(|_| Err(LoadError::closed(id))),
        }
    }

    /// Returns a location, or where it is.
    #[cfg(feature = "server")]
    pub(crate) fn look_up(&self, id: &str) -> Found {
        self.locations.look_up(id)
    }

    /// Loads a location and then calls `then` with it, unless it is in memory or unknown.
    #[cfg(feature = "server")]
    pub(crate) fn load(&self, id: &str, then: OnLoaded) -> Loading {
        self.locations.load(id, then)
    }

    /// Returns a location that is in memory.
    #[cfg(feature = "server")]
    pub(crate) fn loaded_location(&self, id: &str) -> Option<Arc<Location>> {
        self.locations.find(id)
    }

    /// Returns whether an event has named a location.
    #[cfg(feature = "server")]
    pub(crate) fn knows_location(&self, id: &str) -> bool {
        !matches!(self.locations.look_up(id), Found::Unknown)
    }

    /// Returns all locations, in the order of their first event, and loads all that are not in
    /// memory.
    ///
    /// # Errors
    ///
    /// As [`location`](Self::location).
    pub fn locations(&self) -> Result<Vec<Arc<Location>>, LoadError> {
        let ids = self.locations.ids();
        let loaded = ids.iter().map(|id| self.location(id.as_str()));
        loaded.filter_map(Result::transpose).collect()
    }

    /// Returns the only location that there is, or `None` if there is another number of them.
    #[cfg(feature = "server")]
    pub(crate) fn only_location(&self) -> Option<LocationId> {
        self.locations.only_id()
    }

    /// Returns the number of locations.
    pub fn location_count(&self) -> usize {
        self.locations.len()
    }

    /// Describes up to `limit` locations after the [place](Location::place) `after`, in the
    /// order of their first event, and loads none of them. Costs the page.
    pub fn locations_after(&self, after: Option<u32>, limit: usize) -> Vec<LocationSummary> {
        self.locations.page(after, limit)
    }

    /// Describes a location without loading it.
    pub fn location_summary(&self, id: &str) -> Option<LocationSummary> {
        self.locations.summary(id)
    }

    /// Loads the graphs of locations, the newest location first, until they take nine tenths
    /// of [`Options::graph_memory`](crate::Options) or `stop` says so.
    pub fn preload(&self, stop: &dyn Fn() -> bool) {
        for id in self.locations.ids().iter().rev() {
            let is_full = self.loader.as_ref().is_none_or(Loader::is_nearly_full);
            // What cannot be loaded is logged, and reported to who asks for it.
            if is_full || stop() || self.location(id.as_str()).is_err() {
                return;
            }
        }
    }

    /// Returns what the graphs take in memory, and how often they were loaded.
    pub fn graph_memory(&self) -> GraphMemory {
        self.loader.as_ref().map(Loader::memory).unwrap_or_default()
    }
}
