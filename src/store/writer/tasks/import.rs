//! Taking the lines of an import between deliveries.

use crate::journal::JournalEntry;
use crate::store::delivery::{IngestError, Status};
use crate::store::writer::batch::{Admission, applied};
use crate::store::writer::import_marks::Handed;
use crate::store::writer::thread::Writer;

/// Lines of one transaction while other deliveries come, which wait for it.
const SHARED_LINES: usize = 256;

/// The same while none does.
const LINES: usize = 4_096;

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
        let entries: Vec<JournalEntry<'_>> = both()
            .filter(|(_, fate)| fate.is_new())
            .map(|(delivery, _)| delivery.entry())
            .collect();
        let before = fates.iter().take_while(|fate| !matches!(fate, Admission::Refused(_))).count();
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
