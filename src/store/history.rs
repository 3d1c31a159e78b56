//! How a thing came to be: the events that speak of it, and accepted events as
//! they came.

use std::ops::ControlFlow;

use crate::graph::{LocationGraph, escaped_len};
use crate::journal::{Entry, JournalError};
use crate::model::{Change, Event, NodeRef, Seq, Timestamp};
use crate::store::index::scan::{Scan, Stop};
use crate::store::index::skip_index;
use crate::store::index::skip_index::Mention;
use crate::store::store::Store;
use crate::webhook::{Decoded, decode_stored};

/// Entries read for one page of events at most: those of other locations lie
/// between.
const PAGE_ENTRIES: u64 = 50_000;

/// The thing that a history is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An object key and its associations, or a record and its relations.
    Node(NodeRef),
    /// A relation, by id.
    Relation(String),
    /// An association, by id.
    Association(String),
}

/// One event of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Its position.
    pub seq: Seq,
    /// Its type.
    pub event_type: String,
    /// The id of the thing that it is about itself.
    pub id: String,
    /// The sender's time of it, where told.
    pub at: Option<Timestamp>,
    /// When it came in.
    pub received_at: Timestamp,
    /// The sender's id of the delivery, where told.
    pub webhook_id: Option<String>,
    /// How often the delivery came, the first time among them. Repeats of the
    /// last seconds before a crash may not be counted.
    pub deliveries: u64,
}

/// Part of a history, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The events.
    pub events: Vec<HistoryEvent>,
    /// What to pass as `after` to go on, if there may be more.
    pub next: Option<Seq>,
    /// Events up to this seq are no longer kept, 0 if all are.
    pub pruned: Seq,
}

impl HistoryPage {
    /// Whether it tells of no event, and none can follow.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.next.is_none()
    }
}

/// One accepted event, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEvent {
    /// Its position.
    pub seq: Seq,
    /// Its type.
    pub event_type: String,
    /// The sender's time of it, where told.
    pub at: Option<Timestamp>,
    /// When it came in.
    pub received_at: Timestamp,
    /// The sender's id of the delivery, where told.
    pub webhook_id: Option<String>,
    /// The body, byte for byte.
    pub body: String,
}

/// How much one page of events holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    /// The greatest number of events.
    pub events: usize,
    /// Bytes of their texts, about. The first event always fits.
    pub bytes: usize,
}

impl From<usize> for PageLimit {
    /// So many events, however long their texts.
    fn from(events: usize) -> Self {
        Self { events, bytes: usize::MAX }
    }
}

/// The members of an event as JSON, without texts.
const EVENT_MEMBERS: usize = 192;

/// What of a page is left to fill.
struct Room {
    limit: PageLimit,
    events: usize,
    bytes: usize,
}

impl Room {
    fn new(limit: impl Into<PageLimit>) -> Self {
        Self { limit: limit.into(), events: 0, bytes: 0 }
    }

    /// Counts an event with so many bytes of text; false if it does not fit.
    fn take(&mut self, texts: usize) -> bool {
        let bytes = self.bytes.saturating_add(texts).saturating_add(EVENT_MEMBERS);
        if self.events == self.limit.events || self.events > 0 && bytes > self.limit.bytes {
            return false;
        }
        (self.events, self.bytes) = (self.events + 1, bytes);
        true
    }
}

/// Accepted events, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<AcceptedEvent>,
    /// What to pass as `after` to go on, if there may be more.
    pub next: Option<Seq>,
    /// Events up to this seq are no longer kept, 0 if all are.
    pub pruned: Seq,
}

impl Store {
    /// Up to `limit` events behind `after` that speak of a thing: for a record
    /// its own and those of its relations, for an object key its schema's and
    /// those of its associations.
    ///
    /// Reads the location's events in runs of about 4,096 events that the thing occurs
    /// in, and to find these up to 12 bytes an event of those runs that the location
    /// occurs in; and whatever came since the last checkpoint.
    pub fn history(
        &self,
        location: &str,
        of: &Subject,
        after: Seq,
        limit: impl Into<PageLimit>,
    ) -> Result<HistoryPage, JournalError> {
        self.history_until(location, of, after, limit.into(), &|| false)
    }

    /// As [`Store::history`], until it is to stop: the page then ends early.
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
        let mut wanted = vec![of.mention(location)];
        let mut page = HistoryPage { events: Vec::new(), next: None, pruned };
        let mut failed = None;
        let scan = Scan { location, after, upto: Seq::MAX, entries_max: u64::MAX, stop };
        let stopped = scan.run(journal.as_mut(), &mut wanted, &mut |seq, entry, wanted| {
            let event = match read(seq, &entry) {
                Ok(Some(event)) => event,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            if !of.is_told_by(&event, wanted) {
                return ControlFlow::Continue(());
            }
            let texts = entry.entity.len() + entry.webhook_id.map_or(0, str::len);
            if !room.take(texts) {
                page.next = page.events.last().map(|last| last.seq);
                return ControlFlow::Break(());
            }
            page.events.push(HistoryEvent::new(seq, &entry));
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(()), Err)?;
        page.next = page.next.or(stopped);
        let unsaved = self.repeats.hold();
        for event in &mut page.events {
            let counted = unsaved.get(&event.seq).copied().unwrap_or(0);
            event.deliveries += journal.repeats(event.seq)? + counted;
        }
        Ok(page)
    }

    /// Up to `limit` accepted events of a location behind `after`.
    ///
    /// Reads them and a few around each, and whatever came since the last checkpoint;
    /// 50,000 at most, so a page may hold fewer, or none, and still have a `next`.
    pub fn events(
        &self,
        location: &str,
        after: Seq,
        limit: impl Into<PageLimit>,
    ) -> Result<EventPage, JournalError> {
        self.events_until(location, after, limit.into(), &|| false)
    }

    /// As [`Store::events`], until it is to stop: the page then ends early.
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
            // A body is JSON, so as a text in JSON its quotation marks are escaped.
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

/// Begins again where old events were pruned ahead of a reading that may do without
/// them: each time behind more of them, so that it comes to an end.
fn unless_pruned<T>(mut read: impl FnMut() -> Result<T, JournalError>) -> Result<T, JournalError> {
    loop {
        match read() {
            Err(JournalError::PrunedWhileReading { .. }) => {}
            page => return page,
        }
    }
}

/// The event that an entry holds; nothing for one of an ignored type.
pub(super) fn read(seq: Seq, entry: &Entry<'_>) -> Result<Option<Event>, JournalError> {
    if entry.is_erased() {
        return Ok(None);
    }
    match decode_stored(entry.body.as_bytes(), entry.event_type) {
        Ok(Decoded::Event(event)) => Ok(Some(event)),
        Ok(Decoded::Ignored { .. }) => Ok(None),
        Err(error) => Err(JournalError::DamagedEvent { seq, reason: error.to_string() }),
    }
}

impl Subject {
    /// Whether any event has named this, as far as the graph tells.
    pub fn is_known_to(&self, graph: &LocationGraph) -> bool {
        match self {
            Self::Node(node) => graph.knows(node),
            Self::Relation(id) => graph.knows_relation(id),
            Self::Association(id) => graph.knows_association(id),
        }
    }
}

impl HistoryEvent {
    fn new(seq: Seq, entry: &Entry<'_>) -> Self {
        Self {
            seq,
            event_type: entry.event_type.to_owned(),
            id: entry.entity.to_owned(),
            at: entry.at,
            received_at: entry.received_at,
            webhook_id: entry.webhook_id.map(str::to_owned),
            deliveries: 1,
        }
    }
}

impl Subject {
    fn mention(&self, location: &str) -> Mention {
        match self {
            Self::Node(node) => skip_index::of_node(location, node),
            Self::Relation(id) => skip_index::of_relation(location, id),
            Self::Association(id) => skip_index::of_association(location, id),
        }
    }

    /// Whether an event speaks of this.
    ///
    /// Of the delete of an association earlier versions noted the id alone, not its
    /// object keys; so the ids of those that have an end here are wanted, too.
    fn is_told_by(&self, event: &Event, wanted: &mut Vec<Mention>) -> bool {
        match (self, &event.change) {
            (Self::Relation(id), Change::Relation(relation)) => relation.id.as_str() == id,
            (Self::Association(id), Change::Association(association)) => {
                association.id.as_str() == id
            }
            (Self::Association(id), Change::AssociationGone { id: gone, .. }) => {
                gone.as_str() == id
            }
            (Self::Node(NodeRef { object, record: Some(id) }), change) => match change {
                Change::Record { object: of, id: named } => {
                    named == id && of.as_ref().is_none_or(|of| of == object)
                }
                Change::Relation(relation) => [&relation.first, &relation.second]
                    .iter()
                    .any(|end| end.object == *object && end.id == *id),
                _ => false,
            },
            (Self::Node(NodeRef { object, record: None }), change) => match change {
                Change::ObjectSchema(schema) => schema.key == *object,
                Change::Association(association) => {
                    let ends = [&association.first, &association.second];
                    let joins = ends.iter().any(|end| end.object == *object);
                    let (location, id) = (event.location.as_str(), association.id.as_str());
                    let noted = skip_index::of_association(location, id);
                    if joins && !wanted.contains(&noted) {
                        wanted.push(noted);
                    }
                    joins
                }
                Change::AssociationGone { first, second, .. } => [first, second].contains(&object),
                _ => false,
            },
            _ => false,
        }
    }
}
