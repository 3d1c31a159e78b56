//! Instants in milliseconds, written as RFC 3339 UTC.

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::{DateTimePrinter, Pieces};

/// An instant, in milliseconds since the Unix epoch.
///
/// ```
/// use relata::Timestamp;
///
/// let at: Timestamp = "2025-02-10T08:26:05.961Z".parse()?;
/// assert_eq!(at.as_millis(), 1_739_175_965_961);
/// assert_eq!(at.to_string(), "2025-02-10T08:26:05.961Z");
/// # Ok::<(), relata::ParseTimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 date and time with an offset.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not an RFC 3339 time: {0}")]
pub struct ParseTimestampError(#[source] jiff::Error);

impl Timestamp {
    /// Reads the clock: here and nowhere else.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map_or(0, |elapsed| elapsed.as_millis());
        Self(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Returns the instant this long before this one.
    #[must_use]
    pub fn before(self, time: std::time::Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// Returns the instant this long after this one.
    #[must_use]
    pub fn after(self, time: std::time::Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Creates an instant from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl std::str::FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339; digits finer than a millisecond are dropped. A leap second is the
    /// second before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = &*without_fine_digits(text);
        match text.parse::<jiff::Timestamp>() {
            Ok(parsed) => Ok(Self(parsed.as_millisecond())),
            Err(error) => Self::late(text).ok_or(ParseTimestampError(error)),
        }
    }
}

/// The first millisecond of the year 0, and of the year 10,000.
const YEAR_0_MS: i64 = -62_167_219_200_000;
const YEAR_10_000_MS: i64 = 253_402_300_800_000;

/// Number of digits after the seconds that jiff reads; RFC 3339 allows any number.
const FRACTION_DIGITS: usize = 9;

fn without_fine_digits(text: &str) -> Cow<'_, str> {
    let Some((before, after)) = text.split_once('.') else { return Cow::Borrowed(text) };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    match (after.get(..FRACTION_DIGITS.min(digits)), after.get(digits..)) {
        (Some(kept), Some(rest)) if digits > FRACTION_DIGITS => {
            Cow::Owned(format!("{before}.{kept}{rest}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Where civil times and instants meet.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Timestamp {
    /// Reads a time of the last two days of the year 9999, which jiff's instants leave out
    /// so that each is a civil time in every time zone. SQL and .NET write them for "no
    /// end".
    fn late(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok().filter(|it| it.time_zone_annotation().is_none())?;
        let local = pieces.date().to_datetime(pieces.time()?);
        let offset = pieces.to_numeric_offset()?;
        let utc = local.checked_sub(SignedDuration::from_secs(offset.seconds().into())).ok()?;
        let millis = i64::try_from(utc.duration_since(EPOCH).as_millis()).ok()?;
        (millis > jiff::Timestamp::MAX.as_millisecond()).then_some(Self(millis))
    }

    /// Returns whether RFC 3339 can write it: from the year 0 to the end of 9999, in UTC.
    pub(crate) fn is_writable(self) -> bool {
        (YEAR_0_MS..YEAR_10_000_MS).contains(&self.0)
    }

    /// Returns the civil time in UTC, up to the end of the year 9999.
    fn civil(self) -> Option<DateTime> {
        EPOCH.checked_add(SignedDuration::from_millis(self.0)).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => {
                PRINTER.print_timestamp(&instant, jiff::fmt::StdFmtWrite(f)).map_err(|_| fmt::Error)
            }
            Err(_) => match self.civil() {
                Some(utc) => write!(f, "{utc:.3}Z"),
                // Outside the years that RFC 3339 can write.
                None => write!(f, "{} ms", self.0),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 9999-12-31T23:59:59Z, which many tools write for "no end", was refused.
    #[test]
    fn times_are_read_to_the_end_of_the_year_9999() {
        let check = |text: &str, written: Option<&str>| {
            let read: Option<Timestamp> = text.parse().ok();
            assert_eq!(read.map(|at| at.to_string()).as_deref(), written, "{text}");
        };
        for (text, written) in [
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-30T22:00:00.999Z", "9999-12-30T22:00:00.999Z"),
            ("9999-12-30T22:00:01Z", "9999-12-30T22:00:01.000Z"),
            ("9999-12-31T23:59:59+05:30", "9999-12-31T18:29:59.000Z"),
            ("9999-12-31t00:00:00-00:00", "9999-12-31T00:00:00.000Z"),
            ("2025-02-10T08:26:05.9619Z", "2025-02-10T08:26:05.961Z"),
        ] {
            check(text, Some(written));
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(written.parse::<Timestamp>().unwrap(), at, "{text}");
        }
        for text in [
            "9999-12-31T23:59:59",
            "9999-12-31",
            "9999-12-31T23:59:59-00:01",
            "9999-12-32T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z[UTC]",
            "9999-12-31T23:59:59Zx",
        ] {
            check(text, None);
        }
        let later = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(later("9999-12-30T22:00:01Z") > later("9999-12-30T22:00:00.999Z"));
    }
}
