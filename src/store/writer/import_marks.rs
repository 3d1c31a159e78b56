//! How the writer takes the lines of an import, and knows those that it has.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::journal::{IMPORT_MARKS, ImportMark};
use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::name_limits::LimitReached;

/// The marks that imports have come to, and what they bring next.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// What was handed over and is not written yet.
    pub(crate) handed: VecDeque<Handed>,
    known: HashSet<ImportMark>,
    /// Oldest first.
    order: VecDeque<ImportMark>,
}

impl Imports {
    pub(crate) fn due_in(&self) -> Duration {
        if self.handed.is_empty() { Duration::MAX } else { Duration::ZERO }
    }

    pub(crate) fn note(&mut self, mark: ImportMark) {
        if self.known.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > IMPORT_MARKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// How many of the deliveries that come to these marks came before.
    pub(crate) fn known(&self, marks: &[ImportMark]) -> usize {
        marks.iter().rposition(|mark| self.known.contains(mark)).map_or(0, |last| last + 1)
    }
}

/// Lines that an import has handed over, of which some may be written.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) deliveries: Vec<Delivery>,
    /// What each delivery comes to.
    pub(crate) marks: Vec<ImportMark>,
    /// Whether no line was refused before these.
    pub(crate) is_whole: bool,
    /// What became of the first ones.
    pub(crate) taken: Vec<TakenLine>,
    reply: SyncSender<Answer>,
}

/// What became of each line, and the lines themselves where one of them was refused.
pub(crate) type Answer = Result<(Vec<TakenLine>, Vec<Delivery>), IngestError>;

impl Handed {
    pub(crate) fn new(
        deliveries: Vec<Delivery>,
        marks: Vec<ImportMark>,
        is_whole: bool,
        reply: SyncSender<Answer>,
    ) -> Self {
        Self { deliveries, marks, is_whole, taken: Vec::new(), reply }
    }

    /// Answers whoever handed them over, who may have gone.
    pub(crate) fn answer(self, failed: Option<IngestError>) {
        let Self { deliveries, taken, reply, .. } = self;
        let is_refused = taken.iter().any(Result::is_err);
        let answer = (taken, if is_refused { deliveries } else { Vec::new() });
        reply.send(failed.map_or(Ok(answer), Err)).unwrap_or_default();
    }
}

/// What became of a line, and at which seq.
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
        (0..IMPORT_MARKS + 3).for_each(|number| imports.note(mark(number)));
        assert_eq!((imports.known.len(), imports.order.len()), (IMPORT_MARKS, IMPORT_MARKS));
        assert_eq!(imports.known(&[mark(0), mark(2)]), 0);
        assert_eq!(imports.known(&[mark(0), mark(3), mark(usize::MAX)]), 2);
        assert_eq!(imports.known(&[mark(IMPORT_MARKS + 2)]), 1);
    }
}
