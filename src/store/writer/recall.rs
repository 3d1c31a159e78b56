//! What is read of earlier deliveries when a store is opened, and what when it is needed.

use std::ops::RangeInclusive;

use crate::journal::{DeliveryIndex, DeliveryKey, JournalError, JournalReader};
use crate::model::{Seq, Timestamp};
use crate::store::writer::dedup_window::{DEDUP_WINDOW, DedupWindow, GAP, between};

/// Which ids of earlier deliveries are to be known: those of the last seven days before the
/// newest event, but no more than fit.
///
/// The clock does not matter: a wrong one must not make a store forget.
#[derive(Debug)]
pub(crate) struct Recall {
    /// They are after this event…
    after: Seq,
    /// …and up to this one, the newest.
    head: Seq,
    /// When that was received.
    last: Option<Timestamp>,
    index: Option<DeliveryIndex>,
}

impl Recall {
    /// Finds out which ids they are. Costs a logarithm of the events.
    pub(crate) fn plan(journal: &mut dyn JournalReader, room: usize) -> Result<Self, JournalError> {
        let (head, pruned) = (journal.head()?, journal.pruned()?);
        let last = journal.received_at(head)?;
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
        let after = after.max(head.saturating_sub(room as Seq));
        Ok(Self { after, head, last, index: journal.delivery_index()? })
    }

    /// Returns the event up to which no id is to be known.
    pub(crate) fn after(&self) -> Seq {
        self.after
    }

    /// Returns the last event that need not be indexed.
    pub(crate) fn indexed_upto(&self) -> Seq {
        self.indexed().1
    }

    /// Returns the ends of the events whose ids are indexed: after the one, up to the other.
    fn indexed(&self) -> (Seq, Seq) {
        let index = self.index.map_or((0, 0), |index| (index.after, index.upto));
        // Another process may have added to it since the head was read.
        let (after, upto) = (index.0.max(self.after), index.1.min(self.head));
        if after < upto { (after, upto) } else { (self.after, self.after) }
    }

    /// Returns the events whose ids are to be known and not indexed.
    fn unindexed(&self) -> [RangeInclusive<Seq>; 2] {
        let (after, upto) = self.indexed();
        [self.after + 1..=after, upto + 1..=self.head]
    }

    /// Reads the ids that are not indexed, and returns them with room for this many.
    pub(crate) fn begin(
        &self,
        journal: &mut dyn JournalReader,
        room: usize,
    ) -> Result<DedupWindow, JournalError> {
        let key = self.index.map_or_else(DeliveryKey::random, |index| index.key);
        let mut window = DedupWindow::recalling(room, key, (self.after, self.head), self.last);
        for events in self.unindexed() {
            journal.accepted(events, &mut |it| {
                window.recall(window.hash(it.location, it.webhook_id), it.seq);
            })?;
        }
        let (after, upto) = self.indexed();
        window.expect_indexed(after, upto);
        Ok(window)
    }

    /// Returns the first event of a delivery with this id.
    pub(crate) fn find(
        &self,
        journal: &mut dyn JournalReader,
        location: &str,
        webhook_id: &str,
    ) -> Result<Option<Seq>, JournalError> {
        let mut first = None;
        let mut add = |seq: Seq| first = Some(first.map_or(seq, |first: Seq| first.min(seq)));
        for events in self.unindexed() {
            journal.accepted(events, &mut |it| {
                if it.location == location && it.webhook_id == webhook_id {
                    add(it.seq);
                }
            })?;
        }
        let (after, upto) = self.indexed();
        if let Some(index) = self.index.filter(|_| after < upto) {
            let wanted = index.key.hash(location, webhook_id);
            journal.delivery_hashes(wanted.part(), after + 1..=upto, &mut |seq, hash| {
                if hash == wanted {
                    add(seq);
                }
            })?;
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CheckpointSeq, Journal, JournalEntry, MemoryJournal};

    const DAY: i64 = 24 * 3600 * 1000;

    fn recall_after(journal: &mut dyn JournalReader, room: usize) -> Result<Seq, JournalError> {
        Recall::plan(journal, room).map(|recall| recall.after)
    }

    /// A clock was a year ahead for a quarter of an hour; after the next start the ids of
    /// the days before were unknown.
    #[test]
    fn a_clock_far_ahead_makes_no_id_old() {
        let mut journal = MemoryJournal::new();
        // Day by day, an hour with the clock ahead, and what it leaves: times stand still.
        for day in [0, 1, 2, 365, 365, 365, 800, 800] {
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
        assert_eq!(recall_after(&mut journal, 1_000).unwrap(), 0);
    }

    /// The head is read before the index, to which another process may add meanwhile.
    #[test]
    fn nothing_is_recalled_from_the_index_that_came_after_the_head() {
        let key = DeliveryKey::random();
        for (after, upto, expected, unindexed) in [
            (0, 120, (5, 100), 0),
            (7, 100, (7, 100), 2),
            (7, 90, (7, 90), 12),
            (100, 120, (5, 5), 95),
            (0, 5, (5, 5), 95),
        ] {
            let index = Some(DeliveryIndex { key, after, upto });
            let recall = Recall { after: 5, head: 100, last: None, index };
            assert_eq!(recall.indexed(), expected, "{after} {upto}");
            let count = recall.unindexed().into_iter().flatten().count();
            assert_eq!(count, unindexed, "{after} {upto}");
        }
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
