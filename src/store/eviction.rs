//! What the graphs in memory take, and dropping one of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::model::LocationId;
use crate::store::location::Location;
use crate::store::locations::{Locations, OnDisk, Residence};

/// Whether a graph was dropped from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eviction {
    Dropped,
    /// Somebody holds it.
    Held,
    /// The checkpoint lacks a part of it.
    Unsaved,
}

/// What a location takes in memory.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) id: LocationId,
    pub(super) bytes: usize,
    /// When it was last asked for, in the order of such requests.
    pub(super) asked: u64,
}

impl Locations {
    /// Measures what each location in memory takes. One that the writer changes meanwhile is
    /// taken to be small.
    pub(super) fn measure(&self) -> Vec<Measured> {
        let loaded = self.all();
        let measure = |location: &Arc<Location>| Measured {
            id: location.id().clone(),
            bytes: location.bytes().unwrap_or_default(),
            asked: location.asked.load(Ordering::Relaxed),
        };
        loaded.iter().map(measure).collect()
    }

    /// Drops the graph of a location from memory, if the checkpoint has all of it and nobody
    /// holds it.
    pub(super) fn evict(&self, id: &str) -> Eviction {
        let mut table = self.table_mut();
        let Some((id, Residence::Memory(location))) = table.by_id.get_key_value(id) else {
            return Eviction::Held;
        };
        // Nobody can take hold of it while the table is locked.
        if Arc::strong_count(location) > 1 {
            return Eviction::Held;
        }
        if !location.is_saved() {
            return Eviction::Unsaved;
        }
        let graph = location.read();
        let (name, counts) = (graph.name().map(Box::from), graph.view().counts());
        let tombstones = graph.tombstones(&counts);
        drop(graph);
        let number = location.number;
        let id = id.clone();
        let on_disk = OnDisk { number, name, counts, tombstones, loading: None };
        let evicted = table.by_id.insert(id, Residence::Disk(on_disk));
        drop(table);
        // Its memory is given back when nobody waits for the table.
        drop(evicted);
        Eviction::Dropped
    }
}
