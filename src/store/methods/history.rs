//! The history of one thing, and accepted events page by page.

use std::ops::ControlFlow;

use crate::graph::escaped_len;
use crate::journal::JournalError;
use crate::model::Seq;
use crate::store::history::{
    AcceptedEvent, EventPage, HistoryEvent, HistoryPage, PageLimit, Subject, decode_entry,
};
use crate::store::index::scan::{PAGE_ENTRIES, Scan, Stop};
use crate::store::store::Store;

/// Bytes of the members of an event as JSON, without texts.
const EVENT_MEMBERS: usize = 192;

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
        let mut page = HistoryPage { events: Vec::new(), next: None, pruned };
        let mut failed = None;
        let scan = Scan { location, after, upto: Seq::MAX, entries_max: u64::MAX, stop };
        let stopped = scan.run(journal.as_mut(), &mut wanted, &mut |seq, entry, wanted| {
            let event = match decode_entry(seq, &entry) {
                Ok(Some(event)) => event,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            if !of.is_concerned_by(&event, wanted) {
                return ControlFlow::Continue(());
            }
            let name = event.change.name().map_or(0, escaped_len);
            let texts = entry.entity.len() + entry.webhook_id.map_or(0, str::len) + name;
            if !room.take(texts) {
                page.next = page.events.last().map(|last| last.seq);
                return ControlFlow::Break(());
            }
            page.events.push(HistoryEvent::new(seq, &entry, &event));
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(()), Err)?;
        page.next = page.next.or(stopped);
        let unsaved = self.redeliveries.lock();
        for event in &mut page.events {
            let counted = unsaved.get(&event.seq).copied().unwrap_or(0);
            event.deliveries += journal.redeliveries(event.seq)? + counted;
        }
        Ok(page)
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
