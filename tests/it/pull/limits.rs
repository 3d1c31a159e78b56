//! The sender's limits and faults: never too many requests, and everything read in the end.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use relata::Store;
use relata::pull::{EventWriter, Reader, Report, ResumeFile, StopReason, StoreDestination};
use relata::webhook::Keep;

use crate::pull::pulled::{Pull, assert_same, planned, relations};
use crate::support::upstream::{
    Embedded, Fault, Faults, Limits, Plan, RetryAfter, Route, Settings, StandIn, Window,
};

/// A tenth of the real window, and so ten times the rate.
fn limits() -> Limits {
    Limits { window: Duration::from_secs(1), ..Limits::default() }
}

#[test]
fn the_default_pace_never_meets_the_limit() {
    for kind in [Window::Fixed, Window::Sliding] {
        for has_headers in [true, false] {
            let location = planned();
            let limits = Some(Limits { kind, has_headers, ..limits() });
            let stand_in =
                StandIn::start(location.clone(), Settings { limits, ..Settings::default() });
            let mut pull = Pull::of(&stand_in, &location);
            (pull.upstream.rate, pull.upstream.concurrency) = (80.0, 4);
            let (_, report) = pull.run_whole(&stand_in);
            assert_eq!((stand_in.usage().would_break, report.throttled), (0, 0), "{kind:?}");
        }
    }
}

#[test]
fn what_other_programs_use_is_left_to_them() {
    for retry_after in [RetryAfter::Absent, RetryAfter::Seconds, RetryAfter::Date] {
        let location = planned();
        let limits = Some(Limits { others: 50, retry_after, ..limits() });
        let stand_in = StandIn::start(location.clone(), Settings { limits, ..Settings::default() });
        let mut pull = Pull::of(&stand_in, &location);
        (pull.upstream.rate, pull.upstream.concurrency) = (80.0, 4);
        let (_, report) = pull.run_whole(&stand_in);
        assert!(report.throttled <= 8, "{report:?}");
    }
}

#[test]
fn too_many_requests_are_answered_by_patience() {
    for retry_after in [RetryAfter::Absent, RetryAfter::Seconds, RetryAfter::Date] {
        let location = Plan::of(
            3,
            &[("contact", 100), ("opportunity", 60)],
            &[("sale", ["contact", "opportunity"], 90)],
        );
        let location = location.location();
        let window = Duration::from_millis(500);
        let limits = Limits { requests: 40, window, retry_after, has_headers: false, ..limits() };
        let settings =
            Settings { limits: Some(limits), embedded: Embedded::Absent, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let mut pull = Pull::of(&stand_in, &location);
        pull.upstream.first_pause = Duration::from_millis(200);
        let (_, report) = pull.run_whole(&stand_in);
        assert!(report.throttled > 0, "{report:?}");
    }
}

/// Runs into a store and a resume log, as the command does.
pub(crate) fn resumable(pull: &Pull, store: &Store, path: &std::path::Path) -> Report {
    let reader = Reader::new(pull.upstream.clone(), pull.read.clone(), pull.stop.clone()).unwrap();
    let destination = StoreDestination(store);
    let mut writer = EventWriter::new(&pull.read.location, Keep::Names, destination).unwrap();
    let file =
        ResumeFile { path: path.to_owned(), fresh: false, destination: "the store".to_owned() };
    reader.read(&mut writer, Some(&file), &mut |_| ()).unwrap()
}

#[test]
fn a_day_that_is_used_up_stops_before_the_reserve_and_the_next_continues() {
    let location = planned();
    let limits = Some(Limits { daily: 250, requests: 100_000, ..limits() });
    let settings = Settings { limits, embedded: Embedded::Absent, ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let store = Store::in_memory().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut pull = Pull::of(&stand_in, &location);
    (pull.upstream.daily_reserve, pull.upstream.concurrency) = (100, 4);
    let (mut requests, mut days) = (0, 0);
    loop {
        pull.stop = relata::pull::Stop::default();
        let report = resumable(&pull, &store, &log);
        let used = stand_in.usage().today;
        assert!(used <= 154, "{used} of 150 used");
        requests += report.requests;
        days += 1;
        if report.stopped.is_none() {
            assert!(report.is_complete(), "{report:?}");
            break;
        }
        assert!(matches!(report.stopped, Some(StopReason::Quota { left }) if left <= 100));
        assert!(log.exists() && days < 20);
        stand_in.new_day();
    }
    assert!(!log.exists() && days > 2, "{days} days");
    assert_same(&store, &location.id, &stand_in.truth());
    // Each day begins by reading the definitions, and what was in flight is read again.
    let whole = Pull::of(&stand_in, &location);
    stand_in.change(|it| it.limits = None);
    let once = whole.run_whole(&stand_in).1.requests;
    assert!(requests <= once + days * 12, "{requests} in {days} days, {once} at once");
}

#[test]
fn a_day_may_be_waited_for() {
    let location = planned();
    // The header reads 1: a second.
    let day_ends = Some(Duration::from_millis(1));
    let limits = Some(Limits { daily: 400, requests: 100_000, day_ends, ..limits() });
    let stand_in = StandIn::start(location.clone(), Settings { limits, ..Settings::default() });
    let mut pull = Pull::of(&stand_in, &location);
    (pull.upstream.wait_for_quota, pull.upstream.daily_reserve) = (true, 300);
    let (stop, stopped) = channel::<()>();
    std::thread::scope(|scope| {
        let stand_in = &stand_in;
        let days = scope.spawn(move || {
            let day = Duration::from_millis(200);
            while stopped.recv_timeout(day) == Err(RecvTimeoutError::Timeout) {
                stand_in.new_day();
            }
        });
        pull.run_whole(stand_in);
        drop(stop);
        days.join().unwrap();
    });
    assert_eq!(stand_in.usage().throttled, 0);
}

/// However often it looks whether the day has turned, it has not given up.
#[test]
fn a_day_is_waited_for_whatever_the_looks_are_answered() {
    let location = planned();
    let day_ends = Some(Duration::from_millis(1));
    let limits = Some(Limits { daily: 40, requests: 100_000, day_ends, ..limits() });
    let stand_in = StandIn::start(location.clone(), Settings { limits, ..Settings::default() });
    let mut pull = Pull::of(&stand_in, &location);
    pull.upstream.wait_for_quota = true;
    // One thread, so that one request meets every refusal.
    (pull.upstream.concurrency, pull.upstream.retries) = (1, Some(1));
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| pull.run_whole(&stand_in));
        while stand_in.usage().throttled < 3 && !reading.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        stand_in.change(|it| it.limits = None);
        let (_, report) = reading.join().unwrap();
        assert!(report.throttled >= 3, "{report:?}");
    });
}

#[test]
fn faults_of_every_kind_are_outlasted() {
    for seed in 1..=5 {
        let location = planned();
        let percent = [
            Fault::Status(500),
            Fault::Status(502),
            Fault::Status(503),
            Fault::Status(429),
            Fault::Closed,
            Fault::Cut,
            Fault::Stalled,
            Fault::Garbage,
        ];
        let faults = Faults {
            percent: percent.map(|fault| (fault, 2)).to_vec(),
            only: None,
            ..Faults::default()
        };
        let settings = Settings { seed, faults, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let mut pull = Pull::of(&stand_in, &location);
        pull.upstream.timeout = Duration::from_millis(400);
        let (_, report) = pull.run_whole(&stand_in);
        assert!(report.retries > 10, "{report:?}");
    }
}

#[test]
fn a_request_that_always_fails_stops_after_seven_tries() {
    for fault in [Fault::Status(500), Fault::Garbage, Fault::Closed, Fault::Padded(33 << 20)] {
        let location = planned();
        let faults = Faults {
            percent: vec![(fault, 100)],
            only: Some(Route::Associations),
            ..Faults::default()
        };
        let stand_in = StandIn::start(location.clone(), Settings { faults, ..Settings::default() });
        let pull = Pull::of(&stand_in, &location);
        let store = Store::in_memory().unwrap();
        let since = Instant::now();
        let (report, _) = pull.run(&store).unwrap();
        let Some(StopReason::Unanswered(why)) = &report.stopped else { panic!("{report:?}") };
        assert!(why.starts_with("GET /associations/: "), "{why}");
        assert_eq!(stand_in.counts()[&Route::Associations], 7);
        assert!(since.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn an_answer_without_an_end_is_cut_off() {
    let location = planned();
    let faults = Faults {
        percent: vec![(Fault::Endless, 100)],
        only: Some(Route::Objects),
        ..Faults::default()
    };
    let stand_in = StandIn::start(location.clone(), Settings { faults, ..Settings::default() });
    let mut pull = Pull::of(&stand_in, &location);
    pull.upstream.retries = Some(1);
    let store = Store::in_memory().unwrap();
    let (report, _) = pull.run(&store).unwrap();
    assert!(matches!(report.stopped, Some(StopReason::Unanswered(_))), "{report:?}");
    assert_eq!(relations(&store, &location.id).len(), 0);
}

#[test]
fn no_more_requests_are_sent_than_allowed() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let mut pull = Pull::of(&stand_in, &location);
    pull.upstream.max_requests = Some(50);
    let store = Store::in_memory().unwrap();
    let (report, _) = pull.run(&store).unwrap();
    assert_eq!((report.stopped, stand_in.seen().len()), (Some(StopReason::MaxRequests), 50));
}
