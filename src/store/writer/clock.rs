//! Times of receipt: a clock that never goes back and does not trust a jump at once.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::journal::Position;
use crate::model::Timestamp;

/// Maximum difference between the wall clock and the time that has passed by the steady one.
const TOLERANCE: Duration = Duration::from_secs(60);

/// How long a jump must last to be trusted: a clock that was wrong at boot, or stood still
/// while the machine slept, is right from then on.
const JUMP_HELD: Duration = Duration::from_secs(10 * 60);

/// How long the clocks must agree after a jump, or an opening, until the wall clock is
/// confirmed and may delete anything.
const SETTLING: Duration = Duration::from_secs(3600);

/// A reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time of day, which may be set.
    pub wall: Timestamp,
    /// Time that has passed since some moment; it cannot be set.
    pub steady: Duration,
}

/// The clock of a store. The default is that of the system.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> ClockReading + Send + Sync>>);

impl Clock {
    /// Creates a clock that is read by calling `read`, for tests that set it.
    pub fn new(read: impl Fn() -> ClockReading + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(read)))
    }

    fn read(&self) -> ClockReading {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Some(read) => read(),
            None => ClockReading { steady: START.elapsed(), wall: Timestamp::now() },
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(set)" } else { "Clock(system)" })
    }
}

/// Two are equal if they are the same clock.
impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Clock {}

/// Gives deliveries the time of their receipt.
#[derive(Debug)]
pub(crate) struct ReceiptClock {
    clock: Clock,
    /// How far another clock that is followed is ahead of this one, in milliseconds.
    ahead: i64,
    /// The newest time in the journal.
    last: Timestamp,
    /// The last reading at which the clocks agreed.
    agreed: ClockReading,
    /// When they ceased to, by the steady one.
    jumped: Option<Duration>,
    /// When the wall clock was last trusted, by the steady one.
    believed: Duration,
    /// The last reading that was confirmed; pruning continues from there by the steady clock
    /// until another one is.
    proved: ClockReading,
}

impl ReceiptClock {
    /// Creates a clock that continues after the newest entry of a journal, and follows another
    /// clock if that is what all who write the journal do.
    pub(crate) fn new(clock: Clock, newest: Option<Timestamp>, followed: Option<Position>) -> Self {
        let mut agreed = clock.read();
        let followed = followed.map(|position| position.now);
        let ahead = followed.map_or(0, |followed| ahead(followed, agreed.wall));
        agreed.wall = followed.unwrap_or(agreed.wall);
        let wall = newest.map_or(agreed.wall, |newest| agreed.wall.min(newest.after(TOLERANCE)));
        let (believed, proved) = (agreed.steady, ClockReading { wall, ..agreed });
        let last = newest.unwrap_or(Timestamp::from_millis(i64::MIN));
        Self { clock, ahead, last, agreed, jumped: None, believed, proved }
    }

    /// Returns the time, by the wall clock unless that has just jumped, and no earlier than
    /// the time that has passed since it was confirmed: after an idle time only the newest
    /// event would keep the time from going back.
    pub(crate) fn now(&mut self) -> Timestamp {
        let mut read = self.clock.read();
        read.wall = Timestamp::from_millis(read.wall.as_millis().saturating_add(self.ahead));
        let told = self.told(read);
        if self.jumped.is_none() && self.is_settled() {
            self.proved = self.agreed;
        }
        told.max(self.counted(read.steady))
    }

    /// Returns the time by the wall clock, unless that has just jumped.
    fn told(&mut self, read: ClockReading) -> Timestamp {
        let expected = self.agreed.wall.after(read.steady.saturating_sub(self.agreed.steady));
        let off = read.wall.as_millis().abs_diff(expected.as_millis());
        if u128::from(off) <= TOLERANCE.as_millis() {
            (self.agreed, self.jumped) = (read, None);
            return read.wall;
        }
        let (wall, counted) = (read.wall, expected);
        let since = *self.jumped.get_or_insert_with(|| {
            tracing::warn!(%wall, %counted, "the clock was set; events keep the time that has passed until that has lasted ten minutes");
            read.steady
        });
        if read.steady.saturating_sub(since) < JUMP_HELD {
            return expected;
        }
        tracing::warn!(%wall, %counted, "the clock that was set is believed; nothing is pruned by it within the next hour");
        (self.agreed, self.jumped, self.believed) = (read, None, read.steady);
        read.wall
    }

    /// Returns the time by which old events may be deleted: no later than the time that has
    /// passed by the steady clock since the wall clock was confirmed, by agreeing with it
    /// for an hour, or since the newest event at the opening.
    pub(crate) fn settled(&mut self) -> Timestamp {
        self.now();
        if self.jumped.is_some() {
            return self.proved.wall;
        }
        self.agreed.wall.min(self.counted(self.agreed.steady))
    }

    /// Returns whether the wall clock is confirmed since it was last trusted.
    fn is_settled(&self) -> bool {
        self.agreed.steady.saturating_sub(self.believed) >= SETTLING
    }

    /// Returns the last confirmed time plus what has passed since by the steady clock.
    fn counted(&self, steady: Duration) -> Timestamp {
        self.proved.wall.after(steady.saturating_sub(self.proved.steady))
    }

    /// Sets what the clock shows that is followed.
    pub(crate) fn follow(&mut self, followed: Timestamp) {
        self.ahead = ahead(followed, self.clock.read().wall);
    }

    /// Notes that an entry has this time, which none after it is before.
    pub(crate) fn pass(&mut self, received_at: Timestamp) {
        self.last = self.last.max(received_at);
    }

    /// Returns the time of receipt of a delivery: as given, or now, but never before that of
    /// the previous one.
    pub(crate) fn stamp(&mut self, told: Option<Timestamp>, now: Timestamp) -> Timestamp {
        self.last = self.last.max(told.unwrap_or(now));
        self.last
    }
}

fn ahead(followed: Timestamp, wall: Timestamp) -> i64 {
    followed.as_millis().saturating_sub(wall.as_millis())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

    use super::*;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    /// The steady clock, and how far the wall clock is ahead of it, in milliseconds.
    fn hands() -> (Arc<(AtomicI64, AtomicI64)>, Clock) {
        let hands = Arc::new((AtomicI64::new(0), AtomicI64::new(1_000 * DAY)));
        let read = Arc::clone(&hands);
        let clock = Clock::new(move || {
            let (steady, ahead) = (read.0.load(Relaxed), read.1.load(Relaxed));
            ClockReading {
                wall: Timestamp::from_millis(steady + ahead),
                steady: Duration::from_millis(steady.unsigned_abs()),
            }
        });
        (hands, clock)
    }

    fn days(at: Timestamp) -> i64 {
        at.as_millis() / DAY
    }

    #[test]
    fn a_jump_is_believed_once_it_has_lasted() {
        // Back only once it is proved: if it is the one that is wrong, and nothing came for
        // hours before, events of now would be those hours old.
        for (jump, lasts) in [(100 * DAY, 11), (-100 * DAY, 80)] {
            let (hands, clock) = hands();
            let mut receipts = ReceiptClock::new(clock, None, None);
            assert_eq!(days(receipts.now()), 1_000);
            hands.1.fetch_add(jump, Relaxed);
            for minute in 0..lasts {
                let believed_at = if jump > 0 { 10 } else { 70 };
                let by = if minute < believed_at { 0 } else { jump };
                assert_eq!(days(receipts.now()), 1_000 + by / DAY);
                hands.0.fetch_add(MINUTE, Relaxed);
            }
            assert_eq!(days(receipts.now()), 1_000 + jump / DAY);
        }
    }

    #[test]
    fn a_jump_that_is_taken_back_leaves_no_trace() {
        let (hands, clock) = hands();
        let mut receipts = ReceiptClock::new(clock, None, None);
        hands.1.fetch_add(100 * DAY, Relaxed);
        assert_eq!(days(receipts.now()), 1_000);
        hands.0.fetch_add(MINUTE / 10, Relaxed);
        hands.1.fetch_sub(100 * DAY, Relaxed);
        assert_eq!(receipts.now().as_millis(), 1_000 * DAY + MINUTE / 10);
        assert_eq!(receipts.settled().as_millis(), 1_000 * DAY + MINUTE / 10);
    }

    #[test]
    fn pruning_goes_no_faster_than_time_passes() {
        let (hands, clock) = hands();
        // Opened with a clock a hundred days after the newest event.
        let newest = Timestamp::from_millis(900 * DAY);
        let mut receipts = ReceiptClock::new(clock, Some(newest), None);
        assert_eq!(days(receipts.now()), 1_000);
        assert_eq!(days(receipts.settled()), 900);
        hands.0.fetch_add(61 * MINUTE, Relaxed);
        assert_eq!(days(receipts.settled()), 1_000, "an hour has shown nothing else");
        hands.1.fetch_add(100 * DAY, Relaxed);
        assert_eq!(days(receipts.settled()), 1_000);
        hands.0.fetch_add(11 * MINUTE, Relaxed);
        assert_eq!((days(receipts.now()), days(receipts.settled())), (1_100, 1_000));
        hands.0.fetch_add(61 * MINUTE, Relaxed);
        assert_eq!(days(receipts.settled()), 1_100);
    }

    /// A clock was ahead at boot and right soon after, or ahead again, but for hours nobody
    /// looked at it: by then the wrong time was held for proved.
    #[test]
    fn a_clock_put_right_unseen_deletes_nothing() {
        let (hands, clock) = hands();
        hands.1.fetch_add(100 * DAY, Relaxed);
        let mut receipts =
            ReceiptClock::new(clock, Some(Timestamp::from_millis(1_000 * DAY)), None);
        for ahead in [-100 * DAY, 250 * DAY, 50 * DAY] {
            hands.1.fetch_add(ahead, Relaxed);
            hands.0.fetch_add(120 * MINUTE, Relaxed);
            for _ in 0..4 {
                assert_eq!(days(receipts.settled()), 1_000);
                hands.0.fetch_add(11 * MINUTE, Relaxed);
            }
        }
    }

    #[test]
    fn times_of_receipt_never_go_back() {
        let (_, clock) = hands();
        let at = Timestamp::from_millis;
        let mut receipts = ReceiptClock::new(clock, Some(at(50)), None);
        let stamps = [Some(40), None, Some(60), None, Some(100)]
            .map(|told| receipts.stamp(told.map(at), at(55)).as_millis());
        assert_eq!(stamps, [50, 55, 60, 60, 100]);
    }
}
