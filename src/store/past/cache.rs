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
    graphs: Mutex<Vec<CachedGraph>>,
    /// Held while a graph is built: each takes as much memory as the location.
    building: Mutex<()>,
    limit: usize,
}

#[derive(Debug, Clone)]
struct CachedGraph {
    location: Box<str>,
    /// The graph is the same from its own seq up to this one, at least.
    upto: Seq,
    past: Arc<Past>,
}

impl PastCache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { graphs: Mutex::default(), building: Mutex::default(), limit: limit.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CachedGraph>> {
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
        let mut graphs = self.lock();
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
        let graphs = self.lock();
        let earlier = graphs.iter().filter(|it| *it.location == *location && it.past.seq < seq);
        earlier.max_by_key(|it| it.past.seq).map(|it| Arc::clone(&it.past))
    }

    /// Forgets the graphs of a location.
    pub(crate) fn forget(&self, location: &str) {
        self.lock().retain(|it| *it.location != *location);
    }

    /// Adds a graph that is the same up to `upto`.
    pub(crate) fn insert(&self, location: &str, upto: Seq, past: &Arc<Past>) {
        let mut graphs = self.lock();
        graphs.insert(0, CachedGraph { location: location.into(), upto, past: Arc::clone(past) });
        graphs.truncate(self.limit);
    }
}
