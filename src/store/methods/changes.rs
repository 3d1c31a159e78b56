//! Pages of the change feed.

use std::ops::ControlFlow;

use crate::journal::{JournalError, JournalReader};
use crate::model::Seq;
use crate::store::changes::reader::{
    AppliedEvent, ChangeFilter, ChangePage, ChangeQuery, ChangesError, Definitions,
};
use crate::store::history;
use crate::store::index::scan::{PAGE_ENTRIES, Scan, Stop};
use crate::store::pruned::Pruned;
use crate::store::store::Store;

/// Number of entries of which those that changed nothing are read at once: some tens of
/// microseconds.
const NO_OPS_AT_ONCE: Seq = 1_000;

impl Store {
    /// Returns up to `limit` changes of a location after `after`; see [`ChangePage::upto`]
    /// for where the next page begins. Events that were accepted but changed nothing,
    /// because they repeat what is known or something newer is known, are not changes.
    /// (For events accepted by a Relata without this feed that is unknown: all of them are
    /// shown.)
    ///
    /// # Performance
    ///
    /// Reads the location's events after `after` and a few around each, and all events
    /// since the last checkpoint, up to 50,000: a page may contain few changes, or none,
    /// and not be the last.
    ///
    /// ```
    /// use std::time::Duration;
    /// use relata::changes::ChangeFilter;
    /// use relata::Store;
    ///
    /// let store = Store::in_memory()?;
    /// store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
    ///     "firstObjectKey":"contact","firstRecordId":"amara",
    ///     "secondObjectKey":"custom_objects.property","secondRecordId":"12-maple-street"}"#)?;
    ///
    /// let filter = ChangeFilter { object: Some("contact".into()), ..Default::default() };
    /// let mut after = 0;
    /// loop {
    ///     let page = store.changes("eHy2", after, &filter, 100)?;
    ///     for change in &page.events {
    ///         println!("{} {}", change.seq, change.event.event_type);
    ///     }
    ///     after = page.upto;
    ///     // Followed for as long as something happens within a millisecond.
    ///     if !store.wait_for(after + 1, Duration::from_millis(1)) {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(after, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(
        &self,
        location: &str,
        after: Seq,
        filter: &ChangeFilter,
        limit: usize,
    ) -> Result<ChangePage, ChangesError> {
        let query = ChangeQuery { location, filter, after, upto: self.head(), limit };
        self.changes_until(self.reader()?.as_mut(), &query, &|| false)
    }

    /// Reads one page of changes with a reader of the journal that may be used for many,
    /// until it is to stop: the page then ends early.
    pub(crate) fn changes_until(
        &self,
        journal: &mut dyn JournalReader,
        query: &ChangeQuery<'_>,
        stop: Stop<'_>,
    ) -> Result<ChangePage, ChangesError> {
        let &ChangeQuery { location, filter, after, upto, limit } = query;
        // Before the journal is read: see `NoOpEvents`.
        let unsaved = self.no_ops.after(after);
        let pruned = journal.pruned()?;
        if after < pruned {
            return Err(ChangesError::Pruned(Pruned { upto: pruned, asked: after }));
        }
        let mut definitions = Definitions::of(self.location(location)?);
        let mut page = ChangePage { events: Vec::new(), upto: upto.max(after) };
        let mut failed = None;
        let scan = Scan { location, after, upto, entries_max: PAGE_ENTRIES, stop };
        let stopped = scan.run(journal, &mut Vec::new(), &mut |seq, entry, _| {
            if page.events.len() == limit {
                page.upto = seq - 1;
                return ControlFlow::Break(());
            }
            if unsaved.contains(&seq) {
                return ControlFlow::Continue(());
            }
            let event = match history::decode_entry(seq, &entry) {
                Ok(Some(event)) => event,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            if filter.matches_names(&event) {
                let association = definitions.association_of(&event);
                if filter.matches_labels(&event, association.as_deref()) {
                    let received_at = entry.received_at;
                    let names = definitions.names_of(&event);
                    page.events.push(AppliedEvent { seq, received_at, event, association, names });
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(()), Err)?;
        page.upto = stopped.unwrap_or(page.upto);
        page.events = without_no_ops(journal, page.events, stop)?;
        Ok(page)
    }
}

/// Drops the events that changed nothing, as of the last checkpoint. Not stopped, but asked
/// whether to: on a thread of low priority that lets others go first.
fn without_no_ops(
    journal: &mut dyn JournalReader,
    events: Vec<AppliedEvent>,
    stop: Stop<'_>,
) -> Result<Vec<AppliedEvent>, JournalError> {
    let mut applied = Vec::with_capacity(events.len());
    let (mut no_ops, mut known_upto) = (Vec::new(), 0);
    let last = events.last().map_or(0, |event| event.seq);
    for event in events {
        if event.seq > known_upto {
            stop();
            known_upto = last.min(event.seq + NO_OPS_AT_ONCE);
            no_ops = journal.no_ops(event.seq..=known_upto)?;
        }
        if no_ops.binary_search(&event.seq).is_err() {
            applied.push(event);
        }
    }
    Ok(applied)
}
