//! What an answer says about limits and times.

use std::time::Duration;

use ureq::http::HeaderMap;

use crate::model::Timestamp;

/// The longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// The longest time until a day turns.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What the headers of an answer say about limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RateHeaders {
    /// Requests left in the window.
    pub(crate) remaining: Option<u64>,
    /// Length of the window.
    pub(crate) interval: Option<Duration>,
    /// Requests left of the day.
    pub(crate) left_today: Option<u64>,
    /// Time until the day turns.
    pub(crate) day_turns: Option<Duration>,
    /// How long to wait before the next request.
    pub(crate) retry_after: Option<Duration>,
    /// When the server answered, by its own clock.
    pub(crate) date: Option<Timestamp>,
}

impl RateHeaders {
    /// Reads the headers of an answer that arrived at `now`. What cannot be read is ignored.
    pub(crate) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|text| text.trim().parse::<u64>().ok());
        let date = text("date").and_then(http_date);
        let retry_after = text("retry-after").and_then(|text| match text.trim().parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            // The other clock may differ from this one: only its own times are compared.
            Err(_) => Some(until(http_date(text)?, date.unwrap_or(now))),
        });
        Self {
            remaining: number("x-ratelimit-remaining"),
            interval: number("x-ratelimit-interval-milliseconds").map(Duration::from_millis),
            left_today: number("x-ratelimit-daily-remaining"),
            day_turns: text("x-ratelimit-daily-reset").and_then(|text| day_turns(text, now)),
            retry_after: retry_after.map(|pause| pause.min(PAUSE_MAX)),
            date,
        }
    }
}

/// Reads the time at which a day turns: as a duration, or as an instant; the size of a number
/// shows which, and its unit.
fn day_turns(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let turns = match text.parse::<u64>() {
        Ok(number) if number <= DAY.as_secs() => Duration::from_secs(number),
        Ok(number) if number <= DAY.as_secs() * 1_000 => Duration::from_millis(number),
        Ok(number) => {
            let millis = if number < SECONDS_MAX { number * 1_000 } else { number };
            until(Timestamp::from_millis(i64::try_from(millis).ok()?), now)
        }
        Err(_) => until(text.parse().ok().or_else(|| http_date(text))?, now),
    };
    Some(turns.min(DAY))
}

/// The first number that is an instant in milliseconds, of 1973, and not in seconds, of 5138.
const SECONDS_MAX: u64 = 100_000_000_000;

fn until(then: Timestamp, now: Timestamp) -> Duration {
    let millis = then.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// Reads a date in the format of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Timestamp::from_millis(parsed.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&str, &str)]) -> RateHeaders {
        let named = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        let now = "1994-11-06T08:49:37Z".parse().unwrap();
        RateHeaders::read(&headers.iter().map(named).collect(), now)
    }

    #[test]
    fn a_pause_is_seconds_or_a_date_by_the_clock_of_the_server() {
        let pause = |headers: &[(&str, &str)]| read(headers).retry_after.map(|it| it.as_secs());
        assert_eq!(pause(&[]), None);
        assert_eq!(pause(&[("retry-after", "7")]), Some(7));
        assert_eq!(pause(&[("retry-after", "999999")]), Some(3_600));
        assert_eq!(pause(&[("retry-after", "soon")]), None);
        assert_eq!(pause(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]), Some(10));
        // The server's clock is an hour ahead: its pause is no hour longer.
        let ahead = [
            ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 09:49:40 GMT"),
        ];
        assert_eq!(pause(&ahead), Some(3));
    }

    #[test]
    fn the_turn_of_the_day_is_read_in_every_form() {
        let turns = |text: &str| {
            let turns = read(&[("x-ratelimit-daily-reset", text)]).day_turns;
            turns.map(|it| it.as_secs())
        };
        assert_eq!(turns("60"), Some(60));
        assert_eq!(turns("86400"), Some(86_400));
        assert_eq!(turns("3600000"), Some(3_600));
        assert_eq!(turns("784111787"), Some(10));
        assert_eq!(turns("784111787000"), Some(10));
        assert_eq!(turns("99999999999999"), Some(86_400));
        assert_eq!(turns("1994-11-06T08:50:37Z"), Some(60));
        assert_eq!(turns("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(turns("tomorrow"), None);
    }

    #[test]
    fn limits_are_read_and_garbage_is_ignored() {
        let headers = read(&[
            ("x-ratelimit-remaining", " 12 "),
            ("x-ratelimit-interval-milliseconds", "10000"),
            ("x-ratelimit-daily-remaining", "-1"),
            ("date", "yesterday"),
        ]);
        assert_eq!(headers.remaining, Some(12));
        assert_eq!(headers.interval, Some(Duration::from_secs(10)));
        assert_eq!((headers.left_today, headers.date), (None, None));
    }
}
