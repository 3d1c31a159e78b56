//! Which deliveries were accepted lately, to know a repeat.

use std::time::Duration;

use hashbrown::HashTable;

use crate::journal::{DELIVERY_PARTS, DeliveryHash, DeliveryKey};
use crate::model::{Seq, Timestamp};

/// How long an id is known at least, unless there are more than fit. HighLevel repeats a
/// delivery for up to three days.
pub(crate) const DEDUP_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// Maximum time between two deliveries that counts. A clock that was wrong may have set one
/// far ahead of the other, which makes none older than it is.
pub(crate) const GAP: Duration = Duration::from_secs(24 * 3600);

/// Returns the time between two deliveries, as far as it counts.
pub(crate) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(later.as_millis().abs_diff(earlier.as_millis())).min(GAP)
}

/// The ids of accepted deliveries of all locations, each as a keyed hash of location and id.
///
/// They are kept in two generations. When the young one spans seven days, or
/// half of the room, the old one is forgotten and the young one takes its
/// place: so an id is known for seven to fourteen days, or among the last half
/// of the room. It costs 17 bytes an id and as much again while a table is half
/// empty.
///
/// Those of earlier runs are on disk at first. Before an id is looked for, the
/// [part](DeliveryHash::part) that it is in must have been [recalled](Self::recall).
#[derive(Debug)]
pub(crate) struct DedupWindow {
    key: DeliveryKey,
    parts: Vec<Part>,
    /// Number of ids of all young generations.
    young_ids: usize,
    /// The time over which these were received.
    young_span: Duration,
    generation_ids: usize,
    /// When the newest id came.
    last: Option<Timestamp>,
    on_disk: Recallable,
    /// Number of parts that are not recalled.
    unrecalled: usize,
}

/// Entries whose ids are recalled from disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recallable {
    /// They are after this one…
    pub(crate) after: Seq,
    /// …those up to this one of the old generation, the others of the young one…
    split: Seq,
    /// …and up to this one.
    pub(crate) upto: Seq,
}

#[derive(Debug, Default)]
struct Part {
    young: HashTable<Known>,
    old: HashTable<Known>,
    is_recalled: bool,
}

/// What a delivery is known by, but for its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    high: u64,
    low: u16,
    /// The lower 48 bits: more deliveries than can ever be.
    seq: [u16; 3],
}

impl Known {
    fn new(hash: DeliveryHash, seq: Seq) -> Self {
        let word = |shift: u32| u16::try_from(seq >> shift & 0xffff).unwrap_or_default();
        Self { high: hash.high, low: hash.low, seq: [word(0), word(16), word(32)] }
    }

    fn seq(self) -> Seq {
        self.seq.into_iter().rev().fold(0, |seq, word| seq << 16 | Seq::from(word))
    }
}

impl Part {
    fn seq_of(&self, hash: DeliveryHash) -> Option<Seq> {
        let same = |known: &Known| (known.high, known.low) == (hash.high, hash.low);
        let generations = [&self.young, &self.old];
        generations.iter().find_map(|known| known.find(hash.high, same)).map(|known| known.seq())
    }
}

impl DedupWindow {
    /// Creates a window for this many ids, none of which is on disk.
    pub(crate) fn new(limit: usize) -> Self {
        let mut window = Self::recalling(limit, DeliveryKey::random(), (0, 0), None);
        window.expect_indexed(0, 0);
        window
    }

    /// Creates a window for this many ids, hashed with this key: those of the entries after
    /// `after` and up to `upto`, the last of which was received then, are to be recalled.
    pub(crate) fn recalling(
        limit: usize,
        key: DeliveryKey,
        (after, upto): (Seq, Seq),
        last: Option<Timestamp>,
    ) -> Self {
        let generation_ids = (limit / 2).max(1);
        // Where they fit into one generation, all are old: they were when the next one ends.
        let is_one = upto - after <= generation_ids as Seq;
        let split = if is_one { upto } else { upto - generation_ids as Seq };
        let unrecalled = usize::from(DELIVERY_PARTS);
        Self {
            key,
            parts: std::iter::repeat_with(Part::default).take(unrecalled).collect(),
            young_ids: 0,
            young_span: Duration::ZERO,
            generation_ids,
            last,
            on_disk: Recallable { after, split, upto },
            unrecalled,
        }
    }

    /// Records that all but those between these two entries were recalled.
    pub(crate) fn expect_indexed(&mut self, after: Seq, upto: Seq) {
        self.on_disk = Recallable { after, upto, ..self.on_disk };
        if after >= upto {
            (0..DELIVERY_PARTS).for_each(|part| self.finish_part(part));
        }
    }

    /// Returns the hash of an id.
    pub(crate) fn hash(&self, location: &str, webhook_id: &str) -> DeliveryHash {
        self.key.hash(location, webhook_id)
    }

    /// Returns a part that is not recalled, or `None` if all are.
    pub(crate) fn next_unrecalled(&self) -> Option<u8> {
        if self.unrecalled == 0 {
            return None;
        }
        (0..DELIVERY_PARTS).find(|part| !self.is_recalled(*part))
    }

    /// Returns whether the ids of this part are known.
    pub(crate) fn is_recalled(&self, part: u8) -> bool {
        self.parts.get(usize::from(part)).is_none_or(|part| part.is_recalled)
    }

    /// Returns whose ids are still to be recalled.
    pub(crate) fn on_disk(&self) -> Recallable {
        self.on_disk
    }

    /// Adds an id of an earlier run.
    pub(crate) fn recall(&mut self, hash: DeliveryHash, seq: Seq) {
        let Self { parts, on_disk, young_ids, .. } = self;
        let is_wanted = on_disk.after < seq && seq <= on_disk.upto;
        let part = parts.get_mut(usize::from(hash.part())).filter(|_| is_wanted);
        let Some(part) = part.filter(|part| part.seq_of(hash).is_none()) else { return };
        let is_young = seq > on_disk.split;
        let known = if is_young { &mut part.young } else { &mut part.old };
        known.insert_unique(hash.high, Known::new(hash, seq), |known| known.high);
        *young_ids += usize::from(is_young);
    }

    /// Adds all ids of a part that an index knows, unless that was done.
    pub(crate) fn recall_part(&mut self, part: u8, ids: &[(Seq, DeliveryHash)]) {
        if self.is_recalled(part) {
            return;
        }
        let split = self.on_disk.split;
        let young = ids.iter().filter(|(seq, _)| *seq > split).count();
        if let Some(part) = self.parts.get_mut(usize::from(part)) {
            part.young.reserve(young, |known| known.high);
            part.old.reserve(ids.len() - young, |known| known.high);
        }
        for (seq, hash) in ids {
            self.recall(*hash, *seq);
        }
        self.finish_part(part);
    }

    /// Records that all ids of a part were recalled.
    fn finish_part(&mut self, part: u8) {
        if let Some(part) = self.parts.get_mut(usize::from(part)).filter(|it| !it.is_recalled) {
            part.is_recalled = true;
            self.unrecalled -= 1;
        }
    }

    /// Returns the seq under which this delivery was accepted, or `None` if it was not, as
    /// far as it is recalled.
    pub(crate) fn find(&self, location: &str, webhook_id: &str) -> Option<Seq> {
        let hash = self.hash(location, webhook_id);
        self.parts.get(usize::from(hash.part()))?.seq_of(hash)
    }

    /// Returns the seq under which this delivery was accepted, or adds it under `seq`.
    pub(crate) fn insert(
        &mut self,
        location: &str,
        webhook_id: &str,
        seq: Seq,
        at: Timestamp,
    ) -> Option<Seq> {
        let hash = self.hash(location, webhook_id);
        let part = usize::from(hash.part());
        let known = self.parts.get(part)?.seq_of(hash);
        if known.is_none() {
            self.young_span += self.last.map_or(Duration::ZERO, |last| between(last, at));
            self.last = Some(at);
            if self.young_span >= DEDUP_WINDOW || self.young_ids >= self.generation_ids {
                self.begin_generation();
            }
            let young = &mut self.parts.get_mut(part)?.young;
            young.insert_unique(hash.high, Known::new(hash, seq), |known| known.high);
            self.young_ids += 1;
        }
        known
    }

    fn begin_generation(&mut self) {
        self.parts.iter_mut().for_each(|part| part.old = std::mem::take(&mut part.young));
        (self.young_ids, self.young_span) = (0, Duration::ZERO);
        let Recallable { after, split, upto } = self.on_disk;
        self.on_disk = Recallable { after: after.max(split), split: upto, upto };
    }

    /// Forgets the deliveries of these events, which are in order.
    pub(crate) fn forget(&mut self, seqs: &[Seq]) {
        self.retain(|known| seqs.binary_search(&known.seq()).is_err());
    }

    fn retain(&mut self, is_kept: impl Fn(&Known) -> bool) {
        for part in &mut self.parts {
            part.young.retain(|known| is_kept(known));
            part.old.retain(|known| is_kept(known));
        }
        self.young_ids = self.parts.iter().map(|part| part.young.len()).sum();
    }

    /// Removes a delivery that was added under this seq and not accepted.
    pub(crate) fn remove(&mut self, location: &str, webhook_id: &str, seq: Seq) {
        let hash = self.hash(location, webhook_id);
        let added = Known::new(hash, seq);
        let Some(part) = self.parts.get_mut(usize::from(hash.part())) else { return };
        if let Ok(entry) = part.young.find_entry(hash.high, |known| *known == added) {
            entry.remove();
            self.young_ids -= 1;
        } else if let Ok(entry) = part.old.find_entry(hash.high, |known| *known == added) {
            entry.remove();
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.young.len() + part.old.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_clock_far_ahead_makes_no_known_id_old() {
        let mut deliveries = DedupWindow::new(1_000);
        for (day, number) in [0, 1, 2, 365, 365, 365, 800, 800].into_iter().zip(0..) {
            fill(&mut deliveries, number * 10, 10, day);
        }
        assert!((0..80).all(|number| known(&deliveries, number)));
    }

    #[test]
    fn memory_is_bounded_and_the_last_half_is_known() {
        let mut deliveries = DedupWindow::new(1_000);
        for round in 0..50 {
            fill(&mut deliveries, round * 100, 100, 0);
            let last = round * 100 + 99;
            let first = last.saturating_sub(499);
            assert!((first..=last).all(|number| known(&deliveries, number)));
            assert!(deliveries.len() <= 1_000);
        }
        assert!(!known(&deliveries, 3_900));
    }
}
