//! A uniform sample of records, whatever the order that they come in.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

/// A record of a sample, with the ids of the relations that were read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sampled {
    pub(crate) record: String,
    pub(crate) relations: Vec<String>,
}

/// Keeps the records whose hashes are the least: a sample that does not depend on order, so
/// that one that was interrupted continues.
#[derive(Debug)]
pub(crate) struct Sample {
    size: usize,
    hasher: FixedState,
    kept: BTreeMap<(u64, String), Vec<String>>,
}

impl Sample {
    /// Samples so many records, chosen by a seed.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        Self { size, hasher: FixedState::with_seed(seed), kept: BTreeMap::new() }
    }

    /// Offers a record. Returns whether it is in the sample now.
    pub(crate) fn offer(&mut self, sampled: &Sampled) -> bool {
        if self.size == 0 {
            return false;
        }
        let key = (self.hasher.hash_one(&*sampled.record), sampled.record.clone());
        let is_full = self.kept.len() >= self.size;
        if is_full && self.kept.last_key_value().is_some_and(|(last, _)| *last < key) {
            return false;
        }
        self.kept.insert(key, sampled.relations.clone());
        if self.kept.len() > self.size {
            self.kept.pop_last();
        }
        true
    }

    /// Takes the sample out.
    pub(crate) fn take(&mut self) -> Vec<Sampled> {
        let kept = std::mem::take(&mut self.kept);
        kept.into_iter().map(|((_, record), relations)| Sampled { record, relations }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(record: usize) -> Sampled {
        Sampled { record: record.to_string(), relations: Vec::new() }
    }

    #[test]
    fn the_order_does_not_matter_and_every_record_has_the_same_chance() {
        let mut chosen = [0_u32; 50];
        for seed in 0..400 {
            let mut forwards = Sample::new(10, seed);
            let mut backwards = Sample::new(10, seed);
            for it in 0..50 {
                forwards.offer(&sampled(it));
            }
            // A record that comes twice counts once.
            for it in (0..50).chain(20..30).rev() {
                backwards.offer(&sampled(it));
            }
            let found = forwards.take();
            assert_eq!((found.len(), &found), (10, &backwards.take()));
            for it in &found {
                chosen[it.record.parse::<usize>().unwrap()] += 1;
            }
        }
        // 80 of 400 are expected; six standard deviations are 48.
        assert!(chosen.iter().all(|times| (32..128).contains(times)), "{chosen:?}");
    }

    #[test]
    fn a_small_location_is_sampled_whole_and_none_by_none() {
        let mut sample = Sample::new(10, 1);
        assert!((0..4).all(|it| sample.offer(&sampled(it))));
        assert_eq!(sample.take().len(), 4);
        let mut none = Sample::new(0, 1);
        assert!(!none.offer(&sampled(1)) && none.take().is_empty());
    }
}
