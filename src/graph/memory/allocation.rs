//! What the collections of the standard library take, in bytes.

use std::collections::{HashMap, HashSet};

/// Bytes that an allocation takes beside its contents: what the allocator and a reference
/// count need.
pub(in crate::graph) const ALLOCATION_BYTES: usize = 24;

/// Returns the bytes of memory that a map takes, without what its values point to.
pub(in crate::graph) fn map_bytes<K, V, S>(map: &HashMap<K, V, S>) -> usize {
    table_bytes(map.capacity(), size_of::<(K, V)>())
}

/// Returns the bytes of memory that a set takes.
pub(in crate::graph) fn set_bytes<K, S>(set: &HashSet<K, S>) -> usize {
    table_bytes(set.capacity(), size_of::<K>())
}

/// Seven eighths of the places of a table are its capacity, and each has a byte beside it.
fn table_bytes(capacity: usize, entry: usize) -> usize {
    if capacity == 0 {
        return 0;
    }
    (capacity * 8).div_ceil(7).next_power_of_two() * (entry + 1) + 32
}
