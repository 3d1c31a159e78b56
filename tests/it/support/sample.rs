//! The sample of two real-estate offices, and orders to tell it in.

use relata::graph::Difference;
use relata::{Delivery, Store, Timestamp};

use super::random::Random;

pub(crate) const SAMPLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/real-estate.ndjson"));

/// The sample in an order that `seed` decides, every second event twice.
pub(crate) fn shuffled(seed: u64) -> Vec<&'static str> {
    let mut events: Vec<&str> = SAMPLE.lines().collect();
    events.extend(SAMPLE.lines().step_by(2));
    let mut random = Random(seed);
    for last in (1..events.len()).rev() {
        events.swap(last, usize::try_from(random.below(last as u64 + 1)).unwrap());
    }
    events
}

pub(crate) fn delivery(body: &str) -> Delivery {
    Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0)).expect("a good body")
}

/// The body of one event of the sample.
pub(crate) fn event(number: usize) -> &'static [u8] {
    SAMPLE.lines().nth(number).unwrap().as_bytes()
}

/// A store in memory that holds the first events of the sample.
pub(crate) fn reference(events: usize) -> Store {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines().take(events));
    store
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
    assert_eq!(left.locations().unwrap().len(), right.locations().unwrap().len());
    for location in left.locations().unwrap() {
        let other = right.location(location.id().as_str()).unwrap().expect("in both");
        location.read().differences(&other.read(), &mut found, 10);
        location.read().contradictions(&mut found, 10);
    }
    found
}
