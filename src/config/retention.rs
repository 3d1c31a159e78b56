//! How long something is kept, in days or forever.

use std::str::FromStr;
use std::time::Duration;

/// A duration, or forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention(Option<Duration>);

impl Retention {
    /// Returns the duration; `None` if forever.
    pub(crate) fn limit(self) -> Option<Duration> {
        self.0
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self(None));
        }
        match parse_days(text) {
            Ok(kept) => Ok(Self(Some(kept))),
            Err(why) => Err(format!("{why}; write 90 for ninety days, or forever")),
        }
    }
}

/// Parses a number of days.
pub(super) fn parse_days(text: &str) -> Result<Duration, String> {
    let days: f64 = text.parse().map_err(|_| "not a number of days".to_owned())?;
    Duration::try_from_secs_f64(days * 24.0 * 3600.0).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_days_or_forever() {
        let read = |text: &str| text.parse::<Retention>();
        assert_eq!(read("1.5"), Ok(Retention(Some(Duration::from_secs(36 * 3600)))));
        assert_eq!(read("0"), Ok(Retention(Some(Duration::ZERO))));
        assert_eq!(read("forever").map(Retention::limit), Ok(None));
        for wrong in ["", "-1", "NaN", "inf", "1e300", "90d", "never"] {
            assert!(read(wrong).is_err_and(|why| why.contains("or forever")), "{wrong}");
        }
    }
}
