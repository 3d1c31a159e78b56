//! Which entries of the journal a round reads.

use std::ops::{ControlFlow, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::journal::{JournalEntry, JournalError, JournalReader};
use crate::model::{LocationId, Seq};

/// Number of entries for each look at where those of a location are: a look takes as long as
/// reading some of them.
const ENTRIES_PER_LOOK: u64 = 128;

/// Looks that are always allowed.
const LOOKS_MIN: u64 = 64;

/// Which entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All.
    All,
    /// Those near entries of the locations of the round, or all if these are in many places.
    Near,
    /// Those near entries of the locations, however many places that are.
    NearOnly,
}

/// Returns the entries to read after `after` and up to `upto`, in order.
pub(super) fn entries<'i>(
    journal: &mut dyn JournalReader,
    reading: Reading,
    ids: impl Iterator<Item = &'i LocationId>,
    (after, upto): (Seq, Seq),
) -> Result<Vec<RangeInclusive<Seq>>, JournalError> {
    let mut looks = match reading {
        Reading::All => 0,
        Reading::Near => upto.saturating_sub(after) / ENTRIES_PER_LOOK + LOOKS_MIN,
        Reading::NearOnly => u64::MAX,
    };
    let all = vec![after + 1..=upto];
    let mut found = Vec::new();
    for id in ids {
        let mut done = after;
        while done < upto {
            if looks == 0 {
                return Ok(all);
            }
            looks -= 1;
            let (first, last) = journal.next_location_range(id.as_str(), done)?.into_inner();
            if first <= upto {
                found.push((first.max(done + 1), last.min(upto)));
            }
            done = done.max(last);
        }
    }
    Ok(if reading == Reading::All { all } else { joined(found) })
}

/// Shows the entries of these ranges, of locations that are wanted.
///
/// # Errors
///
/// Those of `each`; [`JournalError::MergePanicked`] names an entry at which it panics.
pub(super) fn read(
    journal: &mut dyn JournalReader,
    ranges: &[RangeInclusive<Seq>],
    wanted: &mut dyn FnMut(&str) -> bool,
    each: &mut dyn FnMut(Seq, &JournalEntry<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut next = 0;
    let read =
        catch_unwind(AssertUnwindSafe(|| {
            for range in ranges {
                next = *range.start();
                let mut failed = None;
                journal.read_locations(range.clone(), wanted, &mut |seq, entry| match each(
                    seq, &entry,
                ) {
                    Ok(()) => {
                        next = seq + 1;
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                })?;
                failed.map_or(Ok(()), Err)?;
            }
            Ok(())
        }));
    read.map_err(|_| JournalError::MergePanicked { seq: next })?
}

/// Joins ranges that touch or overlap.
fn joined(mut ranges: Vec<(Seq, Seq)>) -> Vec<RangeInclusive<Seq>> {
    ranges.sort_unstable();
    ranges.dedup_by(|(first, last), (_, known)| {
        let touches = *first <= known.saturating_add(1);
        if touches {
            *known = (*known).max(*last);
        }
        touches
    });
    ranges.into_iter().map(|(first, last)| first..=last).collect()
}

/// Returns the part of these ranges after an entry.
pub(super) fn after(ranges: &[RangeInclusive<Seq>], seq: Seq) -> Vec<RangeInclusive<Seq>> {
    let clipped = ranges.iter().map(|range| (*range.start()).max(seq + 1)..=*range.end());
    clipped.filter(|range| !range.is_empty()).collect()
}

/// Returns the number of entries in these ranges.
pub(super) fn count(ranges: &[RangeInclusive<Seq>]) -> u64 {
    ranges.iter().filter(|range| !range.is_empty()).map(|it| it.end() - it.start() + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_in_order() {
        let ranges = vec![(64, 127), (200, 300), (1, 63), (250, 260), (299, 310), (400, 400)];
        let joined = joined(ranges);
        assert_eq!(joined, [1..=127, 200..=310, 400..=400]);
        assert_eq!(count(&joined), 127 + 111 + 1);
        assert_eq!(after(&joined, 250), [251..=310, 400..=400]);
        assert_eq!(after(&joined, 400), []);
    }
}
