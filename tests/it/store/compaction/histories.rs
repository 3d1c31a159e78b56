//! Random histories, compacted at any point.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use relata::graph::{Edge, Interval, SubgraphQuery};
use relata::{Seq, Store};

use crate::store::compaction::{Kept, What, answers, now, what};
use crate::support::clock::ManualClock;
use crate::support::long;

/// Rows that all compactions of this run have dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Clone)]
enum Step {
    /// What happened, and on which day by its own words.
    Event(What, Option<i64>),
    Pass(i64),
    Compact,
    Checkpoint,
    Reopen,
    /// The power fails: what was not committed is gone.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (what(), prop::option::weighted(0.7, 0..40i64)).prop_map(|(what, at)| Step::Event(what, at)),
        5 => (5..20i64).prop_map(Step::Pass),
        4 => Just(Step::Compact),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ]
}

/// What is there at the end of all life spans, and what the graph shows.
fn alive(store: &Store) -> [Vec<String>; 2] {
    let (_, lives) = store.timeline("L", None).unwrap();
    let part = lives.view().part(&SubgraphQuery::default()).unwrap();
    let is_last = |lives: Vec<Interval>| lives.last().is_some_and(|life| life.until.is_none());
    let ends = |link: &Edge<'_>| {
        format!("{:?} {:?} {:?}", link.relation, link.first.record, link.second.record)
    };
    let links = part.links().filter(|link| is_last(lives.of_link(link)));
    let nodes = part.nodes().filter(|node| is_last(lives.of_node(node)));
    let told = links.map(|link| ends(&link)).chain(nodes.map(|node| format!("{node:?}"))).collect();
    let Some(location) = store.location("L").unwrap() else { return [told, vec![]] };
    let graph = location.read();
    let part = graph.view().part(&SubgraphQuery::default()).unwrap();
    let links = part.links().map(|link| ends(&link));
    [told, links.chain(part.nodes().map(|node| format!("{node:?}"))).collect()]
}

fn check(mut kept: Kept<'_>, steps: Vec<Step>) {
    let mut told: BTreeMap<Seq, String> = BTreeMap::new();
    for (number, step) in steps.into_iter().enumerate() {
        let before = now(kept.store());
        match step {
            Step::Event(what, at) => {
                kept.store().ingest(what.body(at).as_bytes()).unwrap();
                told.insert(kept.store().head(), now(kept.store()));
                continue;
            }
            Step::Pass(days) => kept.clock.pass_days(days),
            Step::Compact => {
                DROPPED.fetch_add(kept.store().compact().unwrap(), Relaxed);
                assert_eq!(kept.store().compact().unwrap(), 0, "twice is once");
            }
            Step::Checkpoint => kept.store().checkpoint().unwrap(),
            Step::Reopen => {
                kept.close();
                kept.open();
                kept.verify();
            }
            Step::Crash => kept.crash(number),
        }
        assert_eq!(now(kept.store()), before, "{step:?} shows");
    }
    kept.verify();
    let [lives, shown] = alive(kept.store());
    assert_eq!(lives, shown, "life spans end otherwise");
    let reader = kept.reader();
    if let Some(reader) = &reader {
        assert_eq!(now(reader), now(kept.store()), "a reader sees something else");
    }
    for store in [Some(kept.store()), reader.as_ref()].into_iter().flatten() {
        // Of one that goes on from the other, and then of one that does not.
        for (seq, then) in told.iter().chain(told.iter().rev()) {
            let past = store.past("L", *seq).unwrap();
            assert_eq!(answers(Some(&past.graph)), *then, "as of {seq}");
        }
    }
    kept.close();
    kept.open();
    kept.verify();
}

/// Life spans showed a link that had been dropped with its association as there again,
/// once the association came back.
#[test]
fn a_link_dropped_with_its_association_does_not_return_with_it() {
    let relation =
        |relation| What::Relation { relation, association: 0, ends: (0, 0), deleted: false };
    let association = |deleted| What::Association { association: 0, deleted };
    let steps = vec![
        Step::Event(relation(2), None),
        Step::Event(association(true), None),
        Step::Pass(5),
        Step::Event(relation(0), None),
        Step::Pass(6),
        Step::Compact,
        Step::Event(association(false), Some(0)),
    ];
    check(Kept::in_memory(&ManualClock::new()), steps);
}

#[test]
fn a_compaction_changes_no_answer_and_is_replayed() {
    let steps = || prop::collection::vec(step(), 1..60);
    let run = |cases, in_file| {
        let mut runner = TestRunner::new(ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let checked = runner.run(&steps(), |steps| {
            let clock = ManualClock::new();
            let kept = if in_file { Kept::in_file(&clock) } else { Kept::in_memory(&clock) };
            check(kept, steps);
            Ok(())
        });
        checked.unwrap();
    };
    run(long::rounds(100, 5_000), false);
    run(long::rounds(8, 200), true);
    let dropped = DROPPED.load(Relaxed);
    long::tell("rows dropped by compactions", dropped);
    assert!(dropped > 50, "{dropped} rows were dropped: too few to prove anything");
}
