//! Reading the entries of one thing from the last to the first.

use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::{JournalEntry, JournalError, JournalReader, SkipBlock};
use crate::model::Seq;
use crate::store::index::scan::Stop;
use crate::store::index::skip_index::{KeyHash, contains_any};

/// Entries that are read at once, at first and at most. They are read in order, and what was
/// found in them is shown in reverse.
const FIRST_ENTRIES: u64 = 64;
const ENTRIES_MAX: u64 = 256;

/// Runs skipped between two checks of whether to stop.
const CHECK_EVERY: u64 = 256;

/// Returns what an entry says that is looked for, if it does.
pub(crate) type Pick<'s, T> =
    &'s mut dyn FnMut(Seq, JournalEntry<'_>) -> Result<Option<T>, JournalError>;

/// Which entries to read, from the last to the first.
pub(crate) struct BackwardScan<'q> {
    pub(crate) location: &'q str,
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
    /// Hashes of the things that an entry must name one of; there is at least one.
    pub(crate) wanted: &'q [KeyHash],
    pub(crate) stop: Stop<'q>,
}

impl BackwardScan<'_> {
    /// Picks from the entries of the location that may name a wanted thing, and from some
    /// others of it, but from no erased one; shows what was picked, the last first, until
    /// `each` breaks. Returns the entry before which to continue if it stops early for another
    /// reason.
    ///
    /// # Performance
    ///
    /// Costs up to 256 entries more than those that are shown and those between them that may
    /// name a wanted thing, of the blocks of 64 entries that contain some of the location; and
    /// the entries since the last checkpoint.
    pub(crate) fn run<T>(
        &self,
        journal: &mut dyn JournalReader,
        pick: Pick<'_, T>,
        each: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<Option<Seq>, JournalError> {
        let mut upto = self.upto.min(journal.head()?);
        let (mut size, mut skipped) = (FIRST_ENTRIES, 0);
        let mut run = None;
        while upto > self.after {
            let Some(entries) = journal.last_location_range(self.location, self.after, upto)?
            else {
                break;
            };
            let (is_wanted, piece) = last_piece(journal, &mut run, entries, self.wanted)?;
            if is_wanted {
                let first = piece.end().saturating_sub(size - 1).max(*piece.start());
                let mut picked = Vec::new();
                self.read(journal, first..=*piece.end(), pick, &mut picked)?;
                upto = first - 1;
                size = (2 * size).min(ENTRIES_MAX);
                for found in picked.into_iter().rev() {
                    if each(found).is_break() {
                        return Ok(None);
                    }
                }
            } else {
                upto = piece.start().saturating_sub(1);
                skipped += 1;
            }
            if (is_wanted || skipped % CHECK_EVERY == 0) && upto > self.after && (self.stop)() {
                return Ok(Some(upto + 1));
            }
        }
        Ok(None)
    }

    fn read<T>(
        &self,
        journal: &mut dyn JournalReader,
        entries: RangeInclusive<Seq>,
        pick: Pick<'_, T>,
        picked: &mut Vec<T>,
    ) -> Result<(), JournalError> {
        let mut failed = None;
        // An erased entry has no location.
        let mut is_own = |location: &str| location == self.location;
        journal.read_locations(entries, &mut is_own, &mut |seq, entry| match pick(seq, entry) {
            Ok(found) => {
                picked.extend(found);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

/// Returns the last part of these entries that is within one run or none, and whether it may
/// name a wanted thing; if not, all of the run, which may begin before them.
fn last_piece(
    journal: &mut dyn JournalReader,
    run: &mut Option<SkipBlock>,
    entries: RangeInclusive<Seq>,
    wanted: &[KeyHash],
) -> Result<(bool, RangeInclusive<Seq>), JournalError> {
    let (from, last) = entries.into_inner();
    if run.as_ref().is_none_or(|run| run.first > last) {
        *run = journal.last_skip_block(last)?;
    }
    Ok(match run {
        Some(run) if run.last < last => (true, from.max(run.last + 1)..=last),
        Some(run) if contains_any(&run.hashes, wanted) => (true, from.max(run.first)..=last),
        Some(run) => (false, run.first..=last),
        None => (true, from..=last),
    })
}
