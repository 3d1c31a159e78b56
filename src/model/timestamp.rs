//! Instants in milliseconds, written as RFC 3339 UTC.

use std::fmt;

use jiff::fmt::temporal::DateTimePrinter;

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
    /// The clock, read here and nowhere else.
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

    /// An instant from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl std::str::FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339; digits finer than a millisecond are dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed: jiff::Timestamp = text.parse().map_err(ParseTimestampError)?;
        Ok(Self(parsed.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => {
                PRINTER.print_timestamp(&instant, jiff::fmt::StdFmtWrite(f)).map_err(|_| fmt::Error)
            }
            // Outside the years that RFC 3339 can write.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}
