//! That limits are enforced and reported as they are set.

use std::time::Duration;

use super::client::Client;
use crate::support::server::{Answer, Error};
use crate::support::upstream::{Limits, Plan, RetryAfter, Settings, StandIn, Window};

const TEN: Limits = Limits {
    requests: 10,
    window: Duration::from_secs(1_000),
    kind: Window::Fixed,
    others: 0,
    daily: 200_000,
    day_ends: None,
    has_headers: true,
    retry_after: RetryAfter::Absent,
};

/// Starts at the beginning of a fixed window of [`TEN`].
fn start(limits: Option<Limits>) -> (StandIn, Client) {
    let location = Plan::of(4, &[("contact", 1)], &[]).location();
    let settings = Settings { limits, ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let past = stand_in.now().unsigned_abs() % 1_000_000;
    stand_in.pass(Duration::from_millis(1_000_000 - past));
    let client = Client::new(&stand_in, &location);
    (stand_in, client)
}

fn ask(client: &Client) -> Result<Answer, Error> {
    client.get("/locations/{L}")
}

fn statuses(client: &Client, count: usize) -> Result<Vec<u16>, Error> {
    (0..count).map(|_| ask(client).map(|answer| answer.status)).collect()
}

#[test]
fn a_fixed_window_begins_again_and_a_sliding_one_does_not() -> Result<(), Error> {
    for kind in [Window::Fixed, Window::Sliding] {
        let (stand_in, client) = start(Some(Limits { kind, ..TEN }));
        stand_in.pass(Duration::from_secs(990));
        assert_eq!(statuses(&client, 11)?, [&[200; 10][..], &[429]].concat());
        // Twenty within twenty seconds: the fixed window lets them through.
        stand_in.pass(Duration::from_secs(10));
        let expected = if kind == Window::Fixed { [200; 10] } else { [429; 10] };
        assert_eq!(statuses(&client, 10)?, expected, "{kind:?}");
        stand_in.pass(Duration::from_secs(990));
        let expected = if kind == Window::Fixed { 429 } else { 200 };
        assert_eq!(ask(&client)?.status, expected, "{kind:?}");
        let usage = stand_in.usage();
        // Both count what is too much in any window.
        assert!(usage.would_break >= 11, "{usage:?}");
        assert_eq!(usage.throttled, 1 + usize::from(kind == Window::Sliding) * 9 + 1, "{usage:?}");
    }
    Ok(())
}

#[test]
fn what_is_left_is_said_and_others_use_some_of_it() -> Result<(), Error> {
    let (stand_in, client) = start(Some(TEN));
    let left = |answer: &Answer| answer.header("x-ratelimit-remaining").map(str::to_owned);
    let first = ask(&client)?;
    assert_eq!(left(&first).as_deref(), Some("9"));
    for (name, value) in [
        ("x-ratelimit-max", "10"),
        ("x-ratelimit-interval-milliseconds", "1000000"),
        ("x-ratelimit-limit-daily", "200000"),
        ("x-ratelimit-daily-remaining", "199999"),
    ] {
        assert_eq!(first.header(name), Some(value), "{name}");
    }
    assert_eq!(first.header("x-ratelimit-daily-reset"), None);
    let day_ends = Some(Duration::from_secs(60));
    stand_in.change(|settings| settings.limits = Some(Limits { others: 5, day_ends, ..TEN }));
    stand_in.pass(Duration::from_secs(801));
    let answer = ask(&client)?;
    assert_eq!(left(&answer).as_deref(), Some("4"));
    assert_eq!(answer.header("x-ratelimit-daily-reset"), Some("60000"));
    assert_eq!(statuses(&client, 5)?, [200, 200, 200, 200, 429]);
    stand_in.change(|settings| settings.limits = Some(Limits { has_headers: false, ..TEN }));
    assert_eq!(left(&ask(&client)?), None);
    Ok(())
}

#[test]
fn a_refusal_says_when_to_come_again_as_it_is_set() -> Result<(), Error> {
    let (stand_in, client) = start(Some(TEN));
    statuses(&client, 10)?;
    stand_in.pass(Duration::from_secs(900));
    let refusal = |retry_after| -> Result<Answer, Error> {
        stand_in.change(|settings| settings.limits = Some(Limits { retry_after, ..TEN }));
        let answer = ask(&client)?;
        assert_eq!(answer.status, 429);
        Ok(answer)
    };
    assert_eq!(refusal(RetryAfter::Absent)?.header("retry-after"), None);
    let seconds: u64 = refusal(RetryAfter::Seconds)?.header("retry-after").unwrap().parse()?;
    assert!((98..=100).contains(&seconds), "{seconds}");
    let answer = refusal(RetryAfter::Date)?;
    let parse = |name| {
        let text = answer.header(name).unwrap();
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).unwrap()
    };
    let seconds = parse("retry-after").as_second() - parse("date").as_second();
    assert!((98..=102).contains(&seconds), "{seconds}");
    stand_in.pass(Duration::from_secs(102));
    assert_eq!(ask(&client)?.status, 200);
    Ok(())
}

#[test]
fn a_day_ends_when_the_test_says_so() -> Result<(), Error> {
    let limits = Limits { daily: 3, requests: 100, ..TEN };
    let (stand_in, client) = start(Some(limits));
    assert_eq!(statuses(&client, 3)?, [200; 3]);
    let refused = ask(&client)?;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-ratelimit-daily-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("97"));
    stand_in.new_day();
    assert_eq!(statuses(&client, 4)?, [200, 200, 200, 429]);
    assert_eq!(stand_in.usage().today, 3);
    Ok(())
}

#[test]
fn without_limits_nothing_is_refused_and_what_would_be_is_counted() -> Result<(), Error> {
    let (stand_in, client) = start(None);
    let answer = ask(&client)?;
    assert_eq!(answer.header("x-ratelimit-remaining"), None);
    assert_eq!(statuses(&client, 102)?, [200; 102]);
    assert_eq!(stand_in.usage().would_break, 3);
    stand_in.pass(Duration::from_secs(10));
    statuses(&client, 100)?;
    assert_eq!(stand_in.usage().would_break, 3);
    Ok(())
}
