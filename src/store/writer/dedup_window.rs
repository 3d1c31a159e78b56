//! Which deliveries were accepted lately, to know a repeat.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::journal::{JournalError, JournalReader};
use crate::model::{Seq, Timestamp};

/// How long an id is known at least, unless there are more than fit. HighLevel repeats a
/// delivery for up to three days.
pub(crate) const DEDUP_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// Maximum time between two deliveries that counts. A clock that was wrong may have set one
/// far ahead of the other, which makes none older than it is.
const GAP: Duration = Duration::from_secs(24 * 3600);

fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(later.as_millis().abs_diff(earlier.as_millis())).min(GAP)
}

/// Returns the event after which ids are read when a store is opened: those of the last
/// seven days before the newest event, but no more than fit.
///
/// The clock does not matter: a wrong one must not make a store forget.
pub(crate) fn recall_after(
    journal: &mut dyn JournalReader,
    room: usize,
) -> Result<Seq, JournalError> {
    let (head, pruned) = (journal.head()?, journal.pruned()?);
    // Only those pruned ones are remembered that may be repeated.
    let (mut after, mut left) = (if head <= pruned { 0 } else { head }, DEDUP_WINDOW);
    // From one delivery back to the first of the day before it, and over the gap there.
    while let Some(at) = journal.received_at(after)? {
        let first = journal.first_since(at.before(left.min(GAP)))?;
        if first <= pruned + 1 {
            after = 0;
            break;
        }
        let oldest = journal.received_at(first)?.unwrap_or(at);
        let before = journal.received_at(first - 1)?.unwrap_or(oldest);
        left = left.saturating_sub(between(oldest, at));
        after = first - 1;
        match left.checked_sub(between(before, oldest)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Ok(after.max(head.saturating_sub(room as Seq)))
}

/// The ids of accepted deliveries of all locations, each as a keyed 128-bit hash
/// of location and id, so that no sender can make two ids the same.
///
/// They are kept in two generations. When the young one spans seven days, or
/// half of the room, the old one is forgotten and the young one takes its
/// place: so an id is known for seven to fourteen days, or among the last half
/// of the room. It costs 25 bytes an id and as much again while a table is half
/// empty.
#[derive(Debug)]
pub(crate) struct DedupWindow {
    states: (RandomState, RandomState),
    young: Generation,
    old: Generation,
    generation_ids: usize,
    /// When the newest id came.
    last: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Generation {
    /// The time over which its ids were received.
    span: Duration,
    known: HashTable<(DeliveryKey, Seq)>,
}

/// Both halves of the hash.
type DeliveryKey = (u64, u64);

impl DedupWindow {
    /// Creates a window for this many ids.
    pub(crate) fn new(limit: usize) -> Self {
        let generation_ids = (limit / 2).max(1);
        let (young, old) = Default::default();
        Self { states: Default::default(), young, old, generation_ids, last: None }
    }

    /// Returns the seq under which this delivery was accepted, or `None` if it was not.
    pub(crate) fn find(&self, location: &str, webhook_id: &str) -> Option<Seq> {
        self.seq_of(self.key(location, webhook_id))
    }

    /// Returns the seq under which this delivery was accepted, or adds it under `seq`.
    pub(crate) fn insert(
        &mut self,
        location: &str,
        webhook_id: &str,
        seq: Seq,
        at: Timestamp,
    ) -> Option<Seq> {
        let key = self.key(location, webhook_id);
        let known = self.seq_of(key);
        if known.is_none() {
            self.young.span += self.last.map_or(Duration::ZERO, |last| between(last, at));
            self.last = Some(at);
            let is_old = self.young.span >= DEDUP_WINDOW;
            if is_old || self.young.known.len() >= self.generation_ids {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.known.insert_unique(key.1, (key, seq), |(key, _)| key.1);
        }
        known
    }

    /// Forgets the deliveries of these events, which are in order.
    pub(crate) fn forget(&mut self, seqs: &[Seq]) {
        for generation in [&mut self.young, &mut self.old] {
            generation.known.retain(|(_, seq)| seqs.binary_search(seq).is_err());
        }
    }

    /// Removes a delivery that was added under this seq and not accepted.
    pub(crate) fn remove(&mut self, location: &str, webhook_id: &str, seq: Seq) {
        let added = (self.key(location, webhook_id), seq);
        for generation in [&mut self.young, &mut self.old] {
            if let Ok(entry) = generation.known.find_entry(added.0.1, |it| *it == added) {
                entry.remove();
            }
        }
    }

    fn key(&self, location: &str, webhook_id: &str) -> DeliveryKey {
        let delivery = (location, webhook_id);
        (self.states.0.hash_one(delivery), self.states.1.hash_one(delivery))
    }

    fn seq_of(&self, key: DeliveryKey) -> Option<Seq> {
        let same = |(known, _): &(DeliveryKey, Seq)| *known == key;
        let generations = [&self.young, &self.old];
        generations
            .iter()
            .find_map(|generation| generation.known.find(key.1, same))
            .map(|(_, seq)| *seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CheckpointSeq, Journal, JournalEntry, MemoryJournal};

    const DAY: i64 = 24 * 3600 * 1000;

    /// Notes `count` ids from this number on, at this day.
    fn fill(deliveries: &mut DedupWindow, from: u64, count: u64, day: i64) {
        let at = Timestamp::from_millis(day * DAY);
        for number in from..from + count {
            assert_eq!(deliveries.insert("a", &number.to_string(), number, at), None);
        }
    }

    fn known(deliveries: &DedupWindow, number: u64) -> bool {
        deliveries.find("a", &number.to_string()) == Some(number)
    }

    #[test]
    fn ids_belong_to_their_location() {
        let mut deliveries = DedupWindow::new(100);
        let now = Timestamp::from_millis(0);
        assert_eq!(deliveries.insert("a", "1", 1, now), None);
        assert_eq!(deliveries.insert("a", "1", 2, now), Some(1));
        assert_eq!(deliveries.insert("b", "1", 2, now), None, "another location");
        assert_eq!(deliveries.insert("a", "1b", 3, now), None);
        assert_eq!(deliveries.find("b", "1"), Some(2));
        assert_eq!(deliveries.find("", "1"), None);
    }

    #[test]
    fn an_id_is_known_for_seven_days_and_then_forgotten() {
        let mut deliveries = DedupWindow::new(1_000_000);
        for day in 0..40 {
            fill(&mut deliveries, day * 10, 10, day.cast_signed());
            for past in 0..day {
                let age = day - past;
                assert!(age > 7 || known(&deliveries, past * 10), "{day}: {past}");
                assert!(age < 15 || !known(&deliveries, past * 10), "{day}: {past}");
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_the_last_half_is_known() {
        let mut deliveries = DedupWindow::new(1_000);
        for round in 0..50 {
            fill(&mut deliveries, round * 100, 100, 0);
            let last = round * 100 + 99;
            let first = last.saturating_sub(499);
            assert!((first..=last).all(|number| known(&deliveries, number)));
            assert!(deliveries.young.known.len() + deliveries.old.known.len() <= 1_000);
        }
        assert!(!known(&deliveries, 3_900));
    }

    /// A clock was a year ahead for a quarter of an hour; after the next start the ids of
    /// the days before were unknown.
    #[test]
    fn a_clock_far_ahead_makes_no_id_old() {
        let mut journal = MemoryJournal::new();
        let mut deliveries = DedupWindow::new(1_000);
        // Day by day, an hour with the clock ahead, and what it leaves: times stand still.
        for (day, seq) in [0, 1, 2, 365, 365, 365, 800, 800].into_iter().zip(0..) {
            let entry = JournalEntry {
                location: "a",
                event_type: "RecordCreate",
                entity: "r",
                webhook_id: None,
                at: None,
                received_at: Timestamp::from_millis(day * DAY),
                body: "{}",
            };
            journal.append(&[entry; 10]).unwrap();
            fill(&mut deliveries, seq * 10, 10, day);
        }
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 0);
        assert!((0..80).all(|number| known(&deliveries, number)));
    }

    /// Opening read every id of seven days, however few of them there was room for, while
    /// the deliveries that came meanwhile were refused.
    #[test]
    fn no_more_is_recalled_than_there_is_room_for() {
        let mut journal = MemoryJournal::new();
        assert_eq!(recall_after(&mut journal, 10).unwrap(), 0);
        for day in 0..20 {
            let entry = JournalEntry {
                location: "a",
                event_type: "RecordCreate",
                entity: "r",
                webhook_id: None,
                at: None,
                received_at: Timestamp::from_millis(day * DAY),
                body: "{}",
            };
            journal.append(&[entry; 10]).unwrap();
        }
        // The newest came on day 19, so those of day 12 are the oldest of seven days,
        // whatever the clock says now.
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 120);
        assert_eq!(recall_after(&mut journal, 50).unwrap(), 150);
        journal.save_checkpoint(CheckpointSeq::whole(200), &mut |_| Ok(())).unwrap();
        let at = |day| Timestamp::from_millis(day * DAY);
        journal.prune(at(11), at(5), 1_000).unwrap();
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 120);
        journal.prune(at(15), at(5), 1_000).unwrap();
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 0, "those pruned, too");
        assert_eq!(recall_after(&mut journal, 60).unwrap(), 140);
    }
}
