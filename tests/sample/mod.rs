//! The sample of two real-estate offices, and orders to tell it in.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses its part")]
#![allow(clippy::expect_used, reason = "a test says so by failing")]

use relata::graph::Difference;
use relata::{Delivery, Store, Timestamp};

pub(crate) const SAMPLE: &str = include_str!("../../data/real-estate.ndjson");

/// The sample in an order that `seed` decides, every second event twice.
pub(crate) fn shuffled(seed: u64) -> Vec<&'static str> {
    let mut events: Vec<&str> = SAMPLE.lines().collect();
    events.extend(SAMPLE.lines().step_by(2));
    let mut state = seed;
    for last in (1..events.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((state >> 33) % (last as u64 + 1)).unwrap_or(0);
        events.swap(last, other);
    }
    events
}

pub(crate) fn delivery(body: &str) -> Delivery {
    Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0)).expect("a good body")
}

/// Ingests events without waiting for each.
pub(crate) fn tell<'a>(store: &Store, events: impl IntoIterator<Item = &'a str>) {
    for event in events {
        store
            .submit_waiting(delivery(event), |result| drop(result.expect("a disk that works")))
            .expect("a store that works");
    }
    store.checkpoint().expect("a disk that works");
}

/// What the graphs of two stores differ in, and what contradicts itself in the first.
pub(crate) fn differences(left: &Store, right: &Store) -> Vec<Difference> {
    let mut found = Vec::new();
    assert_eq!(left.locations().len(), right.locations().len());
    for location in left.locations() {
        let other = right.location(location.id().as_str()).expect("in both");
        location.read().differences(&other.read(), &mut found, 10);
        location.read().contradictions(&mut found, 10);
    }
    found
}
