//! Which deliveries were accepted lately, to know a repeat.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::journal::{JournalError, JournalReader};
use crate::model::{Seq, Timestamp};

/// For how long an id is known at least, unless more came than there is room
/// for. HighLevel repeats a delivery for up to three days.
pub(super) const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Returns the event after which ids are to be learned when a store is opened: those of
/// the last seven days before the newest event, but no more than there is room for.
///
/// The clock has no say: one that is wrong must not make a store forget.
pub(super) fn recall_after(
    journal: &mut dyn JournalReader,
    room: usize,
) -> Result<Seq, JournalError> {
    let (head, pruned) = (journal.head()?, journal.pruned()?);
    let since = journal.received_at(head)?.map(|newest| newest.before(REMEMBERED));
    let first = since.map_or(Ok(0), |since| journal.first_since(since))?;
    // Of the pruned ones no more are remembered than may come again.
    let after = if first <= pruned + 1 { 0 } else { first - 1 };
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
pub(super) struct Deliveries {
    states: (RandomState, RandomState),
    young: Generation,
    old: Generation,
    generation_ids: usize,
}

#[derive(Debug, Default)]
struct Generation {
    /// When its first id came.
    since: Option<Timestamp>,
    known: HashTable<(Key, Seq)>,
}

/// Both halves of the hash.
type Key = (u64, u64);

impl Deliveries {
    /// With room for this many ids.
    pub(super) fn new(limit: usize) -> Self {
        let generation_ids = (limit / 2).max(1);
        let (young, old) = Default::default();
        Self { states: Default::default(), young, old, generation_ids }
    }

    /// The seq under which this delivery was accepted, if it was.
    pub(super) fn find(&self, location: &str, webhook_id: &str) -> Option<Seq> {
        self.seq_of(self.key(location, webhook_id))
    }

    /// The seq under which this delivery was accepted, if it was; else notes it
    /// under `seq`.
    pub(super) fn note(
        &mut self,
        location: &str,
        webhook_id: &str,
        seq: Seq,
        at: Timestamp,
    ) -> Option<Seq> {
        let key = self.key(location, webhook_id);
        let known = self.seq_of(key);
        if known.is_none() {
            let since = *self.young.since.get_or_insert(at);
            let age = at.as_millis().saturating_sub(since.as_millis());
            let is_old = u128::try_from(age).is_ok_and(|age| age >= REMEMBERED.as_millis());
            if is_old || self.young.known.len() >= self.generation_ids {
                self.old = std::mem::take(&mut self.young);
                self.young.since = Some(at);
            }
            self.young.known.insert_unique(key.1, (key, seq), |(key, _)| key.1);
        }
        known
    }

    /// Forgets the deliveries of these events, which are in order.
    pub(super) fn forget(&mut self, seqs: &[Seq]) {
        for generation in [&mut self.young, &mut self.old] {
            generation.known.retain(|(_, seq)| seqs.binary_search(seq).is_err());
        }
    }

    /// Forgets a delivery that was noted under this seq and not accepted.
    pub(super) fn take_back(&mut self, location: &str, webhook_id: &str, seq: Seq) {
        let noted = (self.key(location, webhook_id), seq);
        for generation in [&mut self.young, &mut self.old] {
            if let Ok(entry) = generation.known.find_entry(noted.0.1, |it| *it == noted) {
                entry.remove();
            }
        }
    }

    fn key(&self, location: &str, webhook_id: &str) -> Key {
        let delivery = (location, webhook_id);
        (self.states.0.hash_one(delivery), self.states.1.hash_one(delivery))
    }

    fn seq_of(&self, key: Key) -> Option<Seq> {
        let same = |(known, _): &(Key, Seq)| *known == key;
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
    use crate::journal::{Entry, Journal, MemoryJournal};

    const DAY: i64 = 24 * 3600 * 1000;

    /// Notes `count` ids from this number on, at this day.
    fn fill(deliveries: &mut Deliveries, from: u64, count: u64, day: i64) {
        let at = Timestamp::from_millis(day * DAY);
        for number in from..from + count {
            assert_eq!(deliveries.note("a", &number.to_string(), number, at), None);
        }
    }

    fn known(deliveries: &Deliveries, number: u64) -> bool {
        deliveries.find("a", &number.to_string()) == Some(number)
    }

    #[test]
    fn ids_belong_to_their_location() {
        let mut deliveries = Deliveries::new(100);
        let now = Timestamp::from_millis(0);
        assert_eq!(deliveries.note("a", "1", 1, now), None);
        assert_eq!(deliveries.note("a", "1", 2, now), Some(1));
        assert_eq!(deliveries.note("b", "1", 2, now), None, "another location");
        assert_eq!(deliveries.note("a", "1b", 3, now), None);
        assert_eq!(deliveries.find("b", "1"), Some(2));
        assert_eq!(deliveries.find("", "1"), None);
    }

    #[test]
    fn an_id_is_known_for_seven_days_and_then_forgotten() {
        let mut deliveries = Deliveries::new(1_000_000);
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
        let mut deliveries = Deliveries::new(1_000);
        for round in 0..50 {
            fill(&mut deliveries, round * 100, 100, 0);
            let last = round * 100 + 99;
            let first = last.saturating_sub(499);
            assert!((first..=last).all(|number| known(&deliveries, number)));
            assert!(deliveries.young.known.len() + deliveries.old.known.len() <= 1_000);
        }
        assert!(!known(&deliveries, 3_900));
    }

    /// Opening read every id of seven days, however few of them there was room for, while
    /// the deliveries that came meanwhile were refused.
    #[test]
    fn no_more_is_recalled_than_there_is_room_for() {
        let mut journal = MemoryJournal::new();
        assert_eq!(recall_after(&mut journal, 10).unwrap(), 0);
        for day in 0..20 {
            let entry = Entry {
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
        journal.save_checkpoint(200, &mut |_| Ok(())).unwrap();
        let at = |day| Timestamp::from_millis(day * DAY);
        journal.prune(at(11), at(5), 1_000).unwrap();
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 120);
        journal.prune(at(15), at(5), 1_000).unwrap();
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 0, "those pruned, too");
        assert_eq!(recall_after(&mut journal, 60).unwrap(), 140);
    }
}
