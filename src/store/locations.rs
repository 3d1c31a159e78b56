//! The locations of a store: those in memory, and those in the checkpoint alone.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;

use crate::graph::LocationGraph;
use crate::model::{Counts, LocationId, address};
use crate::store::load_error::LoadError;
use crate::store::location::{Location, LocationSummary};
use crate::sync::IgnorePoison;

/// Takes a location that was loaded; `None` if it was erased meanwhile. Called on a thread that
/// loads: it must not take long.
pub(crate) type OnLoaded = Box<dyn FnOnce(Result<Option<Arc<Location>>, LoadError>) + Send + Sync>;

/// What is known of a location by its id.
#[derive(Debug)]
pub(crate) enum Found {
    Loaded(Arc<Location>),
    /// It is in the checkpoint alone.
    OnDisk,
    /// No event has ever named it.
    Unknown,
}

/// Where the graph of a location is.
pub(super) enum Residence {
    Memory(Arc<Location>),
    Disk(OnDisk),
}

/// A location in the checkpoint alone, where all of its rows are saved.
pub(super) struct OnDisk {
    pub(super) number: u32,
    pub(super) name: Option<Box<str>>,
    pub(super) counts: Counts,
    pub(super) tombstones: u64,
    /// The number of the job that loads it, while one does.
    pub(super) loading: Option<u64>,
}

/// Those that wait for a location that is being loaded. Only the thread that loads it answers
/// them: others may hold what an answer waits for.
struct Waiting {
    id: LocationId,
    then: Vec<OnLoaded>,
    /// The location, if its graph came into memory meanwhile: it stays there until they are
    /// answered.
    held: Option<Arc<Location>>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Residence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(location) => f.debug_tuple("Memory").field(&location.number).finish(),
            Self::Disk(on_disk) => f.debug_tuple("Disk").field(&on_disk.number).finish(),
        }
    }
}

/// What a request to load a location came to.
#[derive(Debug)]
pub(crate) enum Loading {
    /// Who asked is called back.
    Started,
    /// It need not be loaded: it is in memory, or no event has ever named it.
    Done(Option<Arc<Location>>),
}

/// A location to load.
#[derive(Debug)]
pub(super) struct LoadJob {
    pub(super) id: LocationId,
    pub(super) number: u32,
    job: u64,
}

#[derive(Debug, Default)]
pub(super) struct LocationTable {
    pub(super) by_id: HashMap<LocationId, Residence, RandomState>,
    by_number: BTreeMap<u32, LocationId>,
    /// By the numbers of the jobs.
    loading: HashMap<u64, Waiting, RandomState>,
}

impl LocationTable {
    fn add(&mut self, number: u32, id: &LocationId, residence: Residence) {
        self.by_number.insert(number, id.clone());
        self.by_id.insert(id.clone(), residence);
    }

    fn loaded(&self, id: &str) -> Option<&Arc<Location>> {
        match self.by_id.get(id) {
            Some(Residence::Memory(location)) => Some(location),
            Some(Residence::Disk(_)) | None => None,
        }
    }

    /// Returns the locations in memory from this number on, in order.
    fn loaded_from(&self, number: u32) -> impl Iterator<Item = &Arc<Location>> {
        self.by_number.range(number..).filter_map(|(_, id)| self.loaded(id.as_str()))
    }
}

/// All locations of a store.
#[derive(Debug, Default)]
pub(crate) struct Locations {
    table: RwLock<LocationTable>,
    /// The only one that has a graph, where all others are skipped.
    only: Option<LocationId>,
    /// Counts requests, to know which location was asked for last.
    requests: AtomicU64,
    /// Where locations to load go, while there are threads that load.
    jobs: Mutex<Option<Sender<LoadJob>>>,
}

impl Locations {
    /// Returns a table for one location only, or for all.
    pub(crate) fn of(only: Option<&str>) -> Self {
        Self { only: only.map(LocationId::from), ..Self::default() }
    }

    pub(crate) fn only(&self) -> Option<&str> {
        self.only.as_ref().map(LocationId::as_str)
    }

    /// Returns whether events of this location belong here.
    pub(crate) fn admits(&self, id: &str) -> bool {
        self.only().is_none_or(|only| only == id)
    }

    /// Returns a location that is in memory.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Location>> {
        let found = self.table().loaded(id).cloned();
        if let Some(location) = &found {
            location.touch(self.requests.fetch_add(1, Ordering::Relaxed));
        }
        found
    }

    /// Returns a location, or where it is.
    pub(crate) fn look_up(&self, id: &str) -> Found {
        if let Some(location) = self.find(id) {
            return Found::Loaded(location);
        }
        match self.table().by_id.get(id) {
            Some(Residence::Memory(location)) => Found::Loaded(Arc::clone(location)),
            Some(Residence::Disk(_)) => Found::OnDisk,
            None => Found::Unknown,
        }
    }

    /// Returns the number of a location and how much it holds.
    pub(crate) fn describe(&self, id: &str) -> Option<(u32, Counts)> {
        let location = match self.table().by_id.get(id)? {
            Residence::Disk(on_disk) => return Some((on_disk.number, on_disk.counts)),
            Residence::Memory(location) => Arc::clone(location),
        };
        let counts = location.read().view().counts();
        Some((location.number, counts))
    }

    /// Returns all locations that are in memory, in the order of their first event.
    pub(crate) fn all(&self) -> Vec<Arc<Location>> {
        self.table().loaded_from(0).cloned().collect()
    }

    /// Returns the ids and numbers of up to `limit` locations from this number on, in order.
    pub(crate) fn numbered_from(&self, number: u32, limit: usize) -> Vec<(u32, LocationId)> {
        let table = self.table();
        let found = table.by_number.range(number..).take(limit);
        found.map(|(number, id)| (*number, id.clone())).collect()
    }

    /// Describes up to `limit` locations after this place, in the order of their first event.
    pub(crate) fn page(&self, after: Option<u32>, limit: usize) -> Vec<LocationSummary> {
        let Some(first) = after.map_or(Some(0), |after| after.checked_add(1)) else {
            return Vec::new();
        };
        let ids: Vec<LocationId> =
            self.table().by_number.range(first..).take(limit).map(|(_, id)| id.clone()).collect();
        ids.iter().filter_map(|id| self.summary(id.as_str())).collect()
    }

    /// Describes a location, whether it is in memory or not.
    pub(crate) fn summary(&self, id: &str) -> Option<LocationSummary> {
        let location = match self.table().by_id.get_key_value(id)? {
            (id, Residence::Disk(OnDisk { number, name, counts, tombstones, .. })) => {
                let (id, name, place) = (id.clone(), name.clone(), *number);
                let (counts, tombstones) = (*counts, *tombstones);
                return Some(LocationSummary { id, place, name, counts, tombstones });
            }
            (_, Residence::Memory(location)) => Arc::clone(location),
        };
        // The table is free again: the writer may hold a graph for a while.
        let graph = location.read();
        let counts = graph.view().counts();
        Some(LocationSummary {
            id: location.id().clone(),
            place: location.number,
            name: graph.name().map(Box::from),
            counts,
            tombstones: graph.tombstones(&counts),
        })
    }

    /// Returns the ids of all locations, in the order of their first event.
    pub(crate) fn ids(&self) -> Vec<LocationId> {
        self.table().by_number.values().cloned().collect()
    }

    /// Returns the id of the only location, or `None` if there are several or none.
    #[cfg(feature = "server")]
    pub(crate) fn only_id(&self) -> Option<LocationId> {
        let table = self.table();
        let only = table.by_number.first_key_value().filter(|_| table.by_number.len() == 1);
        only.map(|(_, id)| id.clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.table().by_number.len()
    }

    /// Returns the location of this number, if it is in memory.
    pub(crate) fn at(&self, number: u32) -> Option<Arc<Location>> {
        let table = self.table();
        table.loaded(table.by_number.get(&number)?.as_str()).cloned()
    }

    /// Returns the location of this id, and adds it if there is none.
    ///
    /// # Panics
    ///
    /// If it is on disk alone: whoever merges events holds their locations in memory.
    pub(crate) fn intern(&self, id: &LocationId) -> Arc<Location> {
        match self.look_up(id.as_str()) {
            Found::Loaded(known) => return known,
            Found::OnDisk => unreachable!("location {id} is merged into and not loaded"),
            Found::Unknown => {}
        }
        let mut table = self.table_mut();
        // Numbers of locations that were erased stay free.
        let last = table.by_number.last_key_value();
        let number = last.map_or(0, |(last, _)| address(*last as usize + 1));
        let location = Arc::new(Location::new(number, id.clone(), LocationGraph::new()));
        table.add(number, id, Residence::Memory(Arc::clone(&location)));
        location
    }

    /// Adds a location under the number that it had, or returns `None` if that is taken or out
    /// of order.
    pub(crate) fn restore(
        &self,
        number: u32,
        id: &LocationId,
        graph: LocationGraph,
    ) -> Option<Arc<Location>> {
        let location = Arc::new(Location::new(number, id.clone(), graph));
        self.restore_as(number, id, Residence::Memory(Arc::clone(&location))).then_some(location)
    }

    /// Adds a location that is on disk alone, as [`restore`](Self::restore) does, and returns
    /// whether it could.
    pub(crate) fn restore_on_disk(&self, number: u32, id: &LocationId) -> bool {
        let (name, counts) = Default::default();
        let on_disk = OnDisk { number, name, counts, tombstones: 0, loading: None };
        self.restore_as(number, id, Residence::Disk(on_disk))
    }

    fn restore_as(&self, number: u32, id: &LocationId, residence: Residence) -> bool {
        let mut table = self.table_mut();
        let is_next = table.by_number.last_key_value().is_none_or(|(last, _)| *last < number);
        let is_new = is_next && !table.by_id.contains_key(id.as_str());
        if is_new {
            table.add(number, id, residence);
        }
        is_new
    }

    /// Sets what a location on disk holds.
    pub(crate) fn set_summary(
        &self,
        number: u32,
        name: Option<&str>,
        counts: Counts,
        tombstones: u64,
    ) {
        let mut table = self.table_mut();
        let Some(id) = table.by_number.get(&number).cloned() else { return };
        if let Some(Residence::Disk(on_disk)) = table.by_id.get_mut(&id) {
            (on_disk.name, on_disk.counts) = (name.map(Box::from), counts);
            on_disk.tombstones = tombstones;
        }
    }

    /// Puts the graph of a location that was on disk alone into memory, and returns the
    /// location, or the one that is there already.
    pub(crate) fn put_graph(&self, id: &str, graph: LocationGraph) -> Option<Arc<Location>> {
        let mut table = self.table_mut();
        let (id, found) = table.by_id.get_key_value(id)?;
        let (number, loading) = match found {
            Residence::Memory(location) => return Some(Arc::clone(location)),
            Residence::Disk(on_disk) => (on_disk.number, on_disk.loading),
        };
        let location = Arc::new(Location::new(number, id.clone(), graph));
        location.touch(self.requests.fetch_add(1, Ordering::Relaxed));
        let id = id.clone();
        table.by_id.insert(id, Residence::Memory(Arc::clone(&location)));
        if let Some(waiting) = loading.and_then(|job| table.loading.get_mut(&job)) {
            waiting.held = Some(Arc::clone(&location));
        }
        Some(location)
    }

    /// Removes a location. Those that wait for it find out when it would be loaded.
    pub(crate) fn remove(&self, id: &str) {
        let mut table = self.table_mut();
        let Some(removed) = table.by_id.remove(id) else { return };
        let number = match removed {
            Residence::Memory(location) => location.number,
            Residence::Disk(on_disk) => on_disk.number,
        };
        table.by_number.remove(&number);
        for waiting in table.loading.values_mut().filter(|waiting| waiting.id.as_str() == id) {
            waiting.held = None;
        }
    }

    /// Starts to send the locations to load here; with `None`, none is loaded any more.
    pub(super) fn send_jobs_to(&self, jobs: Option<Sender<LoadJob>>) {
        *self.jobs.lock().ignore_poison() = jobs;
    }

    /// Loads a location and then calls `then` with it, on another thread; or returns it, if it
    /// is in memory or unknown. It is loaded once, however many ask for it.
    pub(crate) fn load(&self, id: &str, then: OnLoaded) -> Loading {
        let mut table = self.table_mut();
        let location = match table.by_id.get_key_value(id) {
            None => None,
            Some((_, Residence::Memory(location))) => Some(Arc::clone(location)),
            Some((known, Residence::Disk(_))) => {
                let known = known.clone();
                self.join_loading(&mut table, known, then);
                return Loading::Started;
            }
        };
        drop(table);
        if let Some(location) = &location {
            location.touch(self.requests.fetch_add(1, Ordering::Relaxed));
        }
        Loading::Done(location)
    }

    fn join_loading(&self, table: &mut LocationTable, id: LocationId, then: OnLoaded) {
        let LocationTable { by_id, loading, .. } = table;
        let Some(Residence::Disk(on_disk)) = by_id.get_mut(&id) else { return };
        if let Some(waiting) = on_disk.loading.and_then(|job| loading.get_mut(&job)) {
            return waiting.then.push(then);
        }
        let job = self.requests.fetch_add(1, Ordering::Relaxed);
        on_disk.loading = Some(job);
        loading.insert(job, Waiting { id: id.clone(), then: vec![then], held: None });
        let sent = self
            .jobs
            .lock()
            .ignore_poison()
            .as_ref()
            .map(|jobs| jobs.send(LoadJob { id, number: on_disk.number, job }));
        if sent.is_none_or(|sent| sent.is_err()) {
            // The store is being closed: a lost reply says so to who waits.
            on_disk.loading = None;
            loading.remove(&job);
        }
    }

    /// Ends the loading of a location with its graph, and answers those that wait.
    pub(super) fn finish_loading(&self, job: LoadJob, loaded: Result<LocationGraph, LoadError>) {
        let (waiting, result) = {
            let mut table = self.table_mut();
            let Some(Waiting { then, held, .. }) = table.loading.remove(&job.job) else {
                return;
            };
            let result = match table.by_id.get_mut(&job.id) {
                Some(Residence::Disk(on_disk)) if on_disk.loading == Some(job.job) => {
                    on_disk.loading = None;
                    loaded.map(|graph| {
                        let location = Arc::new(Location::new(job.number, job.id.clone(), graph));
                        location.touch(self.requests.fetch_add(1, Ordering::Relaxed));
                        table.by_id.insert(job.id, Residence::Memory(Arc::clone(&location)));
                        Some(location)
                    })
                }
                // It came into memory otherwise, or was erased.
                _ => Ok(held),
            };
            (then, result)
        };
        for waiting in waiting {
            waiting(result.clone());
        }
    }

    fn table(&self) -> RwLockReadGuard<'_, LocationTable> {
        self.table.read().ignore_poison()
    }

    pub(super) fn table_mut(&self) -> RwLockWriteGuard<'_, LocationTable> {
        self.table.write().ignore_poison()
    }
}
