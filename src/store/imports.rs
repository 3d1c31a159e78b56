//! How the writer takes the lines of an import, and knows those that it has.

use std::collections::{HashSet, VecDeque};

use super::writer::{Fate, Writer, applied};
use super::{Delivery, IngestError, LimitReached, Status};
use crate::journal::{Entry, IMPORT_MARKS, ImportMark};
use crate::model::Seq;

/// The marks that imports have come to.
#[derive(Debug, Default)]
pub(super) struct Imports {
    known: HashSet<ImportMark>,
    /// Oldest first.
    order: VecDeque<ImportMark>,
}

impl Imports {
    pub(super) fn note(&mut self, mark: ImportMark) {
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

/// What became of a line, and at which seq.
pub(super) type TakenLine = Result<(Status, Option<Seq>), LimitReached>;

impl Writer {
    /// Writes what an import brings next, and how far it comes with that, as one
    /// transaction; each delivery has the mark that it comes to.
    ///
    /// Those up to a mark that is known came before, whether or not they carry an
    /// id. Answers with what became of each, and at which seq.
    ///
    /// A mark says that all lines up to there were taken. So none is noted behind one
    /// that was refused, nor where `is_whole` says that one was refused before.
    pub(super) fn import(
        &mut self,
        deliveries: &mut [Delivery],
        marks: &[ImportMark],
        is_whole: bool,
    ) -> Result<Vec<TakenLine>, IngestError> {
        self.check()?;
        let known = self.imports.known(marks);
        let mut taken: Vec<TakenLine> = vec![Ok((Status::Duplicate, None)); known];
        let new = deliveries.get_mut(known..).unwrap_or_default();
        if new.is_empty() {
            return Ok(taken);
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
        let mark = marks.get(known..known + before).and_then(<[_]>::last);
        let mark = mark.filter(|_| is_whole);
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
        let both = statuses.into_iter().zip(&fates);
        taken.extend(both.map(|(status, fate)| Ok((status?, fate.seq()))));
        Ok(taken)
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
