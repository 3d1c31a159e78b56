//! The memory that all requests' bodies hold together.
//!
//! Each body has its limit, but thousands of connections may each hold one that is almost
//! complete. So bodies take what they hold from one budget as they arrive, and a body for
//! which nothing is left is refused. The first bytes of each are free: deliveries of the
//! usual size are accepted however much others hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::http::respond::problem::Problem;

/// Size of the part of a body that is not taken from the budget, in bytes.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// The bytes that all bodies together may hold beyond the free ones.
#[derive(Debug)]
pub(crate) struct ReceiveBudget {
    limit: usize,
    held: AtomicUsize,
}

impl ReceiveBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicUsize::new(0) })
    }

    /// Returns the bytes that are held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// Begins to hold a body.
    pub(crate) fn reserve(self: &Arc<Self>) -> Reservation {
        Reservation { budget: Arc::clone(self), free: FREE_BYTES, held: 0 }
    }
}

/// What one body holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<ReceiveBudget>,
    /// What is left of what is free.
    free: usize,
    held: usize,
}

impl Reservation {
    /// Takes this many bytes more, or refuses the body.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let free = self.free.min(bytes);
        self.free -= free;
        let taken = bytes - free;
        if taken == 0 {
            return Ok(());
        }
        let limit = self.budget.limit;
        let grown = |held: usize| held.checked_add(taken).filter(|&held| held <= limit);
        if self.budget.held.fetch_update(Relaxed, Relaxed, grown).is_err() {
            return Err(Problem::too_many_bodies());
        }
        self.held += taken;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.held, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_bounded_and_given_back() {
        let budget = ReceiveBudget::new(100);
        let (mut one, mut other) = (budget.reserve(), budget.reserve());
        one.grow(FREE_BYTES - 1).unwrap();
        assert_eq!(budget.held(), 0, "the first bytes are free");
        one.grow(61).unwrap();
        assert_eq!(budget.held(), 60);
        other.grow(FREE_BYTES + 41).unwrap_err();
        other.grow(40).unwrap();
        assert_eq!(budget.held(), 100, "one that was refused holds nothing more");
        other.grow(1).unwrap_err();
        budget.reserve().grow(FREE_BYTES).unwrap();
        drop(one);
        assert_eq!(budget.held(), 40);
        other.grow(60).unwrap();
        other.grow(usize::MAX).unwrap_err();
        drop(other);
        assert_eq!(budget.held(), 0);
    }
}
