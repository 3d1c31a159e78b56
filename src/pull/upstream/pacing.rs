//! When the next request may begin: the sender counts the requests of ten seconds and of a
//! day.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::pull::error::PullError;
use crate::pull::stop::{Stop, StopReason};
use crate::pull::upstream::rate_headers::RateHeaders;
use crate::sync::IgnorePoison;

/// The window that the sender counts in, where its headers do not say.
const WINDOW: Duration = Duration::from_secs(10);

/// Lowest rate after refusals, in requests a second.
const RATE_MIN: f64 = 1.0;

/// What the rate grows by in a quiet minute.
const GROWTH: f64 = 0.5;

const QUIET: Duration = Duration::from_secs(60);

/// Requests that are left for others when a window is nearly used up.
const SPARE: u64 = 2;

/// Longest time between two looks at a day that is used up: the sender may not say when it
/// turns, or be misunderstood.
const DAY_STEP: Duration = Duration::from_secs(15 * 60);

/// Lets requests begin at a rate, and none while a limit is near.
#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Mutex<Pace>,
    stop: Stop,
}

/// The state of a [`Pacer`]: decisions about instants that it is given.
#[derive(Debug)]
struct Pace {
    rate_max: f64,
    rate: f64,
    burst: f64,
    /// When the next request is due if none begins early (GCRA).
    due: Option<Instant>,
    closed_until: Option<Instant>,
    in_flight: u64,
    /// When the rate last changed.
    changed: Option<Instant>,
    day: Day,
    started: u64,
    started_max: Option<u64>,
}

/// Whether the requests of the day are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Open,
    /// One request shows whether the day has turned; whether it has begun.
    Used {
        probing: bool,
    },
}

impl Pacer {
    /// Creates a pacer of so many requests a second, of which so many may begin at once, and
    /// so many in all.
    pub(crate) fn new(rate: f64, burst: usize, started_max: Option<u64>, stop: Stop) -> Self {
        let pace = Pace {
            rate_max: rate,
            rate,
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            burst: burst.max(1) as f64,
            due: None,
            closed_until: None,
            in_flight: 0,
            changed: None,
            day: Day::Open,
            started: 0,
            started_max,
        };
        Self { pace: Mutex::new(pace), stop }
    }

    /// Waits until a request may begin.
    pub(crate) fn begin(&self) -> Result<(), PullError> {
        loop {
            if let Some(reason) = self.stop.reason() {
                return Err(PullError::Stopped(reason));
            }
            let admitted = self.lock().admit(Instant::now());
            match admitted {
                Admission::Now => return Ok(()),
                Admission::At(time) => {
                    self.stop.wait_until(time);
                }
                Admission::Never => self.stop.stop(StopReason::MaxRequests),
            }
        }
    }

    /// Notes that a request has ended, and what its answer says about limits, if it was
    /// answered.
    pub(crate) fn end(&self, answer: Option<&RateHeaders>) {
        self.lock().end(Instant::now(), answer);
    }

    /// Lets no request begin for a while after one was refused, and fewer from then on.
    pub(crate) fn throttle(&self, pause: Duration) {
        self.lock().throttle(Instant::now(), pause);
    }

    /// Lets no request begin for a while.
    pub(crate) fn pause(&self, pause: Duration) {
        self.lock().close_until(Instant::now() + pause);
    }

    /// Waits for the day to turn, and looks from time to time whether it has.
    pub(crate) fn close_for_today(&self, turns: Option<Duration>) {
        let mut pace = self.lock();
        pace.day = Day::Used { probing: false };
        pace.close_until(Instant::now() + turns.map_or(DAY_STEP, |turns| turns.min(DAY_STEP)));
    }

    /// Notes that requests of the day are left.
    pub(crate) fn open_for_today(&self) {
        self.lock().day = Day::Open;
    }

    /// Returns the number of requests that have begun.
    pub(crate) fn started(&self) -> u64 {
        self.lock().started
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().ignore_poison()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Admission {
    Now,
    At(Instant),
    Never,
}

impl Pace {
    fn admit(&mut self, now: Instant) -> Admission {
        if self.started_max.is_some_and(|most| self.started >= most) {
            return Admission::Never;
        }
        if let Some(closed) = self.closed_until.filter(|closed| *closed > now) {
            return Admission::At(closed);
        }
        if self.day == (Day::Used { probing: true }) {
            return Admission::At(now + Duration::from_secs(1));
        }
        self.grow(now);
        let step = Duration::from_secs_f64(1.0 / self.rate);
        let early = step.mul_f64(self.burst - 1.0);
        let due = self.due.unwrap_or(now);
        if let Some(first) = due.checked_sub(early).filter(|first| *first > now) {
            return Admission::At(first);
        }
        self.due = Some(due.max(now) + step);
        self.in_flight += 1;
        self.started += 1;
        if self.day != Day::Open {
            self.day = Day::Used { probing: true };
        }
        Admission::Now
    }

    fn end(&mut self, now: Instant, answer: Option<&RateHeaders>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.day != Day::Open {
            self.day = Day::Used { probing: false };
        }
        let Some(answer) = answer else { return };
        if answer.remaining.is_some_and(|left| left < self.in_flight + SPARE) {
            self.close_until(now + answer.interval.unwrap_or(WINDOW));
        }
    }

    fn throttle(&mut self, now: Instant, pause: Duration) {
        self.close_until(now + pause);
        // Those in flight are refused together: they are one reason to slow down.
        let is_recent = |at: Instant| now.saturating_duration_since(at) < Duration::from_secs(1);
        if !self.changed.is_some_and(is_recent) {
            self.rate = (self.rate / 2.0).max(RATE_MIN.min(self.rate_max));
            self.changed = Some(now);
        }
    }

    fn grow(&mut self, now: Instant) {
        while let Some(changed) = self.changed
            && self.rate < self.rate_max
            && now.saturating_duration_since(changed) >= QUIET
        {
            self.rate = (self.rate + GROWTH).min(self.rate_max);
            self.changed = Some(changed + QUIET);
        }
    }

    fn close_until(&mut self, time: Instant) {
        self.closed_until = Some(self.closed_until.map_or(time, |closed| closed.max(time)));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn is(rate: f64, expected: f64) -> bool {
        (rate - expected).abs() < 1e-9
    }

    fn pacer(rate: f64, burst: usize) -> Pacer {
        Pacer::new(rate, burst, None, Stop::default())
    }

    /// When requests begin if as many as possible do, for a minute; each ends at once.
    fn greedy(pace: &mut Pace, start: Instant) -> Vec<Instant> {
        let (mut now, mut begun) = (start, Vec::new());
        while now < start + Duration::from_secs(60) {
            match pace.admit(now) {
                Admission::Now => {
                    begun.push(now);
                    pace.end(now, None);
                }
                Admission::At(later) => now = later.max(now + Duration::from_micros(1)),
                Admission::Never => break,
            }
        }
        begun
    }

    fn most_in(begun: &[Instant], window: Duration) -> usize {
        let (mut inside, mut most) = (VecDeque::new(), 0);
        for at in begun {
            inside.push_back(*at);
            while inside.front().is_some_and(|first| *at - *first >= window) {
                inside.pop_front();
            }
            most = most.max(inside.len());
        }
        most
    }

    #[test]
    fn no_ten_seconds_have_more_than_the_rate_and_one_burst() {
        for (rate, burst) in [(8.0, 4), (9.0, 6), (1.0, 1), (0.5, 4)] {
            let pacer = pacer(rate, burst);
            let begun = greedy(&mut pacer.lock(), Instant::now());
            let bound = rate.mul_add(10.0, f64::from(u32::try_from(burst).unwrap()));
            let most = most_in(&begun, WINDOW);
            let number = |count: usize| f64::from(u32::try_from(count).unwrap());
            assert!(number(most) <= bound + 1e-9, "{most} at {rate}");
            assert!(number(begun.len()) >= 59.0 * rate, "{} at {rate}", begun.len());
        }
    }

    #[test]
    fn a_window_that_is_nearly_used_up_closes() {
        let pacer = pacer(8.0, 4);
        let mut pace = pacer.lock();
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(pace.admit(now), Admission::Now);
        }
        let headers = |left, millis| RateHeaders {
            remaining: Some(left),
            interval: Some(Duration::from_millis(millis)),
            ..RateHeaders::default()
        };
        pace.end(now, Some(&headers(4, 5_000)));
        assert_eq!(pace.admit(now), Admission::Now);
        // Two are in flight, and three are left: not two for others.
        pace.end(now, Some(&headers(3, 5_000)));
        assert_eq!(pace.admit(now), Admission::At(now + Duration::from_secs(5)));
        // An answer that comes later and knows less opens nothing.
        pace.end(now, Some(&headers(90, 1_000)));
        assert_eq!(pace.admit(now), Admission::At(now + Duration::from_secs(5)));
        assert_eq!(pace.admit(now + Duration::from_secs(5)), Admission::Now);
    }

    #[test]
    fn a_refusal_pauses_all_and_halves_the_rate_until_it_is_quiet() {
        let pacer = pacer(8.0, 4);
        let mut pace = pacer.lock();
        let now = Instant::now();
        for _ in 0..4 {
            pace.throttle(now, Duration::from_secs(3));
        }
        assert!(is(pace.rate, 4.0));
        assert_eq!(pace.admit(now), Admission::At(now + Duration::from_secs(3)));
        for refusal in 1..9 {
            pace.throttle(now + refusal * Duration::from_secs(2), Duration::ZERO);
        }
        assert!(is(pace.rate, 1.0));
        let quiet = now + Duration::from_secs(16) + 3 * QUIET;
        assert!(pace.admit(quiet) == Admission::Now && is(pace.rate, 2.5));
        pace.admit(quiet + 100 * QUIET);
        assert!(is(pace.rate, 8.0));
    }

    #[test]
    fn a_slow_rate_is_not_raised_by_a_refusal() {
        let pacer = pacer(0.5, 1);
        let mut pace = pacer.lock();
        pace.throttle(Instant::now(), Duration::ZERO);
        assert!(is(pace.rate, 0.5));
    }

    #[test]
    fn a_used_day_lets_one_request_look() {
        let pacer = pacer(100.0, 4);
        pacer.close_for_today(Some(Duration::ZERO));
        let now = Instant::now() + Duration::from_millis(1);
        assert_eq!(pacer.lock().admit(now), Admission::Now);
        assert!(matches!(pacer.lock().admit(now), Admission::At(_)));
        pacer.open_for_today();
        assert_eq!(pacer.lock().admit(now), Admission::Now);
    }

    #[test]
    fn no_request_begins_beyond_the_maximum_or_after_a_stop() {
        let stop = Stop::default();
        let pacer = Pacer::new(100.0, 4, Some(2), stop.clone());
        pacer.begin().unwrap();
        pacer.begin().unwrap();
        let is_stopped = |error| matches!(error, PullError::Stopped(StopReason::MaxRequests));
        assert!(pacer.begin().is_err_and(is_stopped));
        assert_eq!((pacer.started(), stop.reason()), (2, Some(StopReason::MaxRequests)));
    }
}
