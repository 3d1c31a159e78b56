//! Deliveries to a store, and its receipts.

use std::sync::Arc;

use crate::graph::Outcome;
use crate::journal::{JournalEntry, JournalError};
use crate::model::{Change, LocationId, Property, Seq, Timestamp, WebhookId};
use crate::store::load_error::LoadError;
use crate::store::name_limits::LimitReached;
use crate::webhook::{DecodeError, Decoded, Keep, UrlTypes, decode_text, distill, distilled_body};

/// One delivery, decoded and ready to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub(crate) body: Box<str>,
    pub(crate) decoded: Decoded,
    /// Set by the writer, unless the caller has set it.
    pub(crate) received_at: Option<Timestamp>,
}

impl Delivery {
    /// Reads a body, with the event type of its URL if that has one; see
    /// [`decode`](crate::webhook::decode). Without `received_at`, its time of receipt is when
    /// it is written; it is never before that of deliveries written earlier.
    pub fn read(
        body: &[u8],
        url_type: Option<&str>,
        received_at: impl Into<Option<Timestamp>>,
    ) -> Result<Self, DecodeError> {
        Self::read_with(body, url_type, UrlTypes::Trusted, received_at)
    }

    /// Reads a body as [`read`](Self::read) does, trusting the type of its URL or not.
    pub fn read_with(
        body: &[u8],
        url_type: Option<&str>,
        url_types: UrlTypes,
        received_at: impl Into<Option<Timestamp>>,
    ) -> Result<Self, DecodeError> {
        let (text, decoded) = decode_text(body, url_type, url_types)?;
        Ok(Self::from_decoded(text, decoded, received_at))
    }

    /// Returns a delivery of a body, without a byte order mark, that was decoded to this.
    pub fn from_decoded(
        body: &str,
        decoded: Decoded,
        received_at: impl Into<Option<Timestamp>>,
    ) -> Self {
        Self { body: body.into(), decoded, received_at: received_at.into() }
    }

    /// Sets the id of the delivery, which was received outside of the body, unless the body
    /// has one of its own.
    #[must_use]
    pub fn with_webhook_id(mut self, id: &str) -> Self {
        if let Decoded::Event(event) = &mut self.decoded
            && event.webhook_id.is_none()
        {
            event.webhook_id = Some(WebhookId::from(id));
        }
        self
    }

    /// Returns the delivery with as much of its body as is to be kept.
    pub(crate) fn keeping(mut self, keep: Keep) -> Self {
        self.keep(keep);
        self
    }

    /// Drops what is not to be kept of the body.
    pub(crate) fn keep(&mut self, keep: Keep) {
        let Decoded::Event(event) = &mut self.decoded else { return };
        match keep {
            Keep::Names => {
                if let Some(body) = distill(event, &self.body) {
                    self.body = body.into();
                }
            }
            Keep::Ids if event.event_type.has_name() => {
                let is_ignored = match &mut event.change {
                    Change::Record { properties, .. } => {
                        *properties = Box::default();
                        !event.event_type.is_of_record()
                    }
                    _ => true,
                };
                self.body = distilled_body(event).into();
                if is_ignored {
                    self.decoded = Decoded::Ignored {
                        event_type: event.event_type.as_str().into(),
                        location: Some(event.location.clone()),
                        trace_id: event.trace_id.clone(),
                    };
                }
            }
            Keep::Bodies | Keep::Ids => {}
        }
    }

    /// Keeps these properties of a record alone.
    pub(crate) fn keep_properties(&mut self, kept: Vec<Property>) {
        if let Decoded::Event(event) = &mut self.decoded
            && let Change::Record { properties, .. } = &mut event.change
            && properties.len() > kept.len()
        {
            *properties = kept.into();
            self.body = distilled_body(event).into();
        }
    }

    /// Sets the time of receipt.
    #[must_use]
    pub fn received_at(self, at: Timestamp) -> Self {
        Self { received_at: Some(at), ..self }
    }

    /// Returns the time of receipt, which the writer has set.
    pub(crate) fn stamp(&self) -> Timestamp {
        self.received_at.unwrap_or(Timestamp::from_millis(0))
    }

    /// Returns the entry that the journal keeps.
    pub(crate) fn entry(&self) -> JournalEntry<'_> {
        let (body, received_at) = (&*self.body, self.stamp());
        match &self.decoded {
            Decoded::Event(event) => JournalEntry {
                location: event.location.as_str(),
                event_type: event.event_type.as_str(),
                entity: event.change.entity_id(),
                webhook_id: event.webhook_id.as_ref().map(AsRef::as_ref),
                at: event.at,
                received_at,
                body,
            },
            Decoded::Ignored { event_type, location, .. } => JournalEntry {
                location: location.as_ref().map_or("", AsRef::as_ref),
                event_type,
                entity: "",
                webhook_id: None,
                at: None,
                received_at,
                body,
            },
        }
    }

    /// Returns the body as received, without a byte order mark.
    pub fn into_body(self) -> String {
        self.body.into()
    }

    /// Returns the decoded body.
    pub fn decoded(&self) -> &Decoded {
        &self.decoded
    }
}

/// The outcome of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It changed the graph.
    Applied,
    /// The graph was that way already.
    Unchanged,
    /// A newer event about the same thing is known.
    Stale,
    /// The same delivery was accepted before.
    Duplicate,
    /// The graph does not depend on events of its type.
    Ignored,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Applied, Self::Unchanged, Self::Stale, Self::Duplicate, Self::Ignored];

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        }
    }
}

impl From<Outcome> for Status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Applied => Self::Applied,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Stale => Self::Stale,
        }
    }
}

/// Confirms that a delivery is durable, or did not need to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its outcome.
    pub status: Status,
    /// Its position in the journal; that of the first for a duplicate; `None` for an ignored
    /// one unless it was kept.
    pub seq: Option<Seq>,
    /// Its event type.
    pub event_type: Box<str>,
    /// The tenant it belongs to; an ignored one may not name it.
    pub location: Option<LocationId>,
    /// The sender's id for tracing, if it has one.
    pub trace_id: Option<Box<str>>,
}

/// What a delivery would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// Its outcome.
    pub status: Status,
    /// The position it would get; that of the first for a duplicate; `None` for an ignored
    /// one.
    pub seq: Option<Seq>,
}

/// Why a delivery could not be previewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The writer does not answer, or would refuse it.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

/// Why a dead letter could not be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It still cannot be used, or cannot be written.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

/// Why a delivery was not accepted. Nothing of it is visible or on disk, unless the storage
/// failed at that very moment; then opening the store again shows.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The body cannot be decoded: fix it.
    #[error(transparent)]
    Unreadable(#[from] DecodeError),
    /// It names more than the store may hold: raise the limit, then send it again.
    #[error("{reached}")]
    LimitReached {
        /// The limit, and the name beyond it.
        reached: LimitReached,
        /// The delivery, to be kept until then.
        delivery: Box<Delivery>,
    },
    /// Too many deliveries wait: send it again a little later.
    #[error("too many deliveries are waiting to be written")]
    Overloaded,
    /// The store cannot write: it has failed or is closing. Send it again once the failure
    /// is resolved.
    #[error("the store cannot write: {reason}")]
    Unavailable {
        /// Why, without names of files.
        reason: String,
        /// The error of the journal that is the cause, if one is.
        source: Option<Arc<JournalError>>,
    },
}

impl IngestError {
    /// Returns the error of a store that cannot write for another reason than its journal.
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), source: None }
    }
}

impl From<LoadError> for IngestError {
    fn from(error: LoadError) -> Self {
        let reason = format!("location {}: {}", error.id, error.source.without_path());
        Self::Unavailable { reason, source: Some(error.source) }
    }
}

impl From<LoadError> for PreviewError {
    fn from(error: LoadError) -> Self {
        Self::Ingest(error.into())
    }
}

impl From<Arc<JournalError>> for IngestError {
    fn from(source: Arc<JournalError>) -> Self {
        Self::Unavailable { reason: source.without_path(), source: Some(source) }
    }
}
