//! Ending a pull early, and waiting that ends with it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::sync::IgnorePoison;

/// Why a pull ended before everything was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Its caller asked for it: a signal.
    Asked,
    /// The requests of the day are used, but for the reserve.
    Quota {
        /// Number of requests that were left.
        left: u64,
    },
    /// As many requests were sent as it may send.
    MaxRequests,
    /// The sender did not answer a request, however often it was repeated.
    Unanswered(String),
}

/// Stops a pull from another thread. Clones stop the same pull.
///
/// ```
/// use relata::pull::{Stop, StopReason};
///
/// let stop = Stop::default();
/// stop.clone().stop(StopReason::Asked);
/// assert_eq!(stop.reason(), Some(StopReason::Asked));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    reason: Mutex<Option<StopReason>>,
    changed: Condvar,
}

impl Stop {
    /// Stops the pull: no request begins from now on. The first reason is kept.
    pub fn stop(&self, reason: StopReason) {
        self.lock().get_or_insert(reason);
        self.0.changed.notify_all();
    }

    /// Returns why it was stopped, or `None` if it was not.
    pub fn reason(&self) -> Option<StopReason> {
        self.lock().clone()
    }

    /// Returns whether it was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.lock().is_some()
    }

    /// Waits until a time. Returns whether it came; false is a stop.
    pub(super) fn wait_until(&self, time: Instant) -> bool {
        let mut reason = self.lock();
        loop {
            if reason.is_some() {
                return false;
            }
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            reason = self.0.changed.wait_timeout(reason, left).ignore_poison().0;
        }
    }

    /// Waits for a duration. Returns whether it passed; false is a stop.
    pub(super) fn wait(&self, time: Duration) -> bool {
        self.wait_until(Instant::now() + time)
    }

    fn lock(&self) -> MutexGuard<'_, Option<StopReason>> {
        self.0.reason.lock().ignore_poison()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_a_wait_and_the_first_reason_counts() {
        let stop = Stop::default();
        assert!(stop.wait(Duration::from_millis(1)));
        let waiting = stop.clone();
        let waiter = std::thread::spawn(move || waiting.wait(Duration::from_secs(600)));
        stop.stop(StopReason::MaxRequests);
        stop.stop(StopReason::Asked);
        assert!(!waiter.join().unwrap());
        assert_eq!(stop.reason(), Some(StopReason::MaxRequests));
    }
}
