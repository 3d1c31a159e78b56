//! Searching an index: class by class, best first, until there are enough.

use std::cmp::Reverse;
use std::ops::Range;

use crate::graph::search::bit_set::BitSet;
use crate::graph::search::folded_query::FoldedQuery;
use crate::graph::search::name_index::NameIndex;
use crate::graph::search::rank::{Best, Candidate, FoundBy, NameRank, Rank};
use crate::graph::search::records::Records;
use crate::graph::search::segment::Segment;

/// What a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Records and how each was found, best first.
    pub(crate) records: Vec<(u32, FoundBy)>,
    /// Whether there are no better ones. `false` if the budget ended the search.
    pub(crate) is_complete: bool,
}

impl NameIndex {
    /// Finds the first records in the order of [`Rank`], at most `limit` of them. `charge`
    /// takes how many entries are about to be looked at, and returns whether they may be.
    ///
    /// # Performance
    ///
    /// Names that begin with the text cost the logarithm of the records and what is found;
    /// words and ids that begin with it, which are looked at if those names are too few,
    /// cost a few nanoseconds each, and a bit for each record.
    pub(crate) fn find(
        &self,
        query: &FoldedQuery,
        limit: usize,
        source: &impl Records,
        charge: impl FnMut(usize) -> bool,
    ) -> Found {
        let mut search = Search { query, limit, source, charge, best: Best::new(limit) };
        let mut parts: Vec<Part<'_>> = (0..)
            .zip(self.segments())
            .map(|(number, segment)| Part { number, segment, words: BitSet::default() })
            .collect();
        let mut is_complete = true;
        for step in [Search::add_names, Search::add_words, Search::add_ids] {
            if search.best.is_full() {
                break;
            }
            for part in &mut parts {
                is_complete &= step(&mut search, part, self.latest()).is_some();
            }
        }
        let found = search.best.into_sorted().into_iter();
        let records = found.map(|it| (it.record, it.rank.by_name.by)).collect();
        Found { records, is_complete }
    }
}

/// One segment, as a search goes through it.
struct Part<'a> {
    number: u8,
    segment: &'a Segment,
    /// The positions at which the words are that were looked for.
    words: BitSet,
}

/// A search in progress.
struct Search<'a, R, C> {
    query: &'a FoldedQuery,
    limit: usize,
    source: &'a R,
    charge: C,
    best: Best<'a>,
}

impl<'a, R: Records, C: FnMut(usize) -> bool> Search<'a, R, C> {
    /// Adds the records whose name begins with the text. Returns `None` if the budget ends
    /// that, as the next two do.
    fn add_names(&mut self, part: &mut Part<'a>, latest: &[u8]) -> Option<()> {
        self.add(part, self.names(part), None, latest)
    }

    /// Adds the records in whose name each of the words begins a word.
    fn add_words(&mut self, part: &mut Part<'a>, latest: &[u8]) -> Option<()> {
        let ranges = self.query.words.iter().map(|word| part.segment.words_from(word));
        let mut ranges: Vec<Range<usize>> = ranges.collect();
        if ranges.iter().any(Range::is_empty) {
            return Some(());
        }
        ranges.sort_unstable_by_key(Range::len);
        self.charge(ranges.iter().map(Range::len).sum())?;
        part.words = part.segment.with_words(&ranges);
        let names = self.names(part);
        let found = part.words.iter().filter(|position| !names.contains(position));
        self.add(part, found, Some(FoundBy::WordStarts), latest)
    }

    /// Adds the records whose id begins with the text.
    fn add_ids(&mut self, part: &mut Part<'a>, latest: &[u8]) -> Option<()> {
        if self.query.id.is_empty() {
            return Some(());
        }
        let range = part.segment.ids_from(&self.query.id, self.source);
        if range.is_empty() {
            return Some(());
        }
        self.charge(range.len())?;
        let names = self.names(part);
        let ids = part.segment.with_ids(range);
        let is_new = |position: &u32| !names.contains(position) && !part.words.has(*position);
        self.add(part, ids.iter().filter(is_new), Some(FoundBy::IdStart), latest)
    }

    /// Returns the positions of the names that begin with the text.
    fn names(&self, part: &Part<'a>) -> Range<u32> {
        match self.query.name.as_str() {
            "" => 0..0,
            start => part.segment.names_from(start),
        }
    }

    /// Adds the first records at these positions, which ascend, and those after them that
    /// have the name of the last. They were found by this, or by their name.
    fn add(
        &mut self,
        part: &Part<'a>,
        positions: impl Iterator<Item = u32>,
        by: Option<FoundBy>,
        latest: &[u8],
    ) -> Option<()> {
        let (mut count, mut last) = (0, None);
        for position in positions {
            let name = part.segment.name(position);
            if count >= self.limit && last != Some(name) {
                break;
            }
            self.charge(1)?;
            let record = part.segment.record(position);
            let is_live = latest.get(record as usize) == Some(&part.number);
            if !is_live || !self.source.is_wanted(record) {
                continue;
            }
            let is_whole = name == self.query.name;
            let of_name = if is_whole { FoundBy::WholeName } else { FoundBy::NameStart };
            let by_name = NameRank {
                by: by.unwrap_or(of_name),
                is_unnamed: name.is_empty(),
                name,
                links: Reverse(self.source.links(record)),
            };
            if self.best.may_take(by_name) {
                let (object, id) = (self.source.object_key(record), self.source.id(record));
                self.best.push(Candidate { rank: Rank { by_name, object, id }, record });
            }
            (count, last) = (count + 1, Some(name));
        }
        Some(())
    }

    fn charge(&mut self, entries: usize) -> Option<()> {
        (self.charge)(entries).then_some(())
    }
}
