//! Many mutations in one call.

use std::sync::mpsc::{Receiver, channel};

use relata::mutation::MutationRefusal;
use relata::operations::{Observation, WriteEvent};
use relata::{Seq, Store};

use super::{Desk, association, create_association, create_relation, mutate, mutate_all};
use crate::store::{exports, verified};
use crate::support::database::fresh;
use crate::support::sample::differences;

#[test]
fn a_thousand_links_are_one_commit_with_the_refused_ones_left_out() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let row = |number: usize| match number % 10 {
        3 => create_relation(interest.as_str(), "ann", &format!("h{}", number - 1)),
        7 => create_relation("gone", "ann", &format!("h{number}")),
        _ => create_relation(interest.as_str(), "ann", &format!("h{number}")),
    };
    let (_observed, commits) = commits_of(&desk.store);
    let mutated = desk.mutate_all((0..1_000).map(row).collect());
    assert_eq!(commits.try_iter().collect::<Vec<usize>>(), [800]);
    let mut expected: Seq = 1;
    for (number, outcome) in mutated.outcomes.iter().enumerate() {
        match (number % 10, outcome) {
            (3, Err(MutationRefusal::DuplicateRelation))
            | (7, Err(MutationRefusal::AssociationNotFound)) => {}
            (_, Ok(done)) => {
                expected += 1;
                assert_eq!(done.seq, Some(expected), "{number}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((mutated.head, desk.store.head()), (801, 801));
}

/// Hears of each commit how many events it is of.
fn commits_of(store: &Store) -> (Observation, Receiver<usize>) {
    let (sender, receiver) = channel();
    let hear = move |event: WriteEvent| {
        if let WriteEvent::Committed { count, .. } = event {
            sender.send(count).unwrap_or_default();
        }
    };
    (store.observe(hear), receiver)
}

#[test]
fn what_was_written_is_there_after_a_restart_and_in_a_copy_made_from_an_export() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    let made = mutate(&store, create_association("k", "contact", "home"));
    let id = association(made).id;
    let rows = (0..50).map(|it| create_relation(id.as_str(), "ann", &format!("h{it}")));
    mutate_all(&store, rows.collect());
    let before = exports(&store);
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(exports(&store), before);
    assert_eq!(verified(&path).differences, []);
    let mut dump = Vec::new();
    store.export_events("L", store.head(), &mut dump).unwrap();
    let copy = Store::in_memory().unwrap();
    let counts = copy.import().read(&dump[..], |_| Ok(())).unwrap();
    assert_eq!((counts.applied, differences(&store, &copy)), (51, Vec::new()));
    assert_eq!(exports(&copy), before);
}
