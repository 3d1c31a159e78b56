//! The order of what a search finds.

use std::cmp::Reverse;

/// What of a record is as the text says, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    /// Its whole name, but for case, accents, width and punctuation.
    WholeName,
    /// The beginning of its name.
    NameStart,
    /// Words of its name: each of those looked for begins one.
    WordStarts,
    /// The beginning of its id.
    IdStart,
}

/// The place of a match among the others, least first: as far as its record's object key
/// and id do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameRank<'a> {
    pub(crate) by: FoundBy,
    /// Records without a name come last.
    pub(crate) is_unnamed: bool,
    /// The folded name.
    pub(crate) name: &'a str,
    /// More links first.
    pub(crate) links: Reverse<u64>,
}

/// The place of a match among the others, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank<'a> {
    pub(crate) by_name: NameRank<'a>,
    pub(crate) object: &'a str,
    pub(crate) id: &'a str,
}

/// A match and its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate<'a> {
    pub(crate) rank: Rank<'a>,
    pub(crate) record: u32,
}

/// The best of many candidates.
#[derive(Debug)]
pub(crate) struct Best<'a> {
    limit: usize,
    candidates: Vec<Candidate<'a>>,
    /// There are as many as are wanted that are better than this one.
    bound: Option<Rank<'a>>,
}

impl<'a> Best<'a> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, candidates: Vec::new(), bound: None }
    }

    /// Returns whether there are as many as are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.candidates.len() >= self.limit
    }

    /// Returns whether one of this rank may be among the best. Where there are many of one
    /// name, that is decided for most without a look at their object key and id.
    pub(crate) fn may_take(&self, rank: NameRank<'a>) -> bool {
        self.bound.is_none_or(|bound| rank <= bound.by_name)
    }

    pub(crate) fn push(&mut self, candidate: Candidate<'a>) {
        if self.bound.is_some_and(|bound| candidate.rank > bound) {
            return;
        }
        self.candidates.push(candidate);
        // Half of them go at a time: each costs the same, however many come.
        if self.candidates.len() > 2 * self.limit + 64 {
            let (_, bound, _) = self.candidates.select_nth_unstable(self.limit);
            self.bound = Some(bound.rank);
            self.candidates.truncate(self.limit);
        }
    }

    /// Returns the best in order.
    pub(crate) fn into_sorted(mut self) -> Vec<Candidate<'a>> {
        self.candidates.sort_unstable();
        self.candidates.truncate(self.limit);
        self.candidates
    }
}
