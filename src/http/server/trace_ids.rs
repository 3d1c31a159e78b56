//! Ids for requests that come without one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Generates ids that no two requests share, within a process or across restarts.
#[derive(Debug)]
pub(crate) struct TraceIds {
    /// The first 16 digits, the same for the whole process.
    process: String,
    count: AtomicU64,
}

impl TraceIds {
    pub(crate) fn new() -> Self {
        use std::hash::BuildHasher;
        let process = std::hash::RandomState::new().hash_one(std::process::id());
        Self { process: format!("{process:016x}"), count: AtomicU64::new(0) }
    }

    /// Returns a new id, which connects an answer with the log lines about it.
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        // Each request may need one, and formatting takes ten times as long.
        let digits = 8.max((u64::BITS - count.leading_zeros()).div_ceil(4));
        let digit = |at: u32| char::from_digit(u32::try_from(count >> (4 * at) & 0xf).ok()?, 16);
        let mut id = String::with_capacity(self.process.len() + 8);
        id.push_str(&self.process);
        id.extend((0..digits).rev().filter_map(digit));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_process_and_a_count() {
        let ids = TraceIds::new();
        for count in [0, 1, 0xabc, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            ids.count.store(count, Ordering::Relaxed);
            assert_eq!(ids.next(), format!("{}{count:08x}", ids.process));
        }
    }
}
