//! How the writer takes the lines of an import, and knows those that it has.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::journal::{Entry, IMPORT_MARKS, ImportMark};
use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::name_limits::LimitReached;
use crate::store::writer::batch::{Fate, applied};
use crate::store::writer::thread::Writer;

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
    fn known(&self, marks: &[ImportMark]) -> usize {
        marks.iter().rposition(|mark| self.known.contains(mark)).map_or(0, |last| last + 1)
    }
}

/// Lines of one transaction while other deliveries come, which wait for it.
const SHARED_LINES: usize = 256;

/// The same while none does.
const LINES: usize = 4_096;

/// Lines that an import has handed over, of which some may be written.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) deliveries: Vec<Delivery>,
    /// What each delivery comes to.
    pub(crate) marks: Vec<ImportMark>,
    /// Whether no line was refused before these.
    pub(crate) is_whole: bool,
    /// What became of the first ones.
    taken: Vec<TakenLine>,
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
    fn answer(self, failed: Option<IngestError>) {
        let Self { deliveries, taken, reply, .. } = self;
        let is_refused = taken.iter().any(Result::is_err);
        let answer = (taken, if is_refused { deliveries } else { Vec::new() });
        reply.send(failed.map_or(Ok(answer), Err)).unwrap_or_default();
    }
}

/// What became of a line, and at which seq.
pub(crate) type TakenLine = Result<(Status, Option<Seq>), LimitReached>;

impl Writer {
    /// Writes some of the lines that imports have handed over, each import in its turn.
    /// Other deliveries are taken between two parts.
    pub(crate) fn import_some(&mut self) {
        let Some(mut handed) = self.imports.handed.pop_front() else { return };
        // Those up to a mark that is known came before, whether or not they carry an id;
        // perhaps by another import since the last part.
        let left = handed.marks.get(handed.taken.len()..).unwrap_or_default();
        let known = handed.taken.len() + self.imports.known(left);
        handed.taken.resize_with(known, || Ok((Status::Duplicate, None)));
        let lines = if self.checkpointer.is_shared() { SHARED_LINES } else { LINES };
        match self.import_next(&mut handed, lines) {
            Err(error) => handed.answer(Some(error)),
            Ok(()) if handed.taken.len() < handed.deliveries.len() => {
                self.imports.handed.push_back(handed);
            }
            Ok(()) => handed.answer(None),
        }
    }

    /// Writes the next lines, and how far the import comes with them, as one transaction.
    ///
    /// A mark says that all lines up to there were taken. So none is noted behind one
    /// that was refused.
    fn import_next(&mut self, handed: &mut Handed, lines: usize) -> Result<(), IngestError> {
        self.check()?;
        let begin = handed.taken.len();
        let end = handed.deliveries.len().min(begin + lines);
        let new = handed.deliveries.get_mut(begin..end).unwrap_or_default();
        if new.is_empty() {
            return Ok(());
        }
        self.stamp(new.iter_mut());
        let new = &*new;
        let fates = self.fates(new.iter());
        let both = || new.iter().zip(&fates);
        let entries: Vec<Entry<'_>> = both()
            .filter(|(_, fate)| fate.is_new())
            .map(|(delivery, _)| delivery.entry())
            .collect();
        let before = fates.iter().take_while(|fate| !matches!(fate, Fate::Refused(_))).count();
        let mark = handed.marks.get(begin..begin + before).and_then(<[_]>::last);
        let mark = mark.filter(|_| handed.is_whole);
        let appended = self.append(&entries, mark);
        if appended.is_err() {
            self.forget(new.iter(), &fates);
        }
        let head = appended?;
        if let Some(mark) = mark {
            self.imports.note(*mark);
        }
        let statuses: Vec<_> = both().map(|(it, fate)| self.merge(it, fate)).collect();
        self.advance(head, applied(new.iter(), &fates, &statuses));
        handed.is_whole &= before == fates.len();
        let both = statuses.into_iter().zip(&fates);
        handed.taken.extend(both.map(|(status, fate)| Ok((status?, fate.seq()))));
        Ok(())
    }
}

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
