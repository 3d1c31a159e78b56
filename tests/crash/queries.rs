//! Queries that visit millions of links, beside others.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::hub::{ask, huge, with_hub};
use crate::support::long;
use crate::support::server::{Error, Server};

/// Asks again and again, and tells how long the slower ones took.
fn slowest_percent(until: Instant, mut once: impl FnMut() -> Result<(), Error>) -> Duration {
    let mut times = Vec::new();
    while Instant::now() < until {
        let start = Instant::now();
        once().unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times.len() > 50, "only {} were answered", times.len());
    times[times.len() * 99 / 100]
}

/// Returns the slowest percent of reads and of posts, both sent for a while.
fn measure(server: &Server, name: &str, run_for: Duration) -> (Duration, Duration) {
    let until = Instant::now() + run_for;
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            slowest_percent(until, || {
                let path = "/v1/locations/L/objects/contact/records/b7/links?limit=10";
                assert_eq!(server.get(path)?.status, 200);
                std::thread::sleep(Duration::from_millis(5));
                Ok(())
            })
        });
        let mut number = 0;
        let posts = slowest_percent(until, || {
            number += 1;
            let body = json!({
                "id": format!("{name}{number}"), "associationId": "A", "locationId": "L",
                "firstObjectKey": "contact", "firstRecordId": "hub",
                "secondObjectKey": "house", "secondRecordId": format!("{name}{number}"),
            });
            assert_eq!(server.post("/webhooks", body.to_string().as_bytes())?.status, 200);
            std::thread::sleep(Duration::from_millis(5));
            Ok(())
        });
        (reads.join().unwrap(), posts)
    })
}

/// While one question runs that visits millions of links, others are answered
/// and deliveries accepted.
#[test]
fn a_huge_query_delays_nobody() -> Result<(), Error> {
    const QUESTION_TIME: Duration = Duration::from_millis(1_500);
    const MOST_DELAY: Duration = Duration::from_millis(150);
    let houses = long::rounds(10_000, 200_000) as usize;
    let timeout = QUESTION_TIME.as_millis().to_string();
    let limits = ["--question-links", "4000000000", "--question-timeout-ms", &timeout];
    let (_directory, server) = with_hub(houses, 1, &limits)?;
    let run_for = Duration::from_secs(u64::from(long::rounds(2, 8)));
    let measure = |name: &str| measure(&server, name, run_for);
    let measure_beside = |name: &str| {
        std::thread::scope(|scope| {
            let until = Instant::now() + run_for;
            let server = &server;
            let huge = scope.spawn(move || -> Result<u32, String> {
                let (mut asked, questions) = (0, huge());
                while Instant::now() < until {
                    let (path, body) = &questions[asked as usize % 2];
                    let answer = ask(server, path, body.as_ref());
                    let answer = answer.map_err(|error| error.to_string())?;
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    asked += 1;
                }
                Ok(asked)
            });
            let beside = measure(name);
            assert!(huge.join().unwrap().is_ok_and(|asked| asked > 0));
            beside
        })
    };
    let shown = |(reads, posts): (Duration, Duration)| format!("links {reads:?}, posts {posts:?}");
    // What else the machine does comes and goes; a question that holds others up does so
    // each time, for as long as it takes.
    for attempt in 1..=3 {
        let alone = measure(&format!("alone{attempt}-"));
        let beside = measure_beside(&format!("beside{attempt}-"));
        long::tell("slowest percent, nothing else running", shown(alone));
        long::tell("slowest percent, beside a huge question", shown(beside));
        // Two cores run the clients, too: a bound that only waiting for it would break.
        let most = |alone: Duration| (3 * alone).clamp(MOST_DELAY, QUESTION_TIME / 2);
        if beside.0 < most(alone.0) && beside.1 < most(alone.1) {
            return Ok(());
        }
    }
    panic!("others waited for the huge question, three times")
}
