//! Blocks of entries that may be of a location, as bitmaps.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::ops::RangeInclusive;

use foldhash::fast::RandomState;

use crate::journal::checkpoint::{CheckpointRow, RowSink};
use crate::journal::error::JournalError;
use crate::model::{LocationId, SEQ_MAX, Seq};

/// Number of entries of a block: the fewest that are read to find one of them.
const BLOCK_ENTRIES: u64 = 64;

/// Number of blocks of a chunk, a bit each.
const CHUNK_BLOCKS: u64 = 64;

/// Number of entries of a chunk.
const CHUNK_ENTRIES: u64 = BLOCK_ENTRIES * CHUNK_BLOCKS;

/// Returns the chunk that an entry is in.
pub(super) fn chunk_of(seq: Seq) -> u64 {
    seq / CHUNK_ENTRIES
}

/// Returns the entries of the first consecutive blocks that are set and end at this entry
/// or later, but none before it.
pub(super) fn first_set_range(chunk: u64, blocks: u64, from: Seq) -> Option<RangeInclusive<Seq>> {
    let first = chunk * CHUNK_ENTRIES;
    let skipped = from.saturating_sub(first) / BLOCK_ENTRIES;
    let left = if skipped < CHUNK_BLOCKS { blocks >> skipped << skipped } else { 0 };
    if left == 0 {
        return None;
    }
    let begin = u64::from(left.trailing_zeros());
    let end = begin + u64::from((left >> begin).trailing_ones());
    Some((first + begin * BLOCK_ENTRIES).max(from)..=first + end * BLOCK_ENTRIES - 1)
}

/// Returns the entries of the last consecutive blocks that are set and begin at this entry
/// or earlier, but none after it.
pub(super) fn last_set_range(chunk: u64, blocks: u64, upto: Seq) -> Option<RangeInclusive<Seq>> {
    let first = chunk * CHUNK_ENTRIES;
    let skipped = (CHUNK_BLOCKS - 1).saturating_sub(upto.checked_sub(first)? / BLOCK_ENTRIES);
    let left = blocks << skipped;
    if left == 0 {
        return None;
    }
    let behind = skipped + u64::from(left.leading_zeros());
    let end = CHUNK_BLOCKS - behind;
    let begin = end - u64::from((blocks << behind).leading_ones());
    Some(first + begin * BLOCK_ENTRIES..=(first + end * BLOCK_ENTRIES - 1).min(upto))
}

/// Returns the last entries after `after` and up to `upto` that may be of a location, where
/// it is known of some entries, from a first to a last, which of them are; `find` returns the
/// last of those.
pub(super) fn last_range<E>(
    known: Option<(Seq, Seq)>,
    after: Seq,
    upto: Seq,
    find: impl FnOnce(Seq) -> Result<Option<RangeInclusive<Seq>>, E>,
) -> Result<Option<RangeInclusive<Seq>>, E> {
    let found = match known {
        Some((first, last)) if (first..=last).contains(&upto) => {
            let set = find(first)?.filter(|set| *set.end() >= first);
            set.map_or(0..=first.saturating_sub(1), |set| (*set.start()).max(first)..=*set.end())
        }
        Some((_, last)) if upto > last => last + 1..=upto,
        _ => 0..=upto,
    };
    let found = (*found.start()).max(after.saturating_add(1))..=*found.end();
    Ok((!found.is_empty()).then_some(found))
}

/// The blocks that contain entries of each location.
#[derive(Debug, Default)]
pub(crate) struct LocationBlocks {
    /// The first and the last of all entries.
    range: Option<(Seq, Seq)>,
    /// Chunks, each with the blocks in it, in the order of the entries.
    by_location: HashMap<LocationId, Vec<(u64, u64)>, RandomState>,
}

impl LocationBlocks {
    /// Adds the entry that follows those added before.
    pub(crate) fn add(&mut self, location: &str, seq: Seq) {
        self.range = Some((self.range.map_or(seq, |(first, _)| first), seq));
        let (chunk, block) = (chunk_of(seq), 1 << (seq % CHUNK_ENTRIES / BLOCK_ENTRIES));
        if let Some(chunks) = self.by_location.get_mut(location) {
            match chunks.last_mut() {
                Some((last, blocks)) if *last == chunk => *blocks |= block,
                _ => chunks.push((chunk, block)),
            }
        } else {
            self.by_location.insert(location.into(), vec![(chunk, block)]);
        }
    }

    /// Adds later entries.
    pub(crate) fn append(&mut self, later: Self) {
        let Some((first, last)) = later.range else { return };
        self.range = Some((self.range.map_or(first, |(first, _)| first), last));
        for (location, chunks) in later.by_location {
            let known = self.by_location.entry(location).or_default();
            for (chunk, blocks) in chunks {
                match known.last_mut() {
                    Some((last, set)) if *last == chunk => *set |= blocks,
                    _ => known.push((chunk, blocks)),
                }
            }
        }
    }

    /// Removes a location.
    pub(crate) fn remove(&mut self, location: &str) {
        self.by_location.remove(location);
    }

    /// Removes every entry.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts all rows, earlier chunks first.
    pub(crate) fn put(&self, put: RowSink<'_>) -> Result<(), JournalError> {
        let mut rows = Vec::new();
        for (location, chunks) in &self.by_location {
            rows.extend(chunks.iter().map(|&(chunk, blocks)| (chunk, location.as_str(), blocks)));
        }
        rows.sort_unstable();
        for (chunk, location, blocks) in rows {
            put(&CheckpointRow::LocationBlocks { location, chunk, blocks })?;
        }
        let range = self.range.map(|(first, last)| CheckpointRow::LocationBlocksOf { first, last });
        range.as_ref().map_or(Ok(()), put)
    }
}

/// The blocks of a journal in memory.
#[derive(Debug, Default)]
pub(super) struct BlockMap {
    /// By location and chunk.
    blocks: BTreeMap<(Box<str>, u64), u64>,
    /// The entries that are covered.
    range: Option<(Seq, Seq)>,
}

impl BlockMap {
    /// Returns the next entries from this one on that may be of a location.
    pub(super) fn next_range(&self, location: &str, from: Seq) -> RangeInclusive<Seq> {
        match self.range {
            Some((first, last)) if (first..=last).contains(&from) => {
                let chunks = (location.into(), chunk_of(from))..=(location.into(), u64::MAX);
                let mut chunks = self.blocks.range(chunks);
                let found =
                    chunks.find_map(|((_, chunk), blocks)| first_set_range(*chunk, *blocks, from));
                found.unwrap_or(last + 1..=SEQ_MAX)
            }
            Some((first, _)) if from < first => from..=first - 1,
            _ => from..=SEQ_MAX,
        }
    }

    /// Returns the last entries after `after` and up to `upto` that may be of a location.
    pub(super) fn last_range(
        &self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Option<RangeInclusive<Seq>> {
        let find = |first| {
            let chunks = (location.into(), chunk_of(first))..=(location.into(), chunk_of(upto));
            let mut chunks = self.blocks.range(chunks).rev();
            Ok(chunks.find_map(|((_, chunk), blocks)| last_set_range(*chunk, *blocks, upto)))
        };
        let Ok(found) = last_range::<Infallible>(self.range, after, upto, find);
        found
    }

    pub(super) fn add(&mut self, location: &str, chunk: u64, blocks: u64) {
        *self.blocks.entry((location.into(), chunk)).or_default() |= blocks;
    }

    pub(super) fn merge(&mut self, added: &Self) {
        for ((location, chunk), blocks) in &added.blocks {
            self.add(location, *chunk, *blocks);
        }
        if let Some((first, last)) = added.range {
            self.cover(first, last);
        }
    }

    /// Adds entries to those covered; after a gap, in place of them.
    pub(super) fn cover(&mut self, first: Seq, last: Seq) {
        let known = self.range.filter(|(_, known)| first <= known + 1);
        let (first, known) = known.unwrap_or((first, last));
        self.range = Some((first, known.max(last)));
    }

    pub(super) fn prune(&mut self, upto: Seq) {
        self.blocks.retain(|(_, chunk), _| *chunk >= chunk_of(upto));
    }

    pub(super) fn erase(&mut self, location: &str) {
        self.blocks.retain(|(of, _), _| **of != *location);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_holds_the_next_blocks_in_a_row() {
        let blocks = 0b1_0110;
        for (from, expected) in [
            (0, Some(64..=191)),
            (64, Some(64..=191)),
            (100, Some(100..=191)),
            (128, Some(128..=191)),
            (191, Some(191..=191)),
            (192, Some(256..=319)),
            (319, Some(319..=319)),
            (320, None),
            (4_096, None),
            (SEQ_MAX, None),
        ] {
            assert_eq!(first_set_range(0, blocks, from), expected, "{from}");
        }
        assert_eq!(first_set_range(1, u64::MAX, 5_000), Some(5_000..=8_191));
        assert_eq!(first_set_range(1, 1 << 63, 1), Some(8_128..=8_191));
        assert_eq!(first_set_range(1, 0, 1), None);
        let last = chunk_of(SEQ_MAX);
        assert_eq!(first_set_range(last, 1 << 63, 1), Some(SEQ_MAX - 63..=SEQ_MAX));
    }
    #[test]
    fn a_stretch_holds_the_last_blocks_in_a_row() {
        let blocks = 0b1_0110;
        for (upto, expected) in [
            (0, None),
            (63, None),
            (64, Some(64..=64)),
            (191, Some(64..=191)),
            (200, Some(64..=191)),
            (256, Some(256..=256)),
            (4_095, Some(256..=319)),
            (4_096, Some(256..=319)),
            (SEQ_MAX, Some(256..=319)),
        ] {
            assert_eq!(last_set_range(0, blocks, upto), expected, "{upto}");
        }
        assert_eq!(last_set_range(1, u64::MAX, 5_000), Some(4_096..=5_000));
        assert_eq!(last_set_range(1, u64::MAX, 4_095), None);
        assert_eq!(last_set_range(1, 1 << 63, 9_000), Some(8_128..=8_191));
        assert_eq!(last_set_range(1, 0, 9_000), None);
        let last = chunk_of(SEQ_MAX);
        assert_eq!(last_set_range(last, 1 << 63, SEQ_MAX), Some(SEQ_MAX - 63..=SEQ_MAX));
    }
}
