//! The time of the stand-in: that of the machine, and what a test adds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use relata::Timestamp;

use super::location::Millis;

/// A clock that runs by itself and that a test can set forward.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> Millis {
        Timestamp::now().as_millis() + self.ahead.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ahead.fetch_add(millis(time), Ordering::SeqCst);
    }
}

/// Returns a time as milliseconds.
pub(crate) fn millis(time: Duration) -> Millis {
    time.as_millis().try_into().unwrap()
}

/// Writes a time as the sender does.
pub(crate) fn rfc3339(at: Millis) -> String {
    Timestamp::from_millis(at).to_string()
}

/// Writes a time as HTTP headers do.
pub(crate) fn http_date(at: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(at).unwrap();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}
