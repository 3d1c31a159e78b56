//! Copies of a graph that are taken while events come in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use relata::graph::{Budget, LinkQuery, LocationGraph};
use relata::{NodeRef, Store};

use crate::graph::{relation, relation_body};
use crate::support::long;
use crate::support::process::{address_space, in_own_process, resident};
use crate::support::sample::delivery;

/// A copy of a location, during whose life one new id came, used up a chunk of texts for
/// ever. After 65,536 of them, some hours of exports or long questions beside posts, ids
/// were read as other ids, the checkpoint saved that, and then the writer died.
#[test]
fn ids_stay_right_and_memory_flat_over_seventy_thousand_copies() {
    in_own_process(&ids_stay_right_and_memory_flat_over_seventy_thousand_copies, || {
        const COPIES: u64 = 70_000;
        let mut graph = LocationGraph::new();
        let before = address_space(std::process::id());
        for number in 0..COPIES {
            let copy = (number % 7 != 0).then(|| graph.snapshot());
            let [id, contact, house] = ["r", "c", "h"].map(|kind| format!("{kind}{number:06}"));
            graph.merge(number + 1, &relation(&id, "a", ["contact", &contact], ["house", &house]));
            drop(copy);
        }
        if let Some((before, after)) = before.zip(address_space(std::process::id())) {
            let grown = after.saturating_sub(before) >> 20;
            assert!(grown < 400, "{grown} MiB");
        }
        let mut budget = Budget::unbounded();
        for number in (0..COPIES).step_by(997).chain(COPIES - 100..COPIES) {
            let contact: NodeRef = format!("contact/c{number:06}").parse().unwrap();
            let page = graph.view().links(&contact, &LinkQuery::default(), &mut budget).unwrap();
            let link = page.links.first().unwrap();
            assert_eq!(link.relation, Some(&*format!("r{number:06}")));
            assert_eq!(link.record, Some(&*format!("h{number:06}")));
        }
    });
}

/// What took memory for every copy: an hour of exports beside posts took gigabytes that
/// only a restart gave back.
#[test]
fn copies_beside_posts_release_their_memory() {
    in_own_process(&copies_beside_posts_release_their_memory, || {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("relata.db")).unwrap();
        let post = |number: u32| {
            // Most events tell of what is there, by another association each time.
            let known = if number.is_multiple_of(10) { number } else { number % 1_999 };
            let (id, contact) = (format!("r{known}"), format!("c{}", known % 5_000));
            let association = ["a", "b", "c", "d"][number as usize % 4];
            let body = relation_body(&id, association, ["contact", &contact], ["house", "h"]);
            store
                .submit_waiting(delivery(&body.to_string()), |result| drop(result.unwrap()))
                .unwrap();
        };
        let mut copies = 0_u32;
        let mut held = VecDeque::new();
        let mut round = |number: u32| {
            (0..50).for_each(|event| post(number * 50 + event));
            if let Some(location) = store.location("here").unwrap() {
                for _ in 0..10 {
                    held.push_back(location.read().snapshot());
                    copies += 1;
                }
            }
            while held.len() > 20 {
                held.pop_front();
            }
            if number.is_multiple_of(40) {
                store.checkpoint().unwrap();
            }
        };
        let warm = long::rounds(40, 400);
        (0..warm).for_each(&mut round);
        let before = resident(std::process::id());
        let until = Instant::now() + Duration::from_secs(long::rounds(2, 3_600).into());
        let mut number = warm;
        while Instant::now() < until {
            round(number);
            number += 1;
        }
        store.checkpoint().unwrap();
        let new = u64::from(number - warm) * 5;
        long::tell("copies beside posts", copies);
        if let Some((before, after)) = before.zip(resident(std::process::id())) {
            let grown = after.saturating_sub(before);
            long::tell("resident bytes grown", grown);
            // New relations take what relations take, and the database has a cache.
            assert!(grown < (48 << 20) + new * 512, "{grown} bytes for {new} relations");
        }
    });
}
