//! What imports hand to the writer, and how far they have come.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::journal::{IMPORT_MARKS, ImportMark, Journal, JournalError};
use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::location::Location;
use crate::store::name_limits::LimitReached;

/// The last marks of imports, and the lines that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// Not written to the end yet.
    pub(crate) chunks: VecDeque<ImportChunk>,
    /// Whether others may have added marks since they were read.
    pub(crate) is_outdated: bool,
    known: HashSet<ImportMark>,
    /// The number of the last one that was read.
    last_read: u64,
    /// Oldest first.
    order: VecDeque<ImportMark>,
}

impl Imports {
    pub(crate) fn due_in(&self) -> Duration {
        if self.chunks.is_empty() { Duration::MAX } else { Duration::ZERO }
    }

    /// Remembers a mark; the oldest make room.
    pub(crate) fn add_mark(&mut self, mark: ImportMark) {
        if self.known.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > IMPORT_MARKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Reads the marks that were added since they were last read.
    pub(crate) fn read_marks(&mut self, journal: &mut dyn Journal) -> Result<(), JournalError> {
        journal.import_marks(self.last_read, &mut |number, mark| {
            self.last_read = number;
            self.add_mark(mark);
        })?;
        self.is_outdated = false;
        Ok(())
    }

    /// Forgets all marks, which an erasure has deleted. What waits to be written stays.
    pub(crate) fn forget_marks(&mut self) {
        self.last_read = 0;
        self.known.clear();
        self.order.clear();
    }

    /// Returns how many of the deliveries with these marks were imported before.
    pub(crate) fn count_known(&self, marks: &[ImportMark]) -> usize {
        marks.iter().rposition(|mark| self.known.contains(mark)).map_or(0, |last| last + 1)
    }
}

/// Which lines an import leaves out. No mark is recorded of an import that leaves out any,
/// since a mark says that all lines were written, and none counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Those that say nothing new.
    pub(crate) unchanged: bool,
    /// Those about a thing whose greatest event is later than this one.
    pub(crate) changed_since: Option<Seq>,
}

impl LeftOut {
    pub(crate) fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// Lines of an import, of which the first ones may be written.
#[derive(Debug)]
pub(crate) struct ImportChunk {
    pub(crate) deliveries: Vec<Delivery>,
    /// The mark of the import after each delivery.
    pub(crate) marks: Vec<ImportMark>,
    /// Whether no line was refused before these.
    pub(crate) is_whole: bool,
    pub(crate) left_out: LeftOut,
    /// The locations of the deliveries: their graphs stay in memory.
    #[expect(dead_code, reason = "held, not read")]
    held: Vec<Arc<Location>>,
    /// The outcomes of those that are written.
    pub(crate) taken: Vec<TakenLine>,
    reply: SyncSender<Answer>,
}

/// The outcome of each line, and the lines themselves where one of them was refused.
pub(crate) type Answer = Result<(Vec<TakenLine>, Vec<Delivery>), IngestError>;

impl ImportChunk {
    pub(crate) fn new(
        deliveries: Vec<Delivery>,
        marks: Vec<ImportMark>,
        is_whole: bool,
        left_out: LeftOut,
        held: Vec<Arc<Location>>,
        reply: SyncSender<Answer>,
    ) -> Self {
        Self { deliveries, marks, is_whole, left_out, held, taken: Vec::new(), reply }
    }

    /// Replies to the import, which may have ended.
    pub(crate) fn reply(self, failed: Option<IngestError>) {
        let Self { deliveries, taken, reply, .. } = self;
        let is_refused = taken.iter().any(Result::is_err);
        let outcomes = (taken, if is_refused { deliveries } else { Vec::new() });
        reply.send(failed.map_or(Ok(outcomes), Err)).unwrap_or_default();
    }
}

/// The outcome of a line, and its seq.
pub(crate) type TakenLine = Result<(Status, Option<Seq>), LimitReached>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_the_last_marks_are_known() {
        let mark = |number: usize| {
            let mut mark = [0; 32];
            mark[..8].copy_from_slice(&number.to_le_bytes());
            mark
        };
        let mut imports = Imports::default();
        (0..IMPORT_MARKS + 3).for_each(|number| imports.add_mark(mark(number)));
        assert_eq!((imports.known.len(), imports.order.len()), (IMPORT_MARKS, IMPORT_MARKS));
        assert_eq!(imports.count_known(&[mark(0), mark(2)]), 0);
        assert_eq!(imports.count_known(&[mark(0), mark(3), mark(usize::MAX)]), 2);
        assert_eq!(imports.count_known(&[mark(IMPORT_MARKS + 2)]), 1);
    }
}
