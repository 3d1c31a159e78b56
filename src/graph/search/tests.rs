//! The index against a look at everything.

use std::cmp::Reverse;

use proptest::prelude::*;

use crate::graph::search::fold::Folded;
use crate::graph::search::folded_query::FoldedQuery;
use crate::graph::search::name_index::{Merge, NameIndex, SEGMENTS_MAX};
use crate::graph::search::rank::FoundBy;
use crate::graph::search::records::Records;

/// A record, as the tests know it.
#[derive(Debug, Clone)]
struct Row {
    name: Option<String>,
    object: &'static str,
    id: String,
    links: u64,
    is_shown: bool,
}

struct Rows<'r>(&'r [Row], Option<&'r str>);

impl Records for Rows<'_> {
    fn id(&self, record: u32) -> &str {
        &self.0[record as usize].id
    }

    fn object_key(&self, record: u32) -> &str {
        self.0[record as usize].object
    }

    fn links(&self, record: u32) -> u64 {
        self.0[record as usize].links
    }

    fn is_wanted(&self, record: u32) -> bool {
        let row = &self.0[record as usize];
        row.is_shown && self.1.is_none_or(|object| object == row.object)
    }
}

/// How a record matches, by the words of the contract.
fn found_by(row: &Row, text: &str) -> Option<FoundBy> {
    let (name, query) = (Folded::new(row.name.as_deref().unwrap_or_default()), Folded::new(text));
    let mut words = query.text.split_whitespace().peekable();
    if query.text.is_empty() || !name.text.starts_with(&query.text) {
        let begins = |word: &str| name.words().any(|of_name| of_name.starts_with(word));
        return if words.peek().is_some() && words.all(begins) {
            Some(FoundBy::WordStarts)
        } else {
            let id = text.trim();
            (!id.is_empty() && row.id.starts_with(id)).then_some(FoundBy::IdStart)
        };
    }
    let is_whole = name.text == query.text;
    Some(if is_whole { FoundBy::WholeName } else { FoundBy::NameStart })
}

/// Looks at everything.
fn find_slowly(rows: &Rows<'_>, text: &str, limit: usize) -> Vec<(u32, FoundBy)> {
    let mut found = Vec::new();
    for (record, row) in (0..).zip(rows.0) {
        if let Some(by) = found_by(row, text).filter(|_| rows.is_wanted(record)) {
            let name = Folded::new(row.name.as_deref().unwrap_or_default()).text;
            let links = Reverse(row.links);
            found.push((by, name.is_empty(), name, links, row.object, &row.id, record));
        }
    }
    found.sort();
    found.into_iter().take(limit).map(|found| (found.6, found.0)).collect()
}

fn index_of(rows: &Rows<'_>) -> NameIndex {
    let mut index = NameIndex::default();
    index.update((0..).zip(rows.0.iter().map(|row| row.name.as_deref())), rows);
    index
}

fn find_by(index: &NameIndex, rows: &Rows<'_>, text: &str, limit: usize) -> Vec<(u32, FoundBy)> {
    let found = index.find(&FoldedQuery::new(text), limit, rows, |_| true);
    assert!(found.is_complete);
    found.records
}

fn find(index: &NameIndex, rows: &Rows<'_>, text: &str, limit: usize) -> Vec<u32> {
    find_by(index, rows, text, limit).into_iter().map(|found| found.0).collect()
}

fn some_name() -> impl Strategy<Value = Option<String>> {
    let words = &["a", "ab", "Ab", "b", "O'b", "b-a", "ä", "é", "ß", "ss", "12", "1", "?", "太b"];
    let words = prop::collection::vec(prop::sample::select(words), 0..4);
    prop_oneof![1 => Just(None), 6 => words.prop_map(|words| Some(words.join(" ")))]
}

fn some_row() -> impl Strategy<Value = Row> {
    let object = prop::sample::select(&["contact", "house"]);
    let id = "[ab1]{1,3}";
    (some_name(), object, id, 0..3_u64, prop::bool::weighted(0.9))
        .prop_map(|(name, object, id, links, is_shown)| Row { name, object, id, links, is_shown })
}

proptest! {
    #[test]
    fn finds_what_a_look_at_everything_finds(
        mut rows in prop::collection::vec(some_row(), 0..60),
        steps in prop::collection::vec(
            prop::collection::vec((any::<prop::sample::Index>(), some_name()), 0..9), 0..12),
        more in prop::collection::vec(some_row(), 0..12),
        texts in prop::collection::vec(some_name(), 1..8),
        limit in 0..12_usize,
    ) {
        let mut index = index_of(&Rows(&rows, None));
        let mut more = more.into_iter();
        for changes in steps {
            let mut changed = std::collections::BTreeSet::new();
            for (at, name) in &changes {
                if rows.is_empty() {
                    break;
                }
                let at = at.index(rows.len());
                rows[at].name.clone_from(name);
                changed.insert(at);
            }
            changed.extend(more.next().map(|row| {
                rows.push(row);
                rows.len() - 1
            }));
            let names = changed.into_iter().map(|at| named(&rows, at));
            index.update(names, &Rows(&rows, None));
            let lengths = index.segments().iter().map(|segment| segment.len());
            let lengths: Vec<usize> = lengths.collect();
            for (at, length) in lengths.iter().enumerate() {
                prop_assert!(*length >= lengths[at + 1..].iter().sum(), "{:?}", lengths);
            }
            for text in &texts {
                let text = text.as_deref().unwrap_or("a");
                for object in [None, Some("house"), Some("tree")] {
                    let rows = Rows(&rows, object);
                    let expected = find_slowly(&rows, text, limit);
                    prop_assert_eq!(find_by(&index, &rows, text, limit), expected, "{}", text);
                }
            }
        }
    }
}

fn named(rows: &[Row], at: usize) -> (u32, Option<&str>) {
    (u32::try_from(at).unwrap(), rows[at].name.as_deref())
}

fn rows(names: &[&str]) -> Vec<Row> {
    let row = |(number, name): (usize, &&str)| Row {
        name: Some((*name).to_owned()),
        object: "contact",
        id: format!("id{number}"),
        links: 0,
        is_shown: true,
    };
    names.iter().enumerate().map(row).collect()
}

#[test]
fn the_best_come_first() {
    let names = ["Maple Ann", "Ann", "Ann Maple", "ann", "Annabel", "Jo Ann", "Dan", "Änn", "id0"];
    let mut rows = rows(&names);
    (rows[3].links, rows[7].links, rows[6].id) = (5, 2, "Ann7".to_owned());
    let rows = Rows(&rows, None);
    let index = index_of(&rows);
    assert_eq!(find(&index, &rows, "Ann", 20), [3, 7, 1, 2, 4, 5, 0, 6]);
    assert_eq!(find(&index, &rows, "Ann", 3), [3, 7, 1]);
    assert_eq!(find(&index, &rows, "ann ma", 20), [2, 0]);
    assert_eq!(find(&index, &rows, "ma ann", 20), [2, 0]);
    assert_eq!(find(&index, &rows, "maple a", 20), [0, 2]);
    assert_eq!(find(&index, &rows, "id0", 20), [8, 0]);
    assert_eq!(find(&index, &rows, "none", 20), Vec::<u32>::new());
    assert_eq!(find(&index, &rows, " ", 20), Vec::<u32>::new());
    assert_eq!(find(&index, &rows, "Ann", 0), Vec::<u32>::new());
}

/// Long merges are run elsewhere while names change; the result is of use or is dropped.
#[test]
fn a_merge_may_be_overtaken() {
    let names: Vec<String> = (0..70_000_u32).map(|it| format!("n{} a", it % 977)).collect();
    let mut rows = rows(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut index = NameIndex::default();
    let mut waiting: Vec<(usize, Merge)> = Vec::new();
    let (mut merges, mut most, mut forced) = (0, 0, 0);
    for (step, from) in (0..).zip((0..70_000).step_by(200)) {
        for row in rows.iter_mut().take(from).step_by(997) {
            row.name = Some(format!("m{step} a"));
        }
        let source = Rows(&rows, None);
        let changed = (0..from).step_by(997).chain(from..from + 200);
        index.update(changed.map(|at| named(&rows, at)), &source);
        waiting.extend(index.begin_merge().map(|merge| (step, merge)));
        // One of them never ends.
        let is_ready = |(begun, _): &(usize, Merge)| begun + 4 < step && merges != 5;
        if waiting.first().is_some_and(is_ready) {
            index.finish_merge(waiting.remove(0).1.run(&source));
            merges += 1;
        }
        let count = index.segments().len();
        forced += usize::from(most == SEGMENTS_MAX - 1 && count < most / 2);
        most = most.max(count);
    }
    assert!(merges == 5 && forced > 0, "{merges}, {most}");
    let source = Rows(&rows, None);
    for text in ["n7 a", "m15", "a", "id39", "m3 a"] {
        assert_eq!(find_by(&index, &source, text, 50), find_slowly(&source, text, 50), "{text}");
    }
    // Others have their numbers by now.
    while index.segments().len() < SEGMENTS_MAX - 2 {
        index.update((0..600).map(|at| named(&rows, at)), &source);
    }
    let found = find(&index, &source, "a", 70_000);
    assert_eq!(found.len(), rows.len());
    for (_, merge) in waiting {
        index.finish_merge(merge.run(&source));
        assert_eq!(find(&index, &source, "a", 70_000), found);
    }
}

#[test]
fn a_name_takes_little_memory() {
    let names: Vec<String> = (0..10_000).map(|it| format!("{it:05} Maple Street")).collect();
    let rows = rows(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let index = index_of(&Rows(&rows, None));
    let bytes: usize = index.segments().iter().map(|segment| segment.bytes()).sum();
    assert_eq!((bytes + index.latest().len()) / rows.len(), 18 + 3 * 8 + 17);
}

#[test]
fn a_search_ends_with_its_budget() {
    let names = vec!["b a"; 5_000];
    let rows = rows(&names);
    let rows = Rows(&rows, None);
    let index = index_of(&rows);
    for text in ["b", "a", "id"] {
        let mut left = 4_000_usize;
        let charge = |entries| {
            left = left.saturating_sub(entries);
            left > 0
        };
        let found = index.find(&FoldedQuery::new(text), 10, &rows, charge);
        assert!(!found.is_complete, "{text}");
        let mut charged = 0;
        let charge = |entries| {
            charged += entries;
            true
        };
        let found = index.find(&FoldedQuery::new(text), 10, &rows, charge);
        assert!(found.is_complete && found.records.len() == 10 && charged <= 10_000, "{text}");
    }
}
