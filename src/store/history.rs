//! Events that concern one thing, and accepted events as received.

use crate::graph::{LocationGraph, Order, escaped_len};
use crate::journal::{JournalEntry, JournalError};
use crate::model::{Change, Event, NodeRef, Origin, Seq, Timestamp};
use crate::store::index::skip_index;
use crate::store::index::skip_index::KeyHash;
use crate::webhook::{Decoded, decode_stored};

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
    /// The id of the thing that the event itself is about.
    pub id: String,
    /// The sender's time of it, if it has one.
    pub at: Option<Timestamp>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The sender's id of the delivery, if it has one.
    pub webhook_id: Option<String>,
    /// Where it came from, as its body says.
    pub origin: Origin,
    /// When what it says was read from the sender, if it was.
    pub observed_at: Option<Timestamp>,
    /// What the event says the thing is called, if it says so.
    pub name: Option<String>,
    /// How often it was delivered, including the first time. Repeats of the last seconds
    /// before a crash may not be counted.
    pub deliveries: u64,
}

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Which events come first.
    pub order: Order,
    /// The events.
    pub events: Vec<HistoryEvent>,
    /// The `after` of the next page, or the `before` if the newest events come first; `None`
    /// after the last page.
    pub next: Option<Seq>,
    /// The last event that was pruned, 0 if none was.
    pub pruned: Seq,
}

impl HistoryPage {
    /// Returns whether it has no events and no next page.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.next.is_none()
    }
}

/// One accepted event, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEvent {
    /// Its position.
    pub seq: Seq,
    /// Its type.
    pub event_type: String,
    /// The sender's time of it, if it has one.
    pub at: Option<Timestamp>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The sender's id of the delivery, if it has one.
    pub webhook_id: Option<String>,
    /// The body, byte for byte.
    pub body: String,
}

/// The size of one page of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    /// Maximum number of events.
    pub events: usize,
    /// Maximum number of bytes of their texts, approximately. The first event always fits.
    pub bytes: usize,
}

impl From<usize> for PageLimit {
    /// Limits the number of events, however long their texts.
    fn from(events: usize) -> Self {
        Self { events, bytes: usize::MAX }
    }
}

/// A page of accepted events, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<AcceptedEvent>,
    /// The `after` of the next page, or `None` after the last.
    pub next: Option<Seq>,
    /// The last event that was pruned, 0 if none was.
    pub pruned: Seq,
}

/// Decodes the event of an entry, or returns `None` for one of an ignored type.
pub(crate) fn decode_entry(
    seq: Seq,
    entry: &JournalEntry<'_>,
) -> Result<Option<Event>, JournalError> {
    // Of an event that was ignored when it came, nothing else is kept in columns.
    if entry.is_erased() || entry.entity.is_empty() {
        return Ok(None);
    }
    match decode_stored(entry.body.as_bytes(), entry.event_type) {
        Ok(Decoded::Event(event)) => Ok(Some(event)),
        Ok(Decoded::Ignored { .. }) => Ok(None),
        Err(error) => Err(JournalError::DamagedEvent { seq, reason: error.to_string() }),
    }
}

impl Subject {
    /// Returns whether any event has named this, as far as the graph knows.
    pub fn is_known_to(&self, graph: &LocationGraph) -> bool {
        match self {
            Self::Node(node) => graph.knows(node),
            Self::Relation(id) => graph.knows_relation(id),
            Self::Association(id) => graph.knows_association(id),
        }
    }
}

impl HistoryEvent {
    /// Returns the number of bytes of its texts as JSON.
    pub(crate) fn text_bytes(&self) -> usize {
        let name = self.name.as_deref().map_or(0, escaped_len);
        self.id.len() + self.webhook_id.as_ref().map_or(0, String::len) + name
    }

    pub(crate) fn new(seq: Seq, entry: &JournalEntry<'_>, event: &Event) -> Self {
        Self {
            seq,
            event_type: entry.event_type.to_owned(),
            id: entry.entity.to_owned(),
            at: entry.at,
            received_at: entry.received_at,
            webhook_id: entry.webhook_id.map(str::to_owned),
            origin: event.origin,
            observed_at: event.observed_at,
            name: event.change.name().map(str::to_owned),
            deliveries: 1,
        }
    }
}

impl Subject {
    pub(crate) fn key_hash(&self, location: &str) -> KeyHash {
        match self {
            Self::Node(node) => skip_index::hash_node(location, node),
            Self::Relation(id) => skip_index::hash_relation(location, id),
            Self::Association(id) => skip_index::hash_association(location, id),
        }
    }

    /// Returns the hashes of the names one of which every event that concerns this has, the
    /// deletes of associations among them that earlier versions recorded.
    pub(crate) fn key_hashes(&self, location: &str, graph: Option<&LocationGraph>) -> Vec<KeyHash> {
        let mut hashes = vec![self.key_hash(location)];
        if let (Self::Node(NodeRef { object, record: None }), Some(graph)) = (self, graph) {
            let ids = graph.associations_at(object);
            hashes.extend(ids.map(|id| skip_index::hash_association(location, id)));
        }
        hashes
    }

    /// Returns whether an event concerns this.
    ///
    /// For the delete of an association, earlier versions recorded only the id, not its
    /// object keys; so the ids of those that have an end here are wanted, too.
    pub(crate) fn is_concerned_by(&self, event: &Event, wanted: &mut Vec<KeyHash>) -> bool {
        match (self, &event.change) {
            (Self::Relation(id), Change::Relation(relation)) => relation.id.as_str() == id,
            (Self::Association(id), Change::Association(association)) => {
                association.id.as_str() == id
            }
            (Self::Association(id), Change::AssociationDeleted { id: gone, .. }) => {
                gone.as_str() == id
            }
            (Self::Node(NodeRef { object, record: Some(id) }), change) => match change {
                Change::Record { object: of, id: named, .. } => {
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
                    let noted = skip_index::hash_association(location, id);
                    if joins && !wanted.contains(&noted) {
                        wanted.push(noted);
                    }
                    joins
                }
                Change::AssociationDeleted { first, second, .. } => {
                    [first, second].contains(&object)
                }
                _ => false,
            },
            _ => false,
        }
    }
}
