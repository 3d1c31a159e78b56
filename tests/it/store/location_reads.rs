//! Reading the events of one location: all of them, and little else.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use relata::changes::{ChangeFilter, ChangesError};
use relata::graph::LocationGraph;
use relata::history::Subject;
use relata::journal::{Journal, MemoryJournal, SqliteJournal};
use relata::webhook::{Decoded, decode};
use relata::{Change, Delivery, NodeRef, Options, Receipt, Seq, Status, Store, Timestamp};
use rusqlite::Connection;

use crate::support::long;
use crate::support::random::Random;

const LOCATIONS: [&str; 4] = ["large", "middle", "small", "rare"];

/// Events that are told while this is the time are old enough to be pruned.
pub(super) const LONG_AGO: Timestamp = Timestamp::from_millis(1_000);

/// A body of any type, the more often the larger the location.
fn body(random: &mut Random) -> String {
    let location = match random.below(300) {
        0 => "rare",
        1..6 => "small",
        6..60 => "middle",
        _ => "large",
    };
    let (id, other) = (random.below(40), random.below(40));
    let kind = if random.below(5) == 0 { "Delete" } else { "Create" };
    match random.below(12) {
        0 => format!(
            r#"{{"type":"Association{kind}","id":"a{}","key":"k","locationId":"{location}","firstObjectKey":"x","firstObjectLabel":"a","secondObjectKey":"y","secondObjectLabel":"b"}}"#,
            id % 3
        ),
        1 => format!(
            r#"{{"type":"Record{kind}","id":"i{id}","objectKey":"x","locationId":"{location}"}}"#
        ),
        2 => format!(r#"{{"type":"NothingWeKnow","id":"n{id}","locationId":"{location}"}}"#),
        _ => format!(
            r#"{{"type":"Relation{kind}","id":"r{id}","associationId":"a{}","locationId":"{location}","firstObjectKey":"x","firstRecordId":"i{id}","secondObjectKey":"y","secondRecordId":"i{other}"}}"#,
            id % 3
        ),
    }
}

/// Ingests many at once, and returns what became of each.
pub(super) fn tell(store: &Store, bodies: &[String], received_at: Timestamp) -> Vec<Receipt> {
    let (sender, receipts) = mpsc::channel();
    for body in bodies {
        let delivery = Delivery::read(body.as_bytes(), None, received_at).unwrap();
        let sender = sender.clone();
        store.submit_waiting(delivery, move |told| sender.send(told.unwrap()).unwrap()).unwrap();
    }
    drop(sender);
    receipts.iter().collect()
}

/// What was accepted, by position, as a model too simple to be wrong.
#[derive(Default)]
struct Model {
    /// Location, body, and whether it changed the graph; nothing of what was erased.
    events: Vec<Option<(String, String, bool)>>,
    pruned: Seq,
}

impl Model {
    fn tell(&mut self, store: &Store, bodies: &[String], at: Timestamp) {
        for (told, body) in tell(store, bodies, at).into_iter().zip(bodies) {
            assert_eq!(told.seq, Some(self.events.len() as Seq + 1));
            let location = told.location.unwrap().to_string();
            self.events.push(Some((location, body.clone(), told.status == Status::Applied)));
        }
    }

    fn erase(&mut self, location: &str) {
        for event in &mut self.events {
            *event = event.take().filter(|(of, ..)| of != location);
        }
    }

    /// The events of a location that are left behind `after`.
    fn of(&self, location: &str, after: Seq) -> Vec<(Seq, &str, bool)> {
        let after = after.max(self.pruned);
        let events = (1..).zip(&self.events).filter_map(|(seq, event)| {
            let (of, body, applied) = event.as_ref()?;
            (of == location && seq > after).then_some((seq, body.as_str(), *applied))
        });
        events.collect()
    }

    fn check(&self, store: &Store, random: &mut Random) {
        let head = self.events.len() as Seq;
        assert_eq!((store.head(), store.pruned().unwrap()), (head, self.pruned));
        for location in LOCATIONS {
            let after = random.below(head + 1) / (1 + random.below(9));
            // A few pages, or of what is short some of a single event.
            let left = self.of(location, after).len() as u64;
            let limit = usize::try_from(1 + left / 5 + random.below(4)).unwrap();
            self.check_events(store, location, after, limit);
            self.check_changes(store, location, after, limit);
            let subject = match random.below(4) {
                0 => Subject::Relation(format!("r{}", random.below(40))),
                1 => Subject::Association(format!("a{}", random.below(3))),
                2 => Subject::Node(NodeRef::record("x", format!("i{}", random.below(40)))),
                _ => Subject::Node(NodeRef::object("y")),
            };
            self.check_history(store, location, &subject, after, limit);
            if self.pruned == 0 {
                self.check_past(store, location, after);
            }
        }
    }

    fn check_events(&self, store: &Store, location: &str, after: Seq, limit: usize) {
        let (mut at, mut found) = (Some(after), Vec::new());
        while let Some(after) = at {
            let page = store.events(location, after, limit).unwrap();
            assert!(page.events.len() <= limit && page.next.is_none_or(|next| next > after));
            found.extend(page.events.into_iter().map(|event| (event.seq, event.body)));
            at = page.next;
        }
        let expected = self.of(location, after).into_iter();
        let expected: Vec<_> = expected.map(|(seq, body, _)| (seq, body.to_owned())).collect();
        assert!(found == expected, "{location} after {after}: {found:?} {expected:?}");
    }

    fn check_changes(&self, store: &Store, location: &str, after: Seq, limit: usize) {
        let filter = ChangeFilter::default();
        if after < self.pruned {
            let refused = store.changes(location, after, &filter, limit);
            assert!(matches!(refused, Err(ChangesError::Pruned(_))));
            return;
        }
        let (mut at, mut found) = (after, Vec::new());
        while at < store.head() {
            let page = store.changes(location, at, &filter, limit).unwrap();
            assert!(page.events.len() <= limit && page.upto > at);
            found.extend(page.events.into_iter().map(|applied| applied.seq));
            at = page.upto;
        }
        let applied = self.of(location, after).into_iter().filter(|(.., applied)| *applied);
        assert_eq!(found, applied.map(|(seq, ..)| seq).collect::<Vec<_>>(), "{location} {after}");
    }

    fn check_history(
        &self,
        store: &Store,
        location: &str,
        subject: &Subject,
        after: Seq,
        limit: usize,
    ) {
        let (mut at, mut found) = (Some(after), Vec::new());
        while let Some(after) = at {
            let page = store.history(location, subject, after, limit).unwrap();
            found.extend(page.events.into_iter().map(|event| event.seq));
            at = page.next;
        }
        let concerned = |(seq, body, _): (Seq, &str, bool)| {
            let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { return None };
            is_about(&event.change, subject).then_some(seq)
        };
        let all: Vec<Seq> = self.of(location, 0).into_iter().filter_map(concerned).collect();
        let (earlier, later) = all.split_at(all.partition_point(|seq| *seq <= after));
        assert_eq!(found, later, "{location} {subject:?} after {after}");

        let (mut at, mut newest) = (Some(after + 1), Vec::new());
        while let Some(before) = at {
            let page = store.history_newest(location, subject, before, limit).unwrap();
            assert!(page.events.len() <= limit && page.next.is_none_or(|next| next < before));
            newest.extend(page.events.into_iter().map(|event| event.seq));
            at = page.next;
        }
        newest.reverse();
        assert_eq!(newest, earlier, "{location} {subject:?} up to {after}");
    }

    fn check_past(&self, store: &Store, location: &str, upto: Seq) {
        let (mut graph, mut lines) = (LocationGraph::new(), Vec::new());
        for (seq, body, _) in self.of(location, 0).into_iter().filter(|(seq, ..)| *seq <= upto) {
            if let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() {
                graph.merge(seq, &event);
                lines.extend([body, "\n"]);
            }
        }
        let mut found = Vec::new();
        store.past(location, upto).unwrap().graph.differences(&graph, &mut found, 5);
        assert_eq!(found, [], "{location} as of {upto}");
        let mut exported = Vec::new();
        store.export_events(location, upto, &mut exported).unwrap();
        assert_eq!(String::from_utf8(exported).unwrap(), lines.concat());
    }
}

/// Whether an event is about one of the subjects asked for above.
fn is_about(change: &Change, subject: &Subject) -> bool {
    match (subject, change) {
        (Subject::Relation(id), Change::Relation(relation)) => relation.id.as_str() == id,
        (Subject::Association(id), Change::Association(_) | Change::AssociationDeleted { .. }) => {
            change.entity_id() == id
        }
        (Subject::Node(NodeRef { record: Some(id), object }), Change::Relation(relation)) => {
            [&relation.first, &relation.second]
                .iter()
                .any(|end| end.id == *id && end.object == *object)
        }
        (Subject::Node(NodeRef { record: Some(named), .. }), Change::Record { id, .. }) => {
            id == named
        }
        (
            Subject::Node(NodeRef { record: None, .. }),
            Change::Association(_) | Change::AssociationDeleted { .. },
        ) => true,
        _ => false,
    }
}

fn options(random: &mut Random) -> Options {
    Options {
        checkpoint_events: [20, 200, 1_000, 1_000_000][usize::try_from(random.below(4)).unwrap()],
        checkpoint_interval: Duration::from_secs(1_000),
        batch_events: 64,
        keep_ignored: true,
        ..Options::default()
    }
}

/// Makes of a file what an earlier version, or a lost note, would have left.
fn age(db: &Path, random: &mut Random) {
    let file = Connection::open(db).unwrap();
    let upto = random.below(6_000);
    let sql = match random.below(6) {
        0 => "DROP TABLE location_block; DROP TABLE location_block_range; DROP TABLE state_name; \
              DROP TABLE unnamed; DROP TABLE state_summary; DROP TABLE delivery_block; \
              DROP TABLE delivery_key; PRAGMA user_version = 10"
            .to_owned(),
        1 => "DELETE FROM location_block_range; DELETE FROM location_block".to_owned(),
        2 => format!("UPDATE location_block_range SET first = max(first, min(last, {upto}))"),
        3 => format!("UPDATE location_block_range SET last = min(last, max(first, {upto}))"),
        4 => format!("DELETE FROM mentions WHERE first % 3 = {}", upto % 3),
        _ => format!("DELETE FROM mentions WHERE first < {upto}"),
    };
    file.execute_batch(&sql).unwrap();
}

/// Events of locations of all sizes, checkpoints, restarts, files of older versions,
/// erased locations and pruned events: each location is answered as if all was read.
#[test]
fn reading_one_location_finds_what_a_full_scan_finds() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..u64::from(long::rounds(3, 200)) {
        let (mut random, mut model) = (Random(seed), Model::default());
        let db = directory.path().join(format!("{seed}.db"));
        let memory = MemoryJournal::new();
        let open = |options: Options| {
            let journal: Box<dyn Journal> = if seed % 3 == 2 {
                Box::new(memory.clone())
            } else {
                Box::new(SqliteJournal::open(&db).unwrap())
            };
            Store::with_journal(journal, options).unwrap()
        };
        for round in 0..8 {
            let store = open(options(&mut random));
            let many = if round == 2 { 4_500 } else { random.below(200) };
            let bodies: Vec<String> = (0..many).map(|_| body(&mut random)).collect();
            let at = if round < 6 { LONG_AGO } else { Timestamp::now() };
            model.tell(&store, &bodies, at);
            model.check(&store, &mut random);
            if random.below(4) == 0 {
                let location = LOCATIONS[usize::try_from(random.below(4)).unwrap()];
                store.erase_location(location).unwrap();
                model.erase(location);
                model.check(&store, &mut random);
            }
            store.close().unwrap();
            if round % 2 == 1 && seed % 3 != 2 {
                age(&db, &mut random);
                let reader = Store::open_read_only(&db).unwrap();
                model.check(&reader, &mut random);
            }
            if round == 6 {
                prune(&open, &mut model, &mut random);
            }
        }
    }
}

/// Prunes what was told long ago, and looks at what is left meanwhile.
fn prune(open: &dyn Fn(Options) -> Store, model: &mut Model, random: &mut Random) {
    let hour = Some(Duration::from_secs(3_600));
    let store = open(Options { keep_events: hour, ..options(random) });
    let old = {
        let mut reader = store.reader().unwrap();
        reader.first_since(Timestamp::from_millis(2_000)).unwrap() - 1
    };
    let start = Instant::now();
    while store.pruned().unwrap() < old {
        assert!(start.elapsed() < Duration::from_secs(60));
        let page = store.events("large", 0, 5).unwrap();
        assert!(page.events.is_empty() || page.events[0].seq > page.pruned);
    }
    model.pruned = old;
    model.check(&store, random);
    store.close().unwrap();
}
