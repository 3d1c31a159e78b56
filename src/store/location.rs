//! One location in memory: its graph, behind a lock of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::graph::{LocationGraph, RecordSearch};
use crate::model::{Counts, LocationId};
use crate::sync::IgnorePoison;

/// How often locking a graph is tried: the writer mostly releases it after one event, in
/// some microseconds.
const TRIES: u32 = 512;

/// A location in a list, which need not be in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationSummary {
    /// Its id.
    pub id: LocationId,
    /// Its place in the list: places only grow, so a list can continue after one.
    pub place: u32,
    /// What people call it, if an event has said so.
    pub name: Option<Box<str>>,
    /// How much it holds.
    pub counts: Counts,
    /// Number of things that are deleted and still remembered.
    pub tombstones: u64,
}

/// One location and its graph. The graph stays in memory as long as somebody holds this.
#[derive(Debug)]
pub struct Location {
    pub(crate) number: u32,
    id: LocationId,
    graph: RwLock<LocationGraph>,
    /// What finds records by name, once somebody has searched.
    pub(super) search: Mutex<Option<Box<RecordSearch>>>,
    /// How often an event or a compaction was merged into it.
    merges: AtomicU64,
    /// When it was last asked for, in the order of such requests.
    pub(super) asked: AtomicU64,
}

impl Location {
    pub(super) fn new(number: u32, id: LocationId, graph: LocationGraph) -> Self {
        let (graph, search) = (RwLock::new(graph), Mutex::default());
        let (merges, asked) = (AtomicU64::default(), AtomicU64::default());
        Self { number, id, graph, search, merges, asked }
    }

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

    /// Locks the graph to merge an event or a compaction into it, which the writer alone does.
    pub(crate) fn write_merging(&self) -> RwLockWriteGuard<'_, LocationGraph> {
        self.merges.store(self.merges() + 1, Ordering::Relaxed);
        self.write()
    }

    /// Returns how often that was done since it is in memory.
    pub(crate) fn merges(&self) -> u64 {
        self.merges.load(Ordering::Relaxed)
    }

    /// Returns the bytes of memory that it takes, or `None` while the writer changes it.
    pub(super) fn bytes(&self) -> Option<usize> {
        let graph = self.try_read()?;
        let search = self.search.lock().ignore_poison();
        let names = search.as_ref().map_or(0, |search| search.bytes());
        Some(size_of::<Self>() + graph.bytes() + names)
    }

    /// Returns whether the checkpoint on disk has all of it.
    pub(super) fn is_saved(&self) -> bool {
        self.try_read().is_some_and(|graph| graph.is_saved())
    }

    pub(super) fn touch(&self, now: u64) {
        self.asked.store(now, Ordering::Relaxed);
    }
}
