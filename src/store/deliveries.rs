//! Which deliveries were accepted lately, to know a repeat.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::model::Seq;

/// The last accepted delivery ids of all locations, each by a keyed 128-bit
/// hash of location and id: 48 bytes an id, whatever its length.
#[derive(Debug)]
pub(super) struct Deliveries {
    states: (RandomState, RandomState),
    seqs: HashMap<u128, Seq, RandomState>,
    order: VecDeque<u128>,
    limit: usize,
}

impl Deliveries {
    pub(super) fn new(limit: usize) -> Self {
        Self { states: Default::default(), seqs: HashMap::default(), order: VecDeque::new(), limit }
    }

    /// The seq under which this delivery was accepted, if it was; else notes it
    /// under `seq`.
    pub(super) fn note(&mut self, location: &str, webhook_id: &str, seq: Seq) -> Option<Seq> {
        let half = |state: &RandomState| u128::from(state.hash_one((location, webhook_id)));
        let key = half(&self.states.0) << 64 | half(&self.states.1);
        if let Some(&known) = self.seqs.get(&key) {
            return Some(known);
        }
        if self.order.len() >= self.limit.max(1)
            && let Some(oldest) = self.order.pop_front()
        {
            self.seqs.remove(&oldest);
        }
        self.seqs.insert(key, seq);
        self.order.push_back(key);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_last_ones_of_each_location() {
        let mut deliveries = Deliveries::new(2);
        assert_eq!(deliveries.note("a", "1", 1), None);
        assert_eq!(deliveries.note("a", "1", 2), Some(1));
        assert_eq!(deliveries.note("b", "1", 2), None, "another location");
        assert_eq!(deliveries.note("a", "2", 3), None, "pushes out the first");
        assert_eq!(deliveries.note("a", "1", 4), None);
        assert_eq!(deliveries.note("a", "2", 5), Some(3));
    }
}
