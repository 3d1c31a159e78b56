//! The graphs in memory, one a location, each behind its own lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;

use crate::graph::{LocationGraph, RecordSearch};
use crate::model::{LocationId, address};
use crate::sync::IgnorePoison;

/// How often locking a graph is tried: the writer mostly releases it after one event, in
/// some microseconds.
const TRIES: u32 = 512;

/// One location and its graph.
#[derive(Debug)]
pub struct Location {
    pub(crate) number: u32,
    id: LocationId,
    graph: RwLock<LocationGraph>,
    /// What finds records by name, once somebody has searched.
    pub(super) search: Mutex<Option<Box<RecordSearch>>>,
}

impl Location {
    /// Returns its id.
    pub fn id(&self) -> &LocationId {
        &self.id
    }

    /// Returns its place in the list of locations: places only grow, so a list can continue
    /// after one.
    pub fn place(&self) -> u32 {
        self.number
    }

    /// Locks the graph for queries. The writer waits while it is held, so do no I/O
    /// meanwhile; for long work take a [snapshot](LocationGraph::snapshot).
    pub fn read(&self) -> RwLockReadGuard<'_, LocationGraph> {
        self.graph.read().ignore_poison()
    }

    /// Locks the graph for queries, or returns `None` if the writer does not release it
    /// within some microseconds.
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, LocationGraph>> {
        for _ in 0..TRIES {
            if let Some(graph) = self.graph.try_read().ignore_poison() {
                return Some(graph);
            }
            std::hint::spin_loop();
        }
        None
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, LocationGraph> {
        self.graph.write().ignore_poison()
    }
}

#[derive(Debug, Default)]
struct LocationTable {
    by_id: HashMap<LocationId, Arc<Location>, RandomState>,
    by_number: BTreeMap<u32, Arc<Location>>,
}

impl LocationTable {
    fn add(&mut self, number: u32, id: &LocationId) -> Arc<Location> {
        let graph = RwLock::new(LocationGraph::new());
        let location =
            Arc::new(Location { number, id: id.clone(), graph, search: Mutex::default() });
        self.by_number.insert(number, Arc::clone(&location));
        self.by_id.insert(id.clone(), Arc::clone(&location));
        location
    }
}

/// All locations of a store.
#[derive(Debug, Default)]
pub(crate) struct Locations {
    table: RwLock<LocationTable>,
    /// The only one that has a graph, where all others are skipped.
    only: Option<LocationId>,
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

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Location>> {
        self.table().by_id.get(id).cloned()
    }

    /// Returns all locations, in the order of their first event.
    pub(crate) fn all(&self) -> Vec<Arc<Location>> {
        self.table().by_number.values().cloned().collect()
    }

    /// Returns up to `limit` locations after this place, in the order of their first event.
    pub(crate) fn page(&self, after: Option<u32>, limit: usize) -> Vec<Arc<Location>> {
        let Some(first) = after.map_or(Some(0), |after| after.checked_add(1)) else {
            return Vec::new();
        };
        self.table().by_number.range(first..).take(limit).map(|(_, it)| Arc::clone(it)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.table().by_number.len()
    }

    /// Returns up to `limit` locations from this number on, in order.
    pub(crate) fn from(&self, number: u32, limit: usize) -> Vec<Arc<Location>> {
        let table = self.table();
        table.by_number.range(number..).take(limit).map(|(_, it)| Arc::clone(it)).collect()
    }

    pub(crate) fn at(&self, number: u32) -> Option<Arc<Location>> {
        self.table().by_number.get(&number).cloned()
    }

    /// Returns the location of this id, and adds it if there is none.
    pub(crate) fn intern(&self, id: &LocationId) -> Arc<Location> {
        if let Some(known) = self.find(id.as_str()) {
            return known;
        }
        let mut table = self.table.write().ignore_poison();
        // Numbers of locations that were erased stay free.
        let last = table.by_number.last_key_value();
        let number = last.map_or(0, |(last, _)| address(*last as usize + 1));
        table.add(number, id)
    }

    /// Adds a location under the number that it had, or returns `None` if that is taken or out
    /// of order.
    pub(crate) fn restore(&self, number: u32, id: &LocationId) -> Option<Arc<Location>> {
        let mut table = self.table.write().ignore_poison();
        let is_next = table.by_number.last_key_value().is_none_or(|(last, _)| *last < number);
        (is_next && !table.by_id.contains_key(id.as_str())).then(|| table.add(number, id))
    }

    /// Removes a location.
    pub(crate) fn remove(&self, id: &str) {
        let mut table = self.table.write().ignore_poison();
        if let Some(location) = table.by_id.remove(id) {
            table.by_number.remove(&location.number);
        }
    }

    fn table(&self) -> RwLockReadGuard<'_, LocationTable> {
        self.table.read().ignore_poison()
    }
}
