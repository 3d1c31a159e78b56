//! Entries of a journal.

use crate::model::{Seq, Timestamp};

/// One accepted delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalEntry<'a> {
    /// The tenant; empty where an ignored event named none.
    pub location: &'a str,
    /// The event type by its name on the wire.
    pub event_type: &'a str,
    /// The id of the thing that the event is about.
    pub entity: &'a str,
    /// The sender's id of the delivery, if it has one.
    pub webhook_id: Option<&'a str>,
    /// The sender's time of the event, if it has one.
    pub at: Option<Timestamp>,
    /// When the delivery was received.
    pub received_at: Timestamp,
    /// The body as received.
    pub body: &'a str,
}

impl JournalEntry<'_> {
    /// Returns what is left of an entry after it is erased.
    pub fn erased(received_at: Timestamp) -> Self {
        let (location, event_type, entity, body) = ("", "", "", "");
        Self { location, event_type, entity, webhook_id: None, at: None, received_at, body }
    }

    /// Returns a CRC-32 of all that it says and of its place in the journal.
    pub(super) fn checksum(&self, seq: Seq) -> i64 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&seq.to_le_bytes());
        let texts = [self.location, self.event_type, self.entity, self.body];
        for text in texts.into_iter().chain(self.webhook_id) {
            crc.update(&(text.len() as u64).to_le_bytes());
            crc.update(text.as_bytes());
        }
        let at = self.at.map_or(i64::MIN, Timestamp::as_millis);
        crc.update(&at.to_le_bytes());
        crc.update(&self.received_at.as_millis().to_le_bytes());
        i64::from(crc.finalize())
    }

    /// Returns whether it was erased: no delivery has an empty body.
    pub fn is_erased(&self) -> bool {
        self.body.is_empty()
    }
}

/// An entry with texts of its own.
#[derive(Debug)]
pub(super) struct StoredEntry {
    pub(super) location: Box<str>,
    pub(super) event_type: Box<str>,
    pub(super) entity: Box<str>,
    pub(super) webhook_id: Option<Box<str>>,
    pub(super) at: Option<Timestamp>,
    pub(super) received_at: Timestamp,
    pub(super) body: Box<str>,
}

impl StoredEntry {
    pub(super) fn new(entry: &JournalEntry<'_>) -> Self {
        Self {
            location: entry.location.into(),
            event_type: entry.event_type.into(),
            entity: entry.entity.into(),
            webhook_id: entry.webhook_id.map(Box::from),
            at: entry.at,
            received_at: entry.received_at,
            body: entry.body.into(),
        }
    }

    pub(super) fn entry(&self) -> JournalEntry<'_> {
        JournalEntry {
            location: &self.location,
            event_type: &self.event_type,
            entity: &self.entity,
            webhook_id: self.webhook_id.as_deref(),
            at: self.at,
            received_at: self.received_at,
            body: &self.body,
        }
    }
}

/// The id of one accepted delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// Its position.
    pub seq: Seq,
    /// The tenant.
    pub location: &'a str,
    /// The sender's id of the delivery.
    pub webhook_id: &'a str,
    /// When it was received.
    pub received_at: Timestamp,
}
