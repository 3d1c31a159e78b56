//! What differs between two moments, against the two moments themselves.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relata::graph::{Budget, DiffQuery, Edge, EdgeEnd, Layers, Snapshot};
use relata::journal::MemoryJournal;
use relata::query::LocationDiff;
use relata::{AsOf, Association, Event, Options, Seq, Store};

use crate::support::oracle::{crowded, history, told};
use crate::support::{long, sample};

/// A relation, by all that makes it what it is.
type Joined = (String, String, [(String, String); 2]);

fn joined(edge: &Edge<'_>) -> Joined {
    let end =
        |end: &EdgeEnd<'_>| (end.object.to_owned(), end.record.unwrap_or_default().to_owned());
    (
        edge.relation.unwrap_or_default().to_owned(),
        edge.association.to_owned(),
        [end(&edge.first), end(&edge.second)],
    )
}

/// What a moment shows.
#[derive(Debug, PartialEq)]
struct Shown {
    links: BTreeSet<Joined>,
    associations: BTreeMap<String, Association>,
}

fn shown(snapshot: &Snapshot) -> Shown {
    let associations = snapshot.view().associations().map(|it| it.association.clone());
    Shown {
        links: snapshot.links(Layers::Records).iter().map(joined).collect(),
        associations: associations.map(|it| (it.id.to_string(), it)).collect(),
    }
}

fn shown_at(store: &Store, seq: Option<Seq>) -> Shown {
    let location = store.location("here").unwrap().unwrap();
    shown(&store.snapshot(&location, seq.map(AsOf::Seq), &()).unwrap().1)
}

/// All pages of so many relations.
fn pages(between: &LocationDiff, limit: usize) -> (Vec<Joined>, Vec<Joined>) {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let mut query = DiffQuery { after: None, limit };
    loop {
        let page = between.links(&query, &mut Budget::unbounded());
        assert!(page.complete);
        let named: BTreeSet<_> =
            page.added.iter().chain(&page.removed).map(|edge| edge.relation).collect();
        assert!(named.len() == limit || named.len() < limit && page.next.is_none());
        added.extend(page.added.iter().map(joined));
        removed.extend(page.removed.iter().map(joined));
        if page.next.is_none() {
            return (added, removed);
        }
        query.after = page.next;
    }
}

fn check(store: &Store, from: Seq, to: Option<Seq>, limit: usize) -> Result<(), TestCaseError> {
    let (before, after) = (shown_at(store, Some(from)), shown_at(store, to));
    let between = store.diff("here", AsOf::Seq(from), to.map(AsOf::Seq)).unwrap().unwrap();
    let head = store.head();
    prop_assert_eq!(between.seqs(), (from.min(head), to.unwrap_or(head).min(head)));
    let (added, removed) = pages(&between, limit);
    let set = |list: &[Joined]| list.iter().cloned().collect::<BTreeSet<_>>();
    prop_assert_eq!((set(&added).len(), set(&removed).len()), (added.len(), removed.len()));
    prop_assert_eq!(set(&added), &after.links - &before.links);
    prop_assert_eq!(set(&removed), &before.links - &after.links);

    let diff = between.associations(&mut Budget::unbounded());
    let mut applied = before.associations;
    for gone in &diff.removed {
        let removed = applied.remove(gone.association.id.as_str());
        prop_assert_eq!(removed.as_ref(), Some(gone.association));
    }
    for new in &diff.added {
        prop_assert!(
            applied.insert(new.association.id.to_string(), new.association.clone()).is_none()
        );
    }
    for (old, new) in &diff.renamed {
        let replaced = applied.insert(new.association.id.to_string(), new.association.clone());
        prop_assert_eq!(replaced.as_ref(), Some(old.association));
        prop_assert_ne!(old.association, new.association);
    }
    prop_assert_eq!(applied, after.associations);
    Ok(())
}

/// A store that has heard these events, opened again in between: numbers come from
/// the checkpoint then.
fn store(events: &[Event], reopened: usize) -> Store {
    let journal = MemoryJournal::new();
    let open = || Store::with_journal(Box::new(journal.clone()), Options::default()).unwrap();
    let (before, after) = events.split_at(reopened.min(events.len()));
    let store = open();
    told(&store, before);
    store.close().unwrap();
    let store = open();
    told(&store, after);
    store
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: long::rounds(96, 4_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_diff_leads_from_one_state_to_the_other(
        events in prop_oneof![4 => history(), 1 => crowded()],
        moments in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 4),
        reopened in any::<prop::sample::Index>(),
        limit in 1usize..5,
    ) {
        let store = store(&events, reopened.index(events.len() + 1));
        for (from, to) in moments {
            // A moment after the last event is refused.
            let (from, to) = (from.index(events.len() + 1), to.index(events.len() + 1));
            check(&store, from as Seq, Some(to as Seq), limit)?;
            check(&store, from as Seq, None, limit)?;
        }
    }
}

#[test]
fn a_diff_shows_a_rename_and_a_delete() {
    let store = Store::in_memory().unwrap();
    let association = |kind: &str, label: &str| {
        format!(
            r#"{{"type":"Association{kind}","id":"a","key":"k","locationId":"here","firstObjectKey":"contact","firstObjectLabel":"{label}","secondObjectKey":"home","secondObjectLabel":"Home"}}"#
        )
    };
    let relation = r#"{"id":"r","associationId":"a","locationId":"here","firstObjectKey":"contact","firstRecordId":"c","secondObjectKey":"home","secondRecordId":"h"}"#;
    for body in [
        relation,
        &association("Create", "Buyer"),
        &association("Update", "Owner"),
        &association("Delete", ""),
    ] {
        store.ingest(body.as_bytes()).unwrap();
    }
    let between = |from, to| store.diff("here", AsOf::Seq(from), Some(AsOf::Seq(to))).unwrap();
    let told = |from, to| {
        let between = between(from, to).unwrap();
        let (links, them) = (
            between.links(&DiffQuery::default(), &mut Budget::unbounded()),
            between.associations(&mut Budget::unbounded()),
        );
        [
            links.added.len(),
            links.removed.len(),
            them.added.len(),
            them.removed.len(),
            them.renamed.len(),
        ]
    };
    assert_eq!(told(0, 1), [1, 0, 0, 0, 0]);
    assert_eq!(told(1, 2), [0, 0, 1, 0, 0], "a link that gets its labels was there before");
    assert_eq!(told(2, 3), [0, 0, 0, 0, 1]);
    assert_eq!(told(3, 4), [0, 1, 0, 1, 0], "links under an association go with it");
    assert_eq!(told(4, 0), [0; 5]);
    assert_eq!(told(4, 3), [1, 0, 1, 0, 0], "back");
    let renamed = between(2, 3).unwrap();
    let (before, after) = renamed.associations(&mut Budget::unbounded()).renamed[0];
    assert_eq!(
        (&*before.association.first.label, &*after.association.first.label),
        ("Buyer", "Owner")
    );
    assert!(store.diff("nowhere", AsOf::Seq(1), None).unwrap().is_none());
}

#[test]
fn a_diff_that_is_cut_short_has_a_cursor() {
    let store = Store::in_memory().unwrap();
    let lines: Vec<String> = (0..5_000)
        .map(|number| format!(
            r#"{{"id":"r{number}","associationId":"a","locationId":"here","firstObjectKey":"contact","firstRecordId":"c{}","secondObjectKey":"home","secondRecordId":"h"}}"#,
            number % 50
        ))
        .collect();
    sample::tell(&store, lines.iter().map(String::as_str));
    let between = store.diff("here", AsOf::Seq(0), None).unwrap().unwrap();
    let mut query = DiffQuery { after: None, limit: usize::MAX };
    let (mut added, mut rounds) = (0, 0);
    loop {
        let page = between.links(&query, &mut Budget::of_links(2_048));
        added += page.added.len();
        rounds += 1;
        assert_eq!(page.complete, page.next.is_none());
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!((added, rounds), (5_000, 3));
}

#[test]
fn diffs_of_the_sample_agree_with_its_states() -> Result<(), TestCaseError> {
    let store = Store::in_memory().unwrap();
    let events = sample::SAMPLE.replace("seaside-realty", "here");
    sample::tell(&store, events.lines());
    for (from, to) in [(0, 388), (60, 200), (120, 121), (388, 0), (300, 387)] {
        check(&store, from, Some(to), 1_000)?;
    }
    Ok(())
}
