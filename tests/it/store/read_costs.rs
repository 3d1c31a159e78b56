//! What reading the events of one location costs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use relata::changes::ChangeFilter;
use relata::history::Subject;
use relata::journal::MemoryJournal;
use relata::{NodeRef, Options, Seq, Store};

use super::location_reads::{LONG_AGO, tell};
use crate::support::counting_reader::Reads;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;

/// A store whose readers are counted.
fn counted(options: Options) -> (Store, Arc<Reads>) {
    let journal = Faulty::new(MemoryJournal::new(), Fault::Full, u64::MAX);
    let reads = Arc::clone(&journal.plan.reads);
    (Store::with_journal(Box::new(journal), options).unwrap(), reads)
}

fn relation(location: &str, number: u64) -> String {
    format!(
        r#"{{"type":"RelationCreate","id":"r{number}","associationId":"A","locationId":"{location}","firstObjectKey":"contact","firstRecordId":"c{number}","secondObjectKey":"house","secondRecordId":"h"}}"#
    )
}

/// Every `EVERY`th event is of the small location.
const EVERY: u64 = 1_000;

/// A store of which a checkpoint covers everything.
fn with_a_small_location(events: u64) -> (Store, Arc<Reads>) {
    let options = Options { checkpoint_events: 1_500, ..Options::default() };
    let (store, reads) = counted(options);
    let location = |number| if number % EVERY == 7 { "small" } else { "large" };
    let bodies: Vec<String> =
        (0..events).map(|number| relation(location(number), number)).collect();
    tell(&store, &bodies, LONG_AGO);
    store.checkpoint().unwrap();
    reads.take();
    (store, reads)
}

/// A tenant with a dozen events read those of all others for each page of its own, and
/// a reader of changes took the notes of the whole journal into memory.
#[test]
fn a_small_location_beside_a_large_one_reads_only_its_own_events() {
    for events in [10_000, 20_000] {
        let (store, reads) = with_a_small_location(events);
        let own = events / EVERY;
        // Each is in a block of 64 of its own.
        let most = own * 64;
        let read = |what: &str, most: u64, hashes_most: u64| {
            let (entries, hashes) = reads.take();
            assert!(entries <= most, "{what}: {entries} entries of {events}, not {most}");
            assert!(hashes <= hashes_most, "{what}: {hashes} bytes of hashes");
        };
        assert_eq!(store.events("small", 0, 100).unwrap().events.len() as u64, own);
        read("events", most, 0);
        assert_eq!(store.events("nobody", 0, 100).unwrap().events, []);
        read("events of nobody", 0, 0);
        let mut lines = Vec::new();
        assert_eq!(store.export_events("small", store.head(), &mut lines).unwrap(), own);
        read("ndjson", most, 0);
        let page = store.changes("small", 0, &ChangeFilter::default(), 100).unwrap();
        assert_eq!((page.events.len() as u64, page.upto), (own, events));
        read("changes", most, 0);
        assert_eq!(store.past("small", events - 1).unwrap().graph.view().counts().relations, own);
        read("asOf", most, 0);
        store.timeline("small", None).unwrap();
        read("timeline", most, 0);
        let subject = Subject::Relation("r3007".into());
        assert_eq!(store.history("small", &subject, 0, 10).unwrap().events.len(), 1);
        // The run that it occurs in, and the hashes of each run that the location is in.
        read("history", 5 * 64, own * 4_096 * 12 + 8_192 * own);
    }
}

/// Each page read the notes of all that came after it: four times the events cost
/// sixteen times the reading.
#[test]
fn reading_in_pages_costs_no_more_than_reading_at_once() {
    let mut costs = Vec::new();
    for events in [5_000, 20_000] {
        let (store, reads) = with_a_small_location(events);
        let (mut at, mut pages) = (0, 0);
        while at < events {
            at = store.changes("large", at, &ChangeFilter::default(), 250).unwrap().upto;
            let (entries, hashes) = reads.take();
            assert!(entries <= 250 + 64 && hashes == 0, "page {pages}: {entries}, {hashes}");
            pages += 1;
        }
        let (mut next, mut read, mut pages_of_one) = (Some(0), (0, 0), 0);
        let subject = Subject::Node(NodeRef::record("house", "h"));
        while let Some(after) = next {
            next = store.history("large", &subject, after, 250).unwrap().next;
            let (entries, hashes) = reads.take();
            assert!(entries <= 250 + 64 && hashes <= 2 * 4_096 * 12, "{entries} {hashes}");
            read = (read.0 + entries, read.1 + hashes);
            pages_of_one += 1;
        }
        assert_eq!(pages, pages_of_one);
        costs.push(read);
    }
    assert!(costs[1].0 <= costs[0].0 * 5 && costs[1].1 <= costs[0].1 * 6, "{costs:?}");
}

/// What a read from the file costs, in bytes, as the system counts them.
fn bytes_read() -> u64 {
    let io = std::fs::read_to_string("/proc/thread-self/io").unwrap_or_default();
    let read = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.map_or(0, |read| read.parse().unwrap())
}

/// The figures that are told say how much a whole catch-up reads from the file.
#[test]
fn a_catch_up_reads_each_event_about_once() {
    let directory = tempfile::tempdir().unwrap();
    let (few, many) = if long::rounds(0, 1) == 1 { (250_000, 1_000_000) } else { (4_000, 16_000) };
    let mut read = Vec::new();
    for events in [few, many] {
        let db = directory.path().join(format!("{events}.db"));
        let store = Store::open(&db).unwrap();
        let begun = Instant::now();
        let location = |number| if number % EVERY == 7 { "small" } else { "large" };
        let lines: Vec<String> =
            (0..events).map(|number| relation(location(number), number)).collect();
        store.import().read(lines.join("\n").as_bytes(), |_| Ok(())).unwrap();
        store.checkpoint().unwrap();
        long::tell(&format!("import of {events}"), format!("{:?}", begun.elapsed()));
        let (begun, before, mut at, mut seen) = (Instant::now(), bytes_read(), 0, 0);
        while at < events {
            let page = store.changes("large", at, &ChangeFilter::default(), 500).unwrap();
            (at, seen) = (page.upto, seen + page.events.len() as u64);
        }
        assert_eq!(seen, events - events / EVERY);
        read.push(bytes_read() - before);
        long::tell(
            &format!("catch-up over {events}"),
            format!("{:?}, {} kB read", begun.elapsed(), read[read.len() - 1] / 1_024),
        );
    }
    assert!(read[1] <= read[0] * 5, "four times the events, {read:?} bytes read");
}

/// The reading of a server's client that has left, or of one that stops.
#[test]
fn a_reader_is_closed_after_each_reading() {
    let (store, reads) = with_a_small_location(3_000);
    store.events("large", 0, 10).unwrap();
    store.changes("large", 0, &ChangeFilter::default(), 10).unwrap();
    store.past("large", 100).unwrap();
    assert_eq!(reads.open.load(Ordering::Relaxed), 0);
}

/// The newest body of a record was on the last page of its history.
#[test]
fn the_newest_page_of_a_history_costs_what_it_shows() {
    for events in [10_000, 40_000] {
        let (store, reads) = with_a_small_location(events);
        let hub = Subject::Node(NodeRef::record("house", "h"));
        let page = store.history_newest("large", &hub, Seq::MAX, 10).unwrap();
        assert_eq!((page.events.len(), page.events[0].seq), (10, events));
        let (entries, hashes) = reads.take();
        assert!(entries <= 64 + 64 && hashes <= 2 * 4_096 * 12, "{entries}, {hashes}");

        // The next page begins there; a long one reads more at once.
        let page = store.history_newest("large", &hub, page.next.unwrap(), 500).unwrap();
        assert_eq!(page.events.len(), 500);
        let (entries, hashes) = reads.take();
        assert!(entries <= 500 + 2 * 256, "{entries} entries");
        assert!(hashes <= 2 * 4_096 * 12, "{hashes} bytes of hashes");

        // What one event alone names: the run that it is in, and the hashes of those after it.
        let old = Subject::Relation("r3008".into());
        let page = store.history_newest("large", &old, Seq::MAX, 10).unwrap();
        assert_eq!((page.events.len(), page.next), (1, None));
        let (entries, _) = reads.take();
        assert!(entries <= 4_096, "{entries} entries");

        // A location with few events beside one with many.
        let small = Subject::Relation("r7".into());
        let page = store.history_newest("small", &small, Seq::MAX, 10).unwrap();
        assert_eq!((page.events.len(), page.next), (1, None));
        let (entries, _) = reads.take();
        assert!(entries <= 5 * 64, "{entries} entries");
    }
}

#[test]
fn a_whole_history_costs_the_same_from_either_end() {
    let (store, reads) = with_a_small_location(20_000);
    let subject = Subject::Node(NodeRef::record("house", "h"));
    let (mut next, mut shown) = (Some(Seq::MAX), 0);
    while let Some(before) = next {
        let page = store.history_newest("large", &subject, before, 250).unwrap();
        (next, shown) = (page.next, shown + page.events.len());
        let (entries, hashes) = reads.take();
        assert!(entries <= 250 + 2 * 256 && hashes <= 2 * 4_096 * 12, "{entries} {hashes}");
    }
    assert_eq!(shown, 20_000 - 20);
}
