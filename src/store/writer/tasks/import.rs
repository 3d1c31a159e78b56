//! Writing the lines of imports between deliveries.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::graph::{Draft, LocationGraph};
use crate::journal::JournalEntry;
use crate::model::{Event, LocationId};
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::location::Location;
use crate::store::writer::batch::{Admission, applied};
use crate::store::writer::import_marks::{ImportChunk, LeftOut};
use crate::store::writer::thread::Writer;
use crate::webhook::Decoded;

/// Lines of one transaction while deliveries arrive, which wait for it.
const SHARED_LINES: usize = 128;

/// Lines of one transaction while none does.
const LINES: usize = 4_096;

impl Writer {
    /// Writes some of the lines that imports have handed over, each import in its turn.
    /// Other deliveries are accepted between two parts.
    pub(crate) fn import_some(&mut self) {
        let Some(mut chunk) = self.imports.chunks.pop_front() else { return };
        // Before the turn, for which others wait.
        let next = chunk.deliveries.iter().skip(chunk.taken.len());
        let ready = self.check_writable().and_then(|()| self.recall_for(next));
        let ready = ready.and_then(|()| self.take_turn()).and_then(|()| self.read_new_marks());
        if let Err(error) = ready {
            self.end_turn();
            return chunk.reply(Some(error));
        }
        // Those up to a known mark were imported before, whether or not they carry an id;
        // perhaps by another import since the last part.
        let left = chunk.marks.get(chunk.taken.len()..).unwrap_or_default();
        let known = if chunk.left_out.is_any() { 0 } else { self.imports.count_known(left) };
        let known = chunk.taken.len() + known;
        chunk.taken.resize_with(known, || Ok((Status::Duplicate, None)));
        let lines = if self.checkpointer.is_shared() { SHARED_LINES } else { LINES };
        let imported = self.import_next(&mut chunk, lines);
        // Perhaps there was nothing to write.
        self.end_turn();
        match imported {
            Err(error) => chunk.reply(Some(error)),
            Ok(()) if chunk.taken.len() < chunk.deliveries.len() => {
                self.imports.chunks.push_back(chunk);
            }
            Ok(()) => chunk.reply(None),
        }
    }

    /// Reads the marks that others may have added.
    fn read_new_marks(&mut self) -> Result<(), IngestError> {
        if !self.imports.is_outdated {
            return Ok(());
        }
        let Self { journal, imports, .. } = self;
        let read = imports.read_marks(journal.as_mut());
        read.map_err(|error| self.settle_other(error.into()))
    }

    /// Writes the next lines, and how far the import comes with them, as one transaction.
    ///
    /// A mark says that all lines up to there were written, so none is recorded after a
    /// line that was refused.
    fn import_next(&mut self, chunk: &mut ImportChunk, lines: usize) -> Result<(), IngestError> {
        let begin = chunk.taken.len();
        let end = chunk.deliveries.len().min(begin + lines);
        let new = chunk.deliveries.get(begin..end).unwrap_or_default();
        if new.is_empty() {
            return Ok(());
        }
        let named = locations_of(new);
        // What began after the chunk was read may have left memory again.
        let _in_memory =
            self.hold_graphs(&named).map_err(|error| IngestError::from(Arc::new(error)))?;
        let new = chunk.deliveries.get_mut(begin..end).unwrap_or_default();
        self.stamp(new.iter_mut());
        self.keep_naming_properties(new.iter_mut());
        let new = &*new;
        let admissions = if chunk.left_out.is_any() {
            self.admit_but(chunk.left_out, new)
        } else {
            self.admit(new.iter())
        };
        let both = || new.iter().zip(&admissions);
        let entries: Vec<JournalEntry<'_>> = both()
            .filter(|(_, admission)| admission.is_new())
            .map(|(delivery, _)| delivery.entry())
            .collect();
        let is_accepted = |it: &&Admission| !matches!(it, Admission::Refused(_));
        let before = admissions.iter().take_while(is_accepted).count();
        let mark = chunk.marks.get(begin..begin + before).and_then(<[_]>::last);
        let mark = mark.filter(|_| chunk.is_whole && !chunk.left_out.is_any());
        let head = self.append_entries(&entries, mark)?;
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

    /// Decides which lines go into the journal, and at which seq, and which are left out: those
    /// that the graph would be the same without at all times, or that come too late. That is
    /// known of each as of those before it.
    fn admit_but<'l>(&mut self, left_out: LeftOut, lines: &'l [Delivery]) -> Vec<Admission> {
        let mut drafts: HashMap<&str, Draft> = HashMap::new();
        // In the drafts each has a seq of its own: their order counts, whether written or not.
        let mut places = self.head + 1..;
        let mut redundant = |event: &'l Event, location: Option<&Location>| {
            let (graph, empty) = (location.map(Location::read), LocationGraph::new());
            let whole = graph.as_deref().unwrap_or(&empty);
            let draft = drafts.entry(event.location.as_str()).or_default();
            let place = places.next().unwrap_or_default();
            if let Some(since) = left_out.changed_since
                && draft.newest(whole, &event.change).is_some_and(|newest| newest.seq() > since)
            {
                return Some(Status::Stale);
            }
            let (outcome, leaves_trace) = draft.merge_noting_trace(whole, place, event);
            (left_out.unchanged && !leaves_trace).then(|| outcome.into())
        };
        self.admit_unless(lines.iter(), Some(&mut redundant))
    }
}

/// Returns the locations that deliveries name.
fn locations_of(deliveries: &[Delivery]) -> BTreeSet<LocationId> {
    let mut named = BTreeSet::new();
    let mut last = None;
    for delivery in deliveries {
        let Decoded::Event(event) = delivery.decoded() else { continue };
        if last.replace(&event.location) != Some(&event.location) {
            named.insert(event.location.clone());
        }
    }
    named
}
