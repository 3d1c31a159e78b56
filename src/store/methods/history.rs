//! The history of one thing, and accepted events page by page.

use std::ops::ControlFlow;

use crate::graph::{Order, escaped_len};
use crate::journal::{JournalEntry, JournalError, JournalReader};
use crate::model::Seq;
#[cfg(feature = "server")]
use crate::model::Timestamp;
use crate::store::history::{
    AcceptedEvent, EventPage, HistoryEvent, HistoryPage, PageLimit, Subject, decode_entry,
};
use crate::store::index::backward_scan::BackwardScan;
use crate::store::index::scan::{PAGE_ENTRIES, Scan, Stop};
use crate::store::index::skip_index::KeyHash;
use crate::store::store::Store;

/// Bytes of the members of an event as JSON, without texts.
const EVENT_MEMBERS: usize = 256;

impl Store {
    /// Returns up to `limit` events after `after` that concern a thing: for a record its own
    /// and those of its relations, for an object key those of its schema and of its
    /// associations.
    ///
    /// # Performance
    ///
    /// Reads the location's events in those runs of about 4,096 events that name the thing,
    /// and to find these up to 12 bytes per event of the runs that contain the location;
    /// and all events since the last checkpoint.
    pub fn history(
        &self,
        location: &str,
        of: &Subject,
        after: Seq,
        limit: impl Into<PageLimit>,
    ) -> Result<HistoryPage, JournalError> {
        self.history_until(location, of, after, limit.into(), &|| false)
    }

    /// Returns events as [`Store::history`] does, until it is to stop: the page then ends
    /// early.
    pub(crate) fn history_until(
        &self,
        location: &str,
        of: &Subject,
        after: Seq,
        limit: PageLimit,
        stop: Stop<'_>,
    ) -> Result<HistoryPage, JournalError> {
        unless_pruned(|| self.read_history(location, of, after, limit, stop))
    }

    fn read_history(
        &self,
        location: &str,
        of: &Subject,
        after: Seq,
        limit: PageLimit,
        stop: Stop<'_>,
    ) -> Result<HistoryPage, JournalError> {
        let mut room = Room::new(limit);
        let mut journal = self.reader()?;
        let pruned = journal.pruned()?;
        let after = after.max(pruned);
        let mut wanted = vec![of.key_hash(location)];
        let mut page = HistoryPage { order: Order::Oldest, events: Vec::new(), next: None, pruned };
        let mut failed = None;
        let scan = Scan { location, after, upto: Seq::MAX, entries_max: u64::MAX, stop };
        let stopped =
            scan.run(journal.as_mut(), &mut wanted, &mut |seq, entry, wanted| match concerned(
                of, seq, &entry, wanted,
            ) {
                Ok(Some(event)) => room.add(event, &mut page),
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            })?;
        failed.map_or(Ok(()), Err)?;
        page.next = page.next.or(stopped);
        self.count_deliveries(journal.as_mut(), &mut page)?;
        Ok(page)
    }

    /// Returns up to `limit` events before `before` that concern a thing, the newest first;
    /// [`Seq::MAX`] is after every event.
    ///
    /// # Performance
    ///
    /// Costs what [`Store::history`] does, but of the events from `before` back to the last one
    /// that is returned, and up to 256 before that.
    pub fn history_newest(
        &self,
        location: &str,
        of: &Subject,
        before: Seq,
        limit: impl Into<PageLimit>,
    ) -> Result<HistoryPage, JournalError> {
        self.history_newest_until(location, of, before, limit.into(), &|| false)
    }

    /// Returns events as [`Store::history_newest`] does, until it is to stop: the page then
    /// ends early.
    pub(crate) fn history_newest_until(
        &self,
        location: &str,
        of: &Subject,
        before: Seq,
        limit: PageLimit,
        stop: Stop<'_>,
    ) -> Result<HistoryPage, JournalError> {
        let known = self.location(location)?;
        let wanted = of.key_hashes(location, known.as_ref().map(|it| it.read()).as_deref());
        unless_pruned(|| {
            let mut room = Room::new(limit);
            let mut journal = self.reader()?;
            let pruned = journal.pruned()?;
            let mut page =
                HistoryPage { order: Order::Newest, events: Vec::new(), next: None, pruned };
            let upto = before.saturating_sub(1);
            let scan = BackwardScan { location, after: pruned, upto, wanted: &wanted, stop };
            let mut pick =
                |seq, entry: JournalEntry<'_>| concerned(of, seq, &entry, &mut Vec::new());
            let stopped =
                scan.run(journal.as_mut(), &mut pick, &mut |event| room.add(event, &mut page))?;
            page.next = page.next.or(stopped);
            self.count_deliveries(journal.as_mut(), &mut page)?;
            Ok(page)
        })
    }

    /// Adds the repeats of the deliveries of a page.
    fn count_deliveries(
        &self,
        journal: &mut dyn JournalReader,
        page: &mut HistoryPage,
    ) -> Result<(), JournalError> {
        let unsaved = self.redeliveries.lock();
        for event in &mut page.events {
            let counted = unsaved.get(&event.seq).copied().unwrap_or(0);
            event.deliveries += journal.redeliveries(event.seq)? + counted;
        }
        Ok(())
    }

    /// Returns up to `limit` accepted events of a location after `after`.
    ///
    /// # Performance
    ///
    /// Reads them and a few around each, and all events since the last checkpoint; 50,000
    /// at most, so a page may contain fewer, or none, and still have a `next`.
    pub fn events(
        &self,
        location: &str,
        after: Seq,
        limit: impl Into<PageLimit>,
    ) -> Result<EventPage, JournalError> {
        self.events_until(location, after, limit.into(), &|| false)
    }

    /// Returns events as [`Store::events`] does, until it is to stop: the page then ends
    /// early.
    pub(crate) fn events_until(
        &self,
        location: &str,
        after: Seq,
        limit: PageLimit,
        stop: Stop<'_>,
    ) -> Result<EventPage, JournalError> {
        unless_pruned(|| self.read_events(location, after, limit, stop))
    }

    fn read_events(
        &self,
        location: &str,
        after: Seq,
        limit: PageLimit,
        stop: Stop<'_>,
    ) -> Result<EventPage, JournalError> {
        let mut room = Room::new(limit);
        let mut journal = self.reader()?;
        let pruned = journal.pruned()?;
        let after = after.max(pruned);
        let mut page = EventPage { events: Vec::new(), next: None, pruned };
        let scan = Scan { location, after, upto: Seq::MAX, entries_max: PAGE_ENTRIES, stop };
        let stopped = scan.run(journal.as_mut(), &mut Vec::new(), &mut |seq, entry, _| {
            // A body is JSON, so its quotation marks are escaped in a JSON string.
            let texts = escaped_len(entry.body) + entry.webhook_id.map_or(0, str::len);
            if !room.take(texts) {
                page.next = page.events.last().map(|last| last.seq);
                return ControlFlow::Break(());
            }
            page.events.push(AcceptedEvent {
                seq,
                event_type: entry.event_type.to_owned(),
                at: entry.at,
                received_at: entry.received_at,
                webhook_id: entry.webhook_id.map(str::to_owned),
                body: entry.body.to_owned(),
            });
            ControlFlow::Continue(())
        })?;
        page.next = page.next.or(stopped);
        Ok(page)
    }
}

/// The body of one event.
#[cfg(feature = "server")]
#[derive(Debug)]
pub(crate) struct StoredBody<'e> {
    pub(crate) seq: Seq,
    pub(crate) received_at: Timestamp,
    pub(crate) body: &'e str,
}

impl Store {
    /// Shows the bodies of some events of a location, until `each` breaks; of those that were
    /// pruned or erased none. Returns whether that were all: not if `each` broke, or it was to
    /// stop before the last.
    ///
    /// # Performance
    ///
    /// Reads each of them alone, and holds one at a time.
    #[cfg(feature = "server")]
    pub(crate) fn bodies_of(
        &self,
        location: &str,
        seqs: &[Seq],
        stop: Stop<'_>,
        each: &mut dyn FnMut(StoredBody<'_>) -> ControlFlow<()>,
    ) -> Result<bool, JournalError> {
        let mut journal = self.reader()?;
        for &seq in seqs {
            if stop() {
                return Ok(false);
            }
            let mut shown = ControlFlow::Continue(());
            let read = journal.read_range(seq..=seq, &mut |seq, entry| {
                if entry.location == location && !entry.is_erased() {
                    let (received_at, body) = (entry.received_at, entry.body);
                    shown = each(StoredBody { seq, received_at, body });
                }
                ControlFlow::Break(())
            });
            match read {
                Ok(()) | Err(JournalError::PrunedWhileReading { .. }) => {}
                Err(error) => return Err(error),
            }
            if shown.is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns the event of an entry, if it concerns the subject. May add to what is wanted.
fn concerned(
    of: &Subject,
    seq: Seq,
    entry: &JournalEntry<'_>,
    wanted: &mut Vec<KeyHash>,
) -> Result<Option<HistoryEvent>, JournalError> {
    let event = decode_entry(seq, entry)?.filter(|event| of.is_concerned_by(event, wanted));
    Ok(event.map(|event| HistoryEvent::new(seq, entry, &event)))
}

/// The room that is left in a page.
struct Room {
    limit: PageLimit,
    events: usize,
    bytes: usize,
}

impl Room {
    fn new(limit: impl Into<PageLimit>) -> Self {
        Self { limit: limit.into(), events: 0, bytes: 0 }
    }

    /// Adds an event to a page of a history, if it fits; if not, the page ends with the last one
    /// that did.
    fn add(&mut self, event: HistoryEvent, page: &mut HistoryPage) -> ControlFlow<()> {
        if !self.take(event.text_bytes()) {
            page.next = page.events.last().map(|last| last.seq);
            return ControlFlow::Break(());
        }
        page.events.push(event);
        ControlFlow::Continue(())
    }

    /// Counts an event with this many bytes of text, and returns whether it fits.
    fn take(&mut self, texts: usize) -> bool {
        let bytes = self.bytes.saturating_add(texts).saturating_add(EVENT_MEMBERS);
        if self.events == self.limit.events || self.events > 0 && bytes > self.limit.bytes {
            return false;
        }
        (self.events, self.bytes) = (self.events + 1, bytes);
        true
    }
}

/// Reads again where old events were pruned before they could be read and are not needed:
/// each time after more of them, so that it ends.
fn unless_pruned<T>(mut read: impl FnMut() -> Result<T, JournalError>) -> Result<T, JournalError> {
    loop {
        match read() {
            Err(JournalError::PrunedWhileReading { .. }) => {}
            page => return page,
        }
    }
}
