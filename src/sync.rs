//! Locks whose poison is ignored.

use std::sync::{PoisonError, TryLockError};

/// Takes a lock even where a thread panicked while it held it.
///
/// What the locks of this crate protect is used after a panic as it is, because no
/// panic leaves it worse than stale: most sections insert, remove or replace a value in
/// one step. The exception is a location's graph, which may hold half of an event after
/// a panic of the writer. That panic stops the store from accepting anything until it is
/// opened again, and all that was acknowledged is in the journal, from which opening
/// builds the graph; refusing queries meanwhile would help nobody.
pub(crate) trait IgnorePoison {
    /// What was locked; an `Option` of it where locking was only tried.
    type Guard;

    /// Returns the guard, poisoned or not.
    fn ignore_poison(self) -> Self::Guard;
}

impl<G> IgnorePoison for Result<G, PoisonError<G>> {
    type Guard = G;

    fn ignore_poison(self) -> G {
        self.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G> IgnorePoison for Result<G, TryLockError<G>> {
    type Guard = Option<G>;

    fn ignore_poison(self) -> Option<G> {
        match self {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
