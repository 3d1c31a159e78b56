//! Every fuzz target, with its corpus and with random input.

#[allow(unreachable_pub, clippy::allow_attributes, reason = "public for the fuzzer's binaries")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::long;

/// Runs a target with its corpus, with changes to that, and with noise.
fn check(name: &str, cases: u32, target: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut corpus = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        corpus.push(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(corpus.len() > 5);
    for input in &corpus {
        target(input);
    }

    let cases = long::rounds(cases, 20 * cases);
    long::tell("fuzz inputs", corpus.len() + cases as usize);
    let changed = (
        prop::sample::select(corpus),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 0..6),
    )
        .prop_map(|(mut input, changes)| {
            for (place, byte, change) in changes {
                let place = place.index(input.len() + 1);
                match change {
                    0 => input.insert(place, byte),
                    1 if place < input.len() => input[place] = byte,
                    2 if place < input.len() => drop(input.remove(place)),
                    3 => input.truncate(place),
                    _ => {}
                }
            }
            input
        });
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let text = ".{0,100}".prop_map(String::into_bytes);
    let inputs = prop_oneof![6 => changed, 1 => noise, 1 => text];
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&inputs, |input| {
            target(&input);
            Ok(())
        })
        .unwrap();
}

#[test]
fn decoding_never_panics() {
    check("decode", 20_000, targets::decode);
}

#[test]
fn signature_checks_never_panic() {
    check("signatures", 3_000, targets::signatures);
}

#[test]
fn cursors_never_panic() {
    check("cursors", 20_000, targets::cursors);
}

#[test]
fn queries_never_panic() {
    check("queries", 3_000, targets::queries);
}

#[test]
fn journal_rows_never_panic() {
    check("rows", 600, targets::rows);
}
