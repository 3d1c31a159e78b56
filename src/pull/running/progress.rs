//! How far a pull has come, and how long the rest will take.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Time over which the rate is measured.
const MEASURED: Duration = Duration::from_secs(60);

/// What a pull is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Reading types of objects and associations.
    Definitions,
    /// Looking at the first page of each object key.
    Survey,
    /// Reading records and their links.
    Records,
    /// Reading the links of some records a second way.
    Proof,
}

/// How far a pull has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Number of types of objects.
    pub objects: u64,
    /// Number of associations.
    pub associations: u64,
    /// Records found, and about how many there are.
    pub records: Part,
    /// Records whose links were read, and about how many need it.
    pub lists: Part,
    /// Records read a second way, and how many will be.
    pub proofs: Part,
    /// Requests sent.
    pub requests: u64,
    /// Requests a second over the last minute.
    pub rate: f64,
    /// Requests left of the day, if the sender said it.
    pub left_today: Option<u64>,
    /// Time that the rest will take at this rate, if that is known.
    pub rest: Option<Duration>,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// What is done.
    pub done: u64,
    /// All that is known to be due.
    pub of: u64,
}

impl Progress {
    /// Returns the progress of a pull that begins.
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Definitions,
            objects: 0,
            associations: 0,
            records: Part::default(),
            lists: Part::default(),
            proofs: Part::default(),
            requests: 0,
            rate: 0.0,
            left_today: None,
            rest: None,
        }
    }
}

/// Measures the rate of requests over the last minute.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    seen: VecDeque<(Instant, u64)>,
}

impl RateMeter {
    /// Notes how many requests were sent by now. Returns the rate.
    pub(crate) fn note(&mut self, now: Instant, requests: u64) -> f64 {
        // A handful of samples a second is enough.
        let is_new = self
            .seen
            .back()
            .is_none_or(|(at, _)| now.saturating_duration_since(*at) >= Duration::from_millis(200));
        if is_new {
            self.seen.push_back((now, requests));
        }
        while self.seen.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= MEASURED)
        {
            self.seen.pop_front();
        }
        let Some((since, before)) = self.seen.front() else { return 0.0 };
        let seconds = now.saturating_duration_since(*since).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let sent = requests.saturating_sub(*before) as f64;
        if seconds > 0.0 { sent / seconds } else { 0.0 }
    }
}

/// Returns the time that so many requests take at a rate, if it can be known.
pub(crate) fn rest(requests: u64, rate: f64) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = requests as f64 / rate;
    if rate > 0.0 { Duration::try_from_secs_f64(seconds).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let (mut meter, start) = (RateMeter::default(), Instant::now());
        let mut rate = 0.0;
        for second in 0..=300 {
            // Eight a second at first, then two.
            let requests = if second <= 150 { second * 8 } else { 1_200 + (second - 150) * 2 };
            rate = meter.note(start + Duration::from_secs(second), requests);
            if second == 150 {
                assert!((rate - 8.0).abs() < 0.01, "{rate}");
            }
        }
        assert!((rate - 2.0).abs() < 0.01, "{rate}");
        assert!(meter.seen.len() < 400);
    }

    #[test]
    fn the_rest_is_known_once_there_is_a_rate() {
        assert_eq!(rest(480, 8.0), Some(Duration::from_secs(60)));
        assert_eq!(rest(480, 0.0), None);
        assert_eq!(rest(u64::MAX, 1e-300), None);
    }
}
