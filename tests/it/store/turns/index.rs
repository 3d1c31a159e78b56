//! The index of the ids of deliveries, which the processes on a database share.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use relata::journal::{Journal, JournalEntry, PostgresJournal, PostgresUrl};
use relata::{Options, Status, Store, Timestamp};

use crate::store::repeats::{BLOCK, PARTS, body, known, tell, until};
use crate::support::fault_plan::{Fault, Plan};
use crate::support::faulty_journal::Faulty;
use crate::support::postgres::{Cluster, shared};

/// Opens the store in a database, whose index takes this long to be read, for each part.
fn open(url: &str, part_delay_ms: u64) -> (Store, Arc<Plan>) {
    let journal = PostgresJournal::open(&PostgresUrl::new(url)).unwrap();
    let journal = Faulty::new(journal, Fault::Full, u64::MAX);
    let plan = Arc::clone(&journal.plan);
    plan.reads.part_delay_ms.store(part_delay_ms, Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    until(|| store.is_ready());
    (store, plan)
}

/// Appends deliveries to two locations as another process does, two blocks and a few, and
/// returns their number.
fn append(url: &str) -> u64 {
    let mut journal = PostgresJournal::open(&PostgresUrl::new(url)).unwrap();
    let count = 2 * BLOCK + 1_000;
    let location = |number| ["a", "b"][usize::from(number % 2 == 1)];
    let texts = (0..count).map(|number| (format!("w{number}"), body(location(number), number)));
    let texts: Vec<(String, String)> = texts.collect();
    let entries: Vec<JournalEntry<'_>> = (0..count)
        .zip(&texts)
        .map(|(number, (id, body))| JournalEntry {
            location: location(number),
            event_type: "RecordUpdate",
            entity: "r",
            webhook_id: Some(id),
            at: None,
            received_at: Timestamp::from_millis(number.cast_signed()),
            body,
        })
        .collect();
    for batch in entries.chunks(8_192) {
        journal.append(batch).unwrap();
    }
    count
}

fn number(cluster: &Cluster, url: &str, select: &str) -> u64 {
    cluster.run_sql(url, &format!("SELECT {select} FROM delivery_block")).parse().unwrap()
}

/// Every start read the events of seven days.
#[test]
fn repeats_are_known_from_the_index_that_another_process_writes() {
    let Some(cluster) = shared() else { return };
    let url = cluster.new_database();
    let (saving, saving_plan) = open(&url, 0);
    until(|| saving.saves_checkpoints());
    let (other, other_plan) = open(&url, 0);
    let count = append(&url);
    until(|| number(cluster, &url, "count(*)") == 2 * PARTS);
    assert_eq!(saving_plan.indexings.load(Relaxed), 2, "a block each time");
    until(|| other.head() == count);
    assert_eq!(other_plan.indexings.load(Relaxed), 0, "it saves nothing");

    // Those that start at once read no event, and what comes meanwhile is known as well.
    let all = [0, 1].map(|of| (of..count).step_by(1_500).count());
    let late = [open(&url, 20), open(&url, 20)];
    for (place, (store, plan)) in (0..).zip(&late) {
        assert_eq!(plan.ids_read.load(Relaxed), 1_000);
        let seq = tell(&saving, "a", count + place).unwrap().seq;
        assert_eq!(seq, Some(count + 1 + place));
        let receipt = tell(store, "a", count + place).unwrap();
        assert_eq!((receipt.status, receipt.seq), (Status::Duplicate, seq));
        let receipt = tell(store, "b", 1).unwrap();
        assert_eq!((receipt.status, receipt.seq), (Status::Duplicate, Some(2)));
        assert_eq!(known(store, count, 1_500), all);
    }
}

/// What is left of an erased location in the index made the same deliveries repeats.
#[test]
fn ids_that_another_process_erases_are_known_to_none() {
    let Some(cluster) = shared() else { return };
    let url = cluster.new_database();
    let (saving, _) = open(&url, 0);
    let count = append(&url);
    until(|| number(cluster, &url, "count(*)") == 2 * PARTS);
    // One that has recalled some parts only.
    let (late, _) = open(&url, 100);
    saving.erase_location("a").unwrap().unwrap();
    let left = "sum(length(replace(encode(hashes, 'hex'), '00000000000000000000ffff', ''))) / 24";
    assert_eq!(number(cluster, &url, left), BLOCK, "only those of the other location");
    let kept = [0, (1..count).step_by(1_500).count()];
    until(|| late.location("a").unwrap().is_none());
    let (third, _) = open(&url, 0);
    for store in [&saving, &late, &third] {
        assert_eq!(known(store, count, 1_500), kept);
    }
    let again = tell(&late, "a", 0).unwrap();
    assert_ne!(again.status, Status::Duplicate);
    assert_eq!(again.seq, Some(count + 1));
    for store in [&saving, &third] {
        assert_eq!(tell(store, "a", 0).unwrap().seq, again.seq);
    }
}
