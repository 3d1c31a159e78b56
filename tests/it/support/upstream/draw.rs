//! Chance that is the same for the same thing in every run, whatever the order of requests.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::support::random::Random;

/// Draws for one thing.
pub(crate) fn draw(seed: u64, thing: impl Hash) -> Random {
    let mut hasher = DefaultHasher::new();
    (seed, thing).hash(&mut hasher);
    Random(hasher.finish())
}
