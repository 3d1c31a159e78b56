//! How long to wait before a request is repeated.

use std::time::Duration;

/// Longest pause of the backoff.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Greatest part of a pause that the server asked for which is added at random.
const JITTER: f64 = 0.2;

/// Full-jitter exponential backoff: a random part of a bound that doubles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// The bound of the first pause.
    pub(crate) first: Duration,
}

impl Backoff {
    /// Returns the pause after the failure of this number, from 0.
    pub(crate) fn pause(self, failure: u32) -> Duration {
        self.bound(failure).mul_f64(fastrand::f64())
    }

    /// Returns the longest pause after the failure of this number, from 0.
    pub(crate) fn bound(self, failure: u32) -> Duration {
        self.first.saturating_mul(1 << failure.min(16)).min(PAUSE_MAX)
    }
}

/// Returns a pause that the server asked for, and a little more, so that not all wait for
/// the same moment.
pub(crate) fn with_jitter(pause: Duration) -> Duration {
    pause.mul_f64(JITTER.mul_add(fastrand::f64(), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_a_minute() {
        let backoff = Backoff { first: Duration::from_secs(1) };
        let bounds: Vec<u64> = (0..9).map(|it| backoff.bound(it).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(backoff.bound(u32::MAX), PAUSE_MAX);
    }

    #[test]
    fn pauses_are_spread_over_the_whole_bound() {
        let backoff = Backoff { first: Duration::from_secs(1) };
        let pauses: Vec<f64> = (0..1_000).map(|_| backoff.pause(3).as_secs_f64()).collect();
        assert!(pauses.iter().all(|pause| (0.0..8.0).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < 1.0) && pauses.iter().any(|it| *it > 7.0));
        for _ in 0..100 {
            let pause = with_jitter(Duration::from_secs(10)).as_secs_f64();
            assert!((10.0..=12.0).contains(&pause));
        }
    }
}
