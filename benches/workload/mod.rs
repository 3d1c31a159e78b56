//! A repeatable workload: buyers linked to properties in 20 locations under six
//! associations, with the degrees of real link data (rank to frequency with an
//! exponent of 2/3, so a few hubs and many with few links).

#![allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses its part")]

use relata::{Delivery, Options, Store, Timestamp};

pub(crate) const LOCATIONS: u64 = 20;

/// How often each association is used, in percent.
const SHARES: [u64; 6] = [40, 25, 15, 10, 7, 3];

/// A small generator of numbers that look random: `SplitMix64`.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// At least 0, below 1.
    #[expect(clippy::cast_precision_loss, reason = "what is drawn need not be exact")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A rank below `bound`, low ranks more often: rank to frequency with an
    /// exponent of 2/3.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank need not be exact"
    )]
    fn rank(&mut self, bound: u64) -> u64 {
        let unit = self.unit();
        ((bound as f64) * unit * unit * unit) as u64
    }
}

pub(crate) fn location(number: u64) -> String {
    format!("location{number:012}")
}

pub(crate) fn association(number: usize) -> String {
    format!("a{number:023x}")
}

pub(crate) fn buyer(number: u64) -> String {
    format!("b{number:023x}")
}

/// The bodies of all associations, then of `relations` relations.
pub(crate) fn bodies(relations: u64) -> impl Iterator<Item = String> {
    let associations = (0..LOCATIONS).flat_map(|place| {
        (0..SHARES.len()).map(move |number| {
            format!(
                "{{\"id\":\"{}\",\"associationType\":\"USER_DEFINED\",\"firstObjectKey\":\"contact\",\
                 \"firstObjectLabel\":\"Buyer {number}\",\"secondObjectKey\":\"custom_objects.property\",\
                 \"secondObjectLabel\":\"Property {number}\",\"key\":\"key_{number}\",\"locationId\":\"{}\"}}",
                association(number),
                location(place)
            )
        })
    });
    let mut numbers = Numbers::new(42);
    let (buyers, properties) = (relations / 5 / LOCATIONS, relations / 10 / LOCATIONS);
    associations.chain((0..relations).map(move |relation| {
        let place = numbers.below(LOCATIONS);
        let mut percent = numbers.below(100);
        let number = SHARES.iter().position(|share| {
            let chosen = percent < *share;
            percent = percent.saturating_sub(*share);
            chosen
        });
        format!(
            "{{\"id\":\"r{relation:023x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{}\",\
             \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"p{:023x}\",\
             \"associationId\":\"{}\",\"locationId\":\"{}\"}}",
            buyer(numbers.rank(buyers)),
            numbers.rank(properties),
            association(number.unwrap_or(0)),
            location(place)
        )
    }))
}

/// Fills a store in a file, or in memory.
pub(crate) fn store(path: Option<&std::path::Path>, relations: u64) -> Store {
    let opened = match path {
        Some(path) => Store::open_with(path, Options::default()),
        None => Store::in_memory(),
    };
    let store = opened.expect("the store opens");
    for body in bodies(relations) {
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0));
        store.submit_waiting(delivery.expect("a good body"), |_| ()).expect("room");
    }
    store.checkpoint().expect("the disk works");
    store
}
