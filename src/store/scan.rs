//! Reading the entries of one location, or of one thing in it, past all others.

use std::ops::{ControlFlow, RangeInclusive};

use super::mentions::{Mention, holds};
use crate::journal::{Entry, JournalError, JournalReader, Run, SEQ_MAX};
use crate::model::Seq;

/// Says whether to stop.
pub(crate) type Stop<'s> = &'s dyn Fn() -> bool;

/// Entries read, or runs passed over, between two looks at whether to stop.
const LOOK_EVERY: u64 = 256;

/// Takes an entry; may want more as it learns, and tells whether to go on.
pub(super) type EntrySink<'s> =
    &'s mut dyn FnMut(Seq, Entry<'_>, &mut Vec<Mention>) -> ControlFlow<()>;

/// Which entries to read.
pub(super) struct Scan<'q> {
    pub(super) location: &'q str,
    pub(super) after: Seq,
    pub(super) upto: Seq,
    /// Maximum number of entries to look at, of other locations, too.
    pub(super) entries_max: u64,
    pub(super) stop: Stop<'q>,
}

/// How a part of a scan ended.
enum Ended {
    Whole,
    /// The caller has what it wants.
    Enough,
    /// Before its end, with this entry as the last one.
    Early(Seq),
}

impl Scan<'_> {
    /// Shows the entries of the location that may speak of what is wanted, or all of them
    /// if nothing is, and of others of it, but none that is erased; in order, until told
    /// to stop. If it ends before its end for another reason, returns the last entry that
    /// it came to.
    ///
    /// Costs blocks of 64 entries that hold some of the location, and what came since the
    /// last checkpoint; memory of one run.
    pub(super) fn run(
        &self,
        journal: &mut dyn JournalReader,
        wanted: &mut Vec<Mention>,
        each: EntrySink<'_>,
    ) -> Result<Option<Seq>, JournalError> {
        let upto = self.upto.min(SEQ_MAX);
        let (mut done, mut looked_at, mut passed) = (self.after, 0, 0);
        let mut stretch = None;
        let mut run = None;
        while done < upto {
            let entries: RangeInclusive<Seq> = match stretch.take() {
                Some(entries) => entries,
                None => journal.next_stretch(self.location, done)?,
            };
            let (from, last) = ((*entries.start()).max(done + 1), (*entries.end()).min(upto));
            if from > last {
                if *entries.start() > upto {
                    break;
                }
                continue;
            }
            let (is_wanted, piece) = piece(journal, &mut run, from..=last, wanted)?;
            done = *piece.end();
            if done < last {
                stretch = Some(entries);
            }
            if is_wanted {
                match self.read(journal, piece, &mut looked_at, wanted, each)? {
                    Ended::Whole => {}
                    Ended::Enough => break,
                    Ended::Early(at) => return Ok(Some(at)),
                }
            } else {
                passed += 1;
                if passed % LOOK_EVERY == 0 && (self.stop)() {
                    return Ok(Some(done));
                }
            }
        }
        Ok(None)
    }

    fn read(
        &self,
        journal: &mut dyn JournalReader,
        piece: RangeInclusive<Seq>,
        looked_at: &mut u64,
        wanted: &mut Vec<Mention>,
        each: EntrySink<'_>,
    ) -> Result<Ended, JournalError> {
        let mut ended = Ended::Whole;
        journal.read_range(piece, &mut |seq, entry| {
            let is_full = *looked_at >= self.entries_max;
            *looked_at += 1;
            if is_full || *looked_at % LOOK_EVERY == 0 && (self.stop)() {
                ended = Ended::Early(seq - 1);
                return ControlFlow::Break(());
            }
            if entry.location != self.location || entry.is_erased() {
                return ControlFlow::Continue(());
            }
            let flow = each(seq, entry, wanted);
            if flow.is_break() {
                ended = Ended::Enough;
            }
            flow
        })?;
        Ok(ended)
    }
}

/// Returns the first part of these entries that is within one run or none, and whether it
/// may speak of what is wanted; if not, all of the run, which may end behind them.
fn piece(
    journal: &mut dyn JournalReader,
    run: &mut Option<Run>,
    entries: RangeInclusive<Seq>,
    wanted: &[Mention],
) -> Result<(bool, RangeInclusive<Seq>), JournalError> {
    if wanted.is_empty() {
        return Ok((true, entries));
    }
    let (from, last) = entries.into_inner();
    if run.as_ref().is_none_or(|run| run.last < from) {
        *run = journal.next_run(from - 1)?;
    }
    Ok(match run {
        Some(run) if run.first > from => (true, from..=last.min(run.first - 1)),
        Some(run) if holds(&run.hashes, wanted) => (true, from..=last.min(run.last)),
        Some(run) => (false, from..=run.last),
        None => (true, from..=last),
    })
}
