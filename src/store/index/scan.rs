//! Reading the entries of one location, or of one thing in it, past all others.

use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::{JournalEntry, JournalError, JournalReader, SkipBlock};
use crate::model::Seq;
use crate::store::index::skip_index::{KeyHash, contains_any};

/// Maximum number of entries read for one page of events: those of other locations lie
/// between.
pub(crate) const PAGE_ENTRIES: u64 = 50_000;

/// Returns whether to stop.
pub(crate) type Stop<'s> = &'s dyn Fn() -> bool;

/// Number of entries read, or runs skipped, between two checks of whether to stop: some tens of
/// microseconds if each is decoded.
const CHECK_EVERY: u64 = 16;

/// Maximum number of entries asked of the journal at once. Each time, a lock is taken that the
/// writer needs, too: the fewer times, the better. Among entries of others, nothing is checked
/// before the next time.
const READ_AT_ONCE: u64 = 4_096;

/// Takes an entry; may add to what is wanted, and says whether to continue.
pub(crate) type EntrySink<'s> =
    &'s mut dyn FnMut(Seq, JournalEntry<'_>, &mut Vec<KeyHash>) -> ControlFlow<()>;

/// Which entries to read.
pub(crate) struct Scan<'q> {
    pub(crate) location: &'q str,
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
    /// Maximum number of entries to read, including those of other locations.
    pub(crate) entries_max: u64,
    pub(crate) stop: Stop<'q>,
}

/// How many entries were read.
struct Count {
    read: u64,
    /// Before which of them it is checked whether to stop.
    check_at: u64,
}

impl Count {
    /// Returns whether to check before the entry of this number.
    fn is_due(&mut self, number: u64) -> bool {
        let is_due = number >= self.check_at;
        if is_due {
            self.check_at = (number + 1).next_multiple_of(CHECK_EVERY);
        }
        is_due
    }
}

/// How a part of a scan ended.
enum Ended {
    Whole,
    /// The caller has what it wants.
    Enough,
    /// Before its end, after this entry.
    Early(Seq),
}

impl Scan<'_> {
    /// Shows the entries of the location that may name a wanted thing, or all of them if
    /// `wanted` is empty, and some others of the location, but no erased one; in order,
    /// until `each` breaks. Returns the last entry read if it stops early for another
    /// reason.
    ///
    /// # Performance
    ///
    /// Costs the blocks of 64 entries that contain some of the location, and the entries
    /// since the last checkpoint; the memory of one run.
    pub(crate) fn run(
        &self,
        journal: &mut dyn JournalReader,
        wanted: &mut Vec<KeyHash>,
        each: EntrySink<'_>,
    ) -> Result<Option<Seq>, JournalError> {
        let upto = self.upto.min(journal.head()?);
        let (mut done, mut skipped) = (self.after, 0);
        let mut count = Count { read: 0, check_at: CHECK_EVERY };
        let mut rest = None;
        let mut run = None;
        while done < upto {
            let entries: RangeInclusive<Seq> = match rest.take() {
                Some(entries) => entries,
                None => journal.next_location_range(self.location, done)?,
            };
            let (from, last) = ((*entries.start()).max(done + 1), (*entries.end()).min(upto));
            if from > last {
                if *entries.start() > upto {
                    break;
                }
                continue;
            }
            let (is_wanted, piece) = next_piece(journal, &mut run, from..=last, wanted)?;
            done = *piece.end();
            if done < last {
                rest = Some(entries);
            }
            if is_wanted {
                match self.read(journal, piece, &mut count, wanted, each)? {
                    Ended::Whole => {}
                    Ended::Enough => break,
                    Ended::Early(at) => return Ok(Some(at)),
                }
            } else {
                skipped += 1;
                if skipped % CHECK_EVERY == 0 && (self.stop)() {
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
        count: &mut Count,
        wanted: &mut Vec<KeyHash>,
        each: EntrySink<'_>,
    ) -> Result<Ended, JournalError> {
        let (mut from, last) = piece.into_inner();
        while from <= last {
            let left = self.entries_max - count.read;
            if left == 0 || count.is_due(count.read + 1) && (self.stop)() {
                return Ok(Ended::Early(from - 1));
            }
            let upto = last.min(from + left.min(READ_AT_ONCE) - 1);
            let mut ended = Ended::Whole;
            // An erased entry has no location.
            let mut is_own = |location: &str| location == self.location;
            journal.read_locations(from..=upto, &mut is_own, &mut |seq, entry| {
                if count.is_due(count.read + seq - from + 1) && (self.stop)() {
                    ended = Ended::Early(seq - 1);
                    return ControlFlow::Break(());
                }
                let flow = each(seq, entry, wanted);
                if flow.is_break() {
                    ended = Ended::Enough;
                }
                flow
            })?;
            if !matches!(ended, Ended::Whole) {
                return Ok(ended);
            }
            count.read += upto - from + 1;
            from = upto + 1;
        }
        Ok(Ended::Whole)
    }
}

/// Returns the first part of these entries that is within one run or none, and whether it
/// may name a wanted thing; if not, all of the run, which may end after them.
fn next_piece(
    journal: &mut dyn JournalReader,
    run: &mut Option<SkipBlock>,
    entries: RangeInclusive<Seq>,
    wanted: &[KeyHash],
) -> Result<(bool, RangeInclusive<Seq>), JournalError> {
    if wanted.is_empty() {
        return Ok((true, entries));
    }
    let (from, last) = entries.into_inner();
    if run.as_ref().is_none_or(|run| run.last < from) {
        *run = journal.next_skip_block(from - 1)?;
    }
    Ok(match run {
        Some(run) if run.first > from => (true, from..=last.min(run.first - 1)),
        Some(run) if contains_any(&run.hashes, wanted) => (true, from..=last.min(run.last)),
        Some(run) => (false, from..=run.last),
        None => (true, from..=last),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::store::changes::reader::{ChangeFilter, ChangeQuery};
    use crate::store::history::Subject;
    use crate::store::methods::export_events::ExportEventsError;
    use crate::store::past::as_of::AsOf;
    use crate::store::store::Store;

    /// A store with 600 relations.
    fn filled() -> Store {
        let store = Store::in_memory().unwrap();
        for number in 1..=600 {
            let body = format!(
                r#"{{"id":"r{number}","associationId":"A","locationId":"L",
                "firstObjectKey":"contact","firstRecordId":"c{number}",
                "secondObjectKey":"house","secondRecordId":"h"}}"#
            );
            store.ingest(body.as_bytes()).unwrap();
        }
        store
    }

    /// A client that had left, and a server that stopped, waited for the end of a history
    /// that read the whole journal.
    #[test]
    fn what_is_stopped_goes_on_where_it_ended() {
        let store = filled();
        let stop = || true;
        let subject = Subject::Relation("r500".to_owned());
        let (mut pages, mut found, mut at) = (0, Vec::new(), Some(0));
        while let Some(after) = at {
            let page = store.history_until("L", &subject, after, 10.into(), &stop).unwrap();
            (pages, at) = (pages + 1, page.next);
            found.extend(page.events.into_iter().map(|event| event.seq));
        }
        assert_eq!((pages, found), (40, vec![500]));
        let (mut pages, mut found, mut at) = (0, Vec::new(), Some(601));
        while let Some(before) = at {
            let page = store.history_newest_until("L", &subject, before, 10.into(), &stop).unwrap();
            (pages, at) = (pages + 1, page.next);
            found.extend(page.events.into_iter().map(|event| event.seq));
        }
        // The first 64 entries of each are read at once.
        assert_eq!((pages, found), (10, vec![500]));
        let page = store.events_until("L", 0, 1_000.into(), &stop).unwrap();
        assert_eq!((page.events.len(), page.next), (15, Some(15)));
        let filter = ChangeFilter::default();
        let query =
            ChangeQuery { location: "L", filter: &filter, after: 0, upto: 600, limit: 1_000 };
        let mut journal = store.reader().unwrap();
        let page = store.changes_until(journal.as_mut(), &query, &stop).unwrap();
        assert_eq!((page.events.len(), page.upto), (15, 15));
        let stopped = store.export_events_until("L", 600, &mut Vec::new(), &stop).unwrap_err();
        assert!(matches!(stopped, ExportEventsError::Stopped { at: 15 }), "{stopped}");
    }

    /// Asked whether to stop, a thread of low priority lets others go first: where 256 entries
    /// were decoded in between, a short request on the same core waited for that.
    #[test]
    fn long_reads_ask_often_whether_to_stop() {
        let store = filled();
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            false
        };
        let read = |what: &str, read: &dyn Fn()| {
            asked.set(0);
            read();
            assert!(asked.get() >= 600 / 16, "{what} asks {} times", asked.get());
        };
        read("history", &|| {
            let subject = Subject::Relation("r600".to_owned());
            store.history_until("L", &subject, 0, 1_000.into(), &stop).unwrap();
        });
        read("events", &|| drop(store.events_until("L", 0, 1_000.into(), &stop).unwrap()));
        read("changes", &|| {
            let filter = ChangeFilter::default();
            let query =
                ChangeQuery { location: "L", filter: &filter, after: 0, upto: 600, limit: 1_000 };
            let mut journal = store.reader().unwrap();
            store.changes_until(journal.as_mut(), &query, &stop).unwrap();
        });
        read("an export", &|| {
            store.export_events_until("L", 600, &mut Vec::new(), &stop).unwrap();
        });
        read("the past", &|| {
            let location = store.location("L").unwrap().unwrap();
            let at = Some(AsOf::Seq(599));
            store.snapshot_until(&location, at, &(), &stop).unwrap();
        });
    }
}
