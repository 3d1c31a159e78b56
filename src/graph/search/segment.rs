//! Some records in the orders in which they are found.

use std::ops::Range;
use std::sync::Arc;

use crate::graph::search::bit_set::BitSet;
use crate::graph::search::fold::Folded;
use crate::graph::search::records::Records;

/// Where a word begins: at this byte of the name at this position.
#[derive(Debug, Clone, Copy)]
struct Word {
    position: u32,
    offset: u16,
}

/// Records sorted by folded name, those without one last; their words and ids sorted, too.
/// A record's place in the first order is its position. Never changes.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// The names, end to end.
    text: String,
    /// Where the name at each position ends.
    ends: Vec<usize>,
    records: Vec<u32>,
    /// Number of records with a name.
    named: usize,
    /// By their text to the end of the name, then by position.
    words: Vec<Word>,
    /// Positions by record id, then by position.
    by_id: Vec<u32>,
}

impl Segment {
    /// Sorts records by name, word and id.
    pub(crate) fn build(rows: &[(Folded, u32)], source: &impl Records) -> Self {
        let names = rows.iter().map(|(name, record)| (name.text.as_str(), (*record, name)));
        let mut segment = Self::default();
        for (position, (name, (record, folded))) in (0..).zip(in_name_order(names)) {
            let words = folded.words.iter();
            segment.words.extend(words.map(|&offset| Word { position, offset }));
            segment.push(name, record);
            segment.by_id.push(position);
        }
        segment.finish(source);
        segment
    }

    /// Makes one segment of several, of the records for which `is_live` returns `true`; it
    /// takes a segment's number and a record.
    pub(crate) fn merge(
        parts: &[Arc<Self>],
        is_live: impl Fn(usize, u32) -> bool,
        source: &impl Records,
    ) -> Self {
        let mut moved: Vec<Vec<Option<u32>>> =
            parts.iter().map(|part| vec![None; part.records.len()]).collect();
        let rows = parts.iter().enumerate().flat_map(|(number, part)| {
            let rows = (0..).zip(&part.records);
            rows.map(move |(at, &record)| (part.name(at), (record, (number, at))))
        });
        let rows = rows.filter(|(_, (record, (number, _)))| is_live(*number, *record));
        let mut segment = Self::default();
        for (position, (name, (record, (number, at)))) in (0..).zip(in_name_order(rows)) {
            segment.push(name, record);
            if let Some(moved) = moved.get_mut(number).and_then(|of| of.get_mut(at as usize)) {
                *moved = Some(position);
            }
        }
        for (part, moved) in parts.iter().zip(&moved) {
            let new = |old: u32| moved.get(old as usize).copied().flatten();
            let word = |word: &Word| Some(Word { position: new(word.position)?, ..*word });
            segment.words.extend(part.words.iter().filter_map(word));
            segment.by_id.extend(part.by_id.iter().filter_map(|&at| new(at)));
        }
        segment.finish(source);
        segment
    }

    fn push(&mut self, name: &str, record: u32) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
        self.records.push(record);
        self.named += usize::from(!name.is_empty());
    }

    /// Sorts words and ids.
    fn finish(&mut self, source: &impl Records) {
        let words = self.words.iter().map(|&word| (self.word(word), word));
        let by_position = |word: &Word| word.position;
        let words = sorted(words, by_position).into_iter().map(|(_, word)| word).collect();
        let by_id = self.by_id.iter().map(|&position| (self.id(position, source), position));
        let by_id = sorted(by_id, |at| *at).into_iter().map(|(_, position)| position).collect();
        (self.words, self.by_id) = (words, by_id);
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.records.shrink_to_fit();
    }

    /// Returns the bytes of memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + (self.records.capacity() + self.by_id.capacity()) * size_of::<u32>()
            + self.words.capacity() * size_of::<Word>()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn records(&self) -> &[u32] {
        &self.records
    }

    /// Returns the record at a position that this segment has returned.
    pub(crate) fn record(&self, position: u32) -> u32 {
        self.records.get(position as usize).copied().unwrap_or_default()
    }

    /// Returns the folded name at a position.
    pub(crate) fn name(&self, position: u32) -> &str {
        let at = position as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.text.get(start.copied().unwrap_or_default()..end).unwrap_or_default()
    }

    fn word(&self, word: Word) -> &str {
        self.name(word.position).get(usize::from(word.offset)..).unwrap_or_default()
    }

    fn id<'s>(&self, position: u32, source: &'s impl Records) -> &'s str {
        source.id(self.record(position))
    }

    /// Returns the positions of the names that begin with a text.
    pub(crate) fn names_from(&self, start: &str) -> Range<u32> {
        let named = self.ends.get(..self.named).unwrap_or_default();
        let (mut low, mut high) = (0, 0);
        // Positions are numbers below 2³², being those of records.
        for (bound, is_past) in [(&mut low, false), (&mut high, true)] {
            *bound = partition(named.len(), |at| {
                let name = self.name(at);
                name < start || is_past && name.starts_with(start)
            });
        }
        low..high
    }

    /// Returns the words that begin with a text, as a range of places in their order.
    pub(crate) fn words_from(&self, start: &str) -> Range<usize> {
        let low = self.words.partition_point(|word| self.word(*word) < start);
        let rest = self.words.get(low..).unwrap_or_default();
        low..low + rest.partition_point(|word| self.word(*word).starts_with(start))
    }

    /// Returns the ids that begin with a text, as a range of places in their order.
    pub(crate) fn ids_from(&self, start: &str, source: &impl Records) -> Range<usize> {
        let low = self.by_id.partition_point(|&at| self.id(at, source) < start);
        let rest = self.by_id.get(low..).unwrap_or_default();
        low..low + rest.partition_point(|&at| self.id(at, source).starts_with(start))
    }

    /// Returns the positions of the names that have a word in each of these ranges. Costs
    /// the ranges, and a bit for each record.
    pub(crate) fn with_words(&self, ranges: &[Range<usize>]) -> BitSet {
        let mut found: Option<BitSet> = None;
        for range in ranges {
            let mut these = BitSet::new(self.len());
            for word in self.words.get(range.clone()).unwrap_or_default() {
                if found.as_ref().is_none_or(|found| found.has(word.position)) {
                    these.insert(word.position);
                }
            }
            found = Some(these);
        }
        found.unwrap_or_else(|| BitSet::new(0))
    }

    /// Returns the positions of a range of ids. Costs the range, and a bit for each record.
    pub(crate) fn with_ids(&self, range: Range<usize>) -> BitSet {
        let mut found = BitSet::new(self.len());
        for &position in self.by_id.get(range).unwrap_or_default() {
            found.insert(position);
        }
        found
    }
}

/// Sorts records by name, those without one last, and of equal names by number.
fn in_name_order<'t, T>(
    rows: impl Iterator<Item = (&'t str, (u32, T))>,
) -> impl Iterator<Item = (&'t str, (u32, T))> {
    let (named, unnamed): (Vec<_>, Vec<_>) = rows.partition(|(name, _)| !name.is_empty());
    let record = |(record, _): &(u32, T)| *record;
    let [named, unnamed] = [named, unnamed].map(|rows| sorted(rows.into_iter(), record));
    named.into_iter().chain(unnamed)
}

/// Sorts things by their text and, of equal texts, by a key.
///
/// The first bytes of each text are kept beside it: they differ in nearly all cases, so that
/// few texts are read again. Runs that are in order already are only merged.
fn sorted<'t, T, K: Ord>(
    things: impl Iterator<Item = (&'t str, T)>,
    key: impl Fn(&T) -> K,
) -> Vec<(&'t str, T)> {
    let mut things: Vec<((u64, u64), &str, T)> =
        things.map(|(text, thing)| (first_bytes(text), text, thing)).collect();
    things.sort_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)).then_with(|| key(&a.2).cmp(&key(&b.2)))
    });
    things.into_iter().map(|(_, text, thing)| (text, thing)).collect()
}

/// Returns the first bytes of a text as numbers, in the order of texts.
fn first_bytes(text: &str) -> (u64, u64) {
    let number = |from: usize| {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(text.bytes().skip(from)) {
            *to = from;
        }
        u64::from_be_bytes(first)
    };
    (number(0), number(8))
}

/// Returns the first of the numbers below `count` for which `is_before` returns `false`.
fn partition(count: usize, is_before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, u32::try_from(count).unwrap_or_default());
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
