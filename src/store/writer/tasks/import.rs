//! Writing the lines of imports between deliveries.

use crate::journal::JournalEntry;
use crate::store::delivery::{IngestError, Status};
use crate::store::writer::batch::{Admission, applied};
use crate::store::writer::import_marks::ImportChunk;
use crate::store::writer::thread::Writer;

/// Lines of one transaction while deliveries arrive, which wait for it.
const SHARED_LINES: usize = 128;

/// Lines of one transaction while none does.
const LINES: usize = 4_096;

impl Writer {
    /// Writes some of the lines that imports have handed over, each import in its turn.
    /// Other deliveries are accepted between two parts.
    pub(crate) fn import_some(&mut self) {
        let Some(mut chunk) = self.imports.chunks.pop_front() else { return };
        // Those up to a known mark were imported before, whether or not they carry an id;
        // perhaps by another import since the last part.
        let left = chunk.marks.get(chunk.taken.len()..).unwrap_or_default();
        let known = chunk.taken.len() + self.imports.count_known(left);
        chunk.taken.resize_with(known, || Ok((Status::Duplicate, None)));
        let lines = if self.checkpointer.is_shared() { SHARED_LINES } else { LINES };
        match self.import_next(&mut chunk, lines) {
            Err(error) => chunk.reply(Some(error)),
            Ok(()) if chunk.taken.len() < chunk.deliveries.len() => {
                self.imports.chunks.push_back(chunk);
            }
            Ok(()) => chunk.reply(None),
        }
    }

    /// Writes the next lines, and how far the import comes with them, as one transaction.
    ///
    /// A mark says that all lines up to there were written, so none is recorded after a
    /// line that was refused.
    fn import_next(&mut self, chunk: &mut ImportChunk, lines: usize) -> Result<(), IngestError> {
        self.check_writable()?;
        let begin = chunk.taken.len();
        let end = chunk.deliveries.len().min(begin + lines);
        let new = chunk.deliveries.get_mut(begin..end).unwrap_or_default();
        if new.is_empty() {
            return Ok(());
        }
        self.recall_for(new.iter())?;
        self.stamp(new.iter_mut());
        self.keep_naming_properties(new.iter_mut());
        let new = &*new;
        let admissions = self.admit(new.iter());
        let both = || new.iter().zip(&admissions);
        let entries: Vec<JournalEntry<'_>> = both()
            .filter(|(_, admission)| admission.is_new())
            .map(|(delivery, _)| delivery.entry())
            .collect();
        let is_accepted = |it: &&Admission| !matches!(it, Admission::Refused(_));
        let before = admissions.iter().take_while(is_accepted).count();
        let mark = chunk.marks.get(begin..begin + before).and_then(<[_]>::last);
        let mark = mark.filter(|_| chunk.is_whole);
        let appended = self.append_entries(&entries, mark);
        if appended.is_err() {
            self.forget_ids(new.iter(), &admissions);
        }
        let head = appended?;
        if let Some(mark) = mark {
            self.imports.add_mark(*mark);
        }
        let statuses: Vec<_> =
            both().map(|(it, admission)| self.merge_delivery(it, admission)).collect();
        self.make_visible(head, applied(new.iter(), &admissions, &statuses));
        chunk.is_whole &= before == admissions.len();
        let both = statuses.into_iter().zip(&admissions);
        chunk.taken.extend(both.map(|(status, admission)| Ok((status?, admission.seq()))));
        Ok(())
    }
}
