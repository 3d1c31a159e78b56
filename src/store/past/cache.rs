//! The past graphs of locations that were used last.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::model::Seq;
use crate::store::index::scan::Stop;
use crate::store::past::replay::Past;
use crate::sync::IgnorePoison;

/// How often a query that waits for another replay checks whether to stop.
const WAIT: Duration = Duration::from_millis(5);

/// The past graphs that were used last, latest first.
#[derive(Debug)]
pub(crate) struct PastCache {
    graphs: Mutex<Cached>,
    /// Held while a graph is built: each takes as much memory as the location.
    building: Mutex<()>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Cached {
    graphs: Vec<CachedGraph>,
    /// Number of erasures so far.
    erasures: u64,
}

#[derive(Debug, Clone)]
struct CachedGraph {
    location: Box<str>,
    /// The graph is the same from its own seq up to this one, at least.
    upto: Seq,
    past: Arc<Past>,
}

impl PastCache {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        let (graphs, building) = Default::default();
        Arc::new(Self { graphs, building, limit: limit.max(1) })
    }

    fn lock(&self) -> MutexGuard<'_, Cached> {
        self.graphs.lock().ignore_poison()
    }

    /// Waits until no other graph is built, or returns `None` if it is to stop before.
    pub(crate) fn lock_building(&self, stop: Stop<'_>) -> Option<MutexGuard<'_, ()>> {
        loop {
            if let Some(alone) = self.building.try_lock().ignore_poison() {
                return Some(alone);
            }
            if stop() {
                return None;
            }
            std::thread::sleep(WAIT);
        }
    }

    pub(crate) fn find(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let graphs = &mut self.lock().graphs;
        let is_it =
            |it: &CachedGraph| *it.location == *location && (it.past.seq..=it.upto).contains(&seq);
        let at = graphs.iter().position(is_it)?;
        let found = graphs.remove(at);
        let past = Arc::clone(&found.past);
        graphs.insert(0, found);
        Some(past)
    }

    /// Returns the latest graph before this moment, to replay from.
    pub(crate) fn find_before(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let cached = self.lock();
        let earlier =
            cached.graphs.iter().filter(|it| *it.location == *location && it.past.seq < seq);
        earlier.max_by_key(|it| it.past.seq).map(|it| Arc::clone(&it.past))
    }

    /// Forgets the graphs of a location that was erased.
    pub(crate) fn forget(&self, location: &str) {
        let mut cached = self.lock();
        cached.erasures += 1;
        cached.graphs.retain(|it| *it.location != *location);
    }

    /// Returns the number of erasures so far: to be taken before a graph is built.
    pub(crate) fn erasures(&self) -> u64 {
        self.lock().erasures
    }

    /// Adds a graph that is the same up to `upto`, unless anything was erased while it was
    /// built: it may contain that.
    pub(crate) fn insert(&self, location: &str, upto: Seq, past: &Arc<Past>, erasures: u64) {
        let mut cached = self.lock();
        if cached.erasures != erasures {
            return;
        }
        let graphs = &mut cached.graphs;
        graphs.insert(0, CachedGraph { location: location.into(), upto, past: Arc::clone(past) });
        graphs.truncate(self.limit);
    }
}
