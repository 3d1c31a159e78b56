//! Decodes a body and the event type of its URL into an [`Event`].

use serde::de::IgnoredAny;

use crate::model::{
    Association, Change, End, Event, EventType, LocationId, ObjectKey, ObjectSchema, Origin,
    RecordId, RecordRef, Relation, RelationId, Timestamp, WebhookId,
};
use crate::webhook::body_text::{checked_text, malformed, too_deep};
use crate::webhook::error::DecodeError;
use crate::webhook::limits::{EMPTY, HOLDS_SLASH, MAX_DEPTH, MAX_ID_BYTES, too_long};
use crate::webhook::names::NamingMembers;
use crate::webhook::payload::Payload;
use crate::webhook::payload_values::{Member, Nested};

/// A decoded delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// An event that the graph depends on.
    Event(Event),
    /// An event of a type that no part of the graph depends on.
    Ignored {
        /// The type, as the sender names it.
        event_type: Box<str>,
        /// The location, if the body names it.
        location: Option<LocationId>,
        /// The sender's id for tracing, if the body has one.
        trace_id: Option<Box<str>>,
    },
}

/// Whether the event type in the URL of a delivery counts where the body names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UrlTypes {
    /// It counts.
    #[default]
    Trusted,
    /// No signature covers it, so that whoever holds a signed body could post it again as
    /// something else. It counts only where the members say the same.
    Untrusted,
}

/// How bodies are read.
#[derive(Debug, Clone, Copy)]
struct Rules {
    url_types: UrlTypes,
    /// Whether to accept what former versions accepted: a `/` in an object key, a year that
    /// RFC 3339 cannot write.
    are_former: bool,
}

/// The fault of one member, before the trace id is added.
struct Fault {
    field: Option<&'static str>,
    reason: String,
}

impl Fault {
    fn at(field: &'static str, reason: &str) -> Self {
        Self { field: Some(field), reason: format!("`{field}` {reason}") }
    }
}

/// Decodes a delivery.
///
/// The type comes from `url_type` (the last segment of `/webhooks/{EventType}`),
/// else from the body's `type`, else from its shape. A delete or update is
/// never guessed.
///
/// # Performance
///
/// Costs one pass over the body and one allocation for each text member.
///
/// ```
/// use relata::webhook::{decode, Decoded};
///
/// let body = br#"{"type":"ContactDelete","id":"emqf","locationId":"eHy2"}"#;
/// let Decoded::Event(event) = decode(body, None)? else { unreachable!() };
/// assert_eq!(event.change.entity_id(), "emqf");
/// # Ok::<(), relata::webhook::DecodeError>(())
/// ```
pub fn decode(body: &[u8], url_type: Option<&str>) -> Result<Decoded, DecodeError> {
    decode_with(body, url_type, UrlTypes::Trusted)
}

/// Decodes a delivery as [`decode`] does, with or without trust in the type of its URL.
pub fn decode_with(
    body: &[u8],
    url_type: Option<&str>,
    url_types: UrlTypes,
) -> Result<Decoded, DecodeError> {
    decode_text(body, url_type, url_types).map(|(_, decoded)| decoded)
}

/// Decodes a delivery as [`decode_with`] does, and returns the text of its body, too: without
/// a byte order mark, which is no part of it, and which no reader of a kept body expects.
pub(crate) fn decode_text<'b>(
    body: &'b [u8],
    url_type: Option<&str>,
    url_types: UrlTypes,
) -> Result<(&'b str, Decoded), DecodeError> {
    decode_by(body, url_type, Rules { url_types, are_former: false })
}

/// Decodes a body that was accepted before, by the rules of that time.
pub fn decode_stored(body: &[u8], event_type: &str) -> Result<Decoded, DecodeError> {
    let rules = Rules { url_types: UrlTypes::Trusted, are_former: true };
    decode_by(body, Some(event_type), rules).map(|(_, decoded)| decoded)
}

fn decode_by<'b>(
    body: &'b [u8],
    url_type: Option<&str>,
    rules: Rules,
) -> Result<(&'b str, Decoded), DecodeError> {
    let (text, depth) = checked_text(body)?;
    let payload = parse(text)?;
    if depth > MAX_DEPTH && !is_enveloped(&payload) {
        return Err(too_deep());
    }
    let trace_id = optional(&payload, |p| &p.trace_id).map(Box::from);
    let read = read(&payload, url_type, rules).map_err(|fault| DecodeError::Invalid {
        field: fault.field,
        reason: fault.reason,
        trace_id,
    });
    read.map(|decoded| (text, with_names(decoded, text)))
}

/// Reads what names a thing, which has no part in whether the event can be used.
fn with_names(mut decoded: Decoded, text: &str) -> Decoded {
    if let Decoded::Event(event) = &mut decoded {
        let members = || NamingMembers::read(text);
        match &mut event.change {
            Change::Record { object, properties, .. } if event.event_type.has_name() => {
                *properties = members().properties(object.as_ref());
            }
            Change::Location { name, .. } => *name = members().name(),
            Change::ObjectSchema(schema) => schema.primary = members().primary(),
            _ => {}
        }
    }
    decoded
}

fn parse(text: &str) -> Result<Payload<'_>, DecodeError> {
    let invalid = |reason: String| DecodeError::Invalid { field: None, reason, trace_id: None };
    if !text.trim_ascii_start().starts_with('{') {
        // Anything but an object: malformed, or JSON of the wrong kind.
        return match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Err(invalid("the body is not a JSON object".to_owned())),
            Err(error) => Err(malformed(error.to_string())),
        };
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() { invalid(error.to_string()) } else { malformed(error.to_string()) }
    })
}

/// Returns whether the members are in an object `data` beside a `type`.
fn is_enveloped(payload: &Payload<'_>) -> bool {
    let is_typed = matches!(&payload.event_type, Some(Member::Text(name)) if !name.is_empty());
    is_typed && matches!(&payload.data, Some(Nested::Object(_)))
}

fn read(payload: &Payload<'_>, url_type: Option<&str>, rules: Rules) -> Result<Decoded, Fault> {
    let told = match &payload.event_type {
        None => None,
        Some(Member::Text(name)) if !name.is_empty() => Some(name.as_ref()),
        Some(_) => return Err(Fault::at("type", "is not the name of an event type")),
    };
    if let (Some(url), Some(told)) = (url_type, told)
        && url != told
    {
        let named =
            if told.len() <= MAX_ID_BYTES { told } else { "something longer than any type" };
        return Err(Fault::at("type", &format!("says {named}, but the URL says {url}")));
    }
    if let (Some(url), None, UrlTypes::Untrusted) = (url_type, told, rules.url_types) {
        check_url_type(payload, url)?;
    }
    let name = match url_type.or(told) {
        Some(name) => name,
        None => shape(payload)?.as_str(),
    };
    // An object `data` beside `type` is an envelope; else the body is flat.
    let entity = match &payload.data {
        Some(Nested::Object(data)) if told.is_some() => data,
        _ => payload,
    };
    let reader = Reader { entity, envelope: payload, rules };
    match EventType::from_name(name) {
        Some(event_type) => reader.event(event_type).map(Decoded::Event),
        None => Ok(Decoded::Ignored {
            event_type: name.into(),
            location: reader.usable(|p| &p.location_id).map(LocationId::from),
            trace_id: reader.usable(|p| &p.trace_id).map(Box::from),
        }),
    }
}

/// Refuses a type that only the URL names. Types that the graph does not depend on do no
/// harm.
fn check_url_type(payload: &Payload<'_>, url: &str) -> Result<(), Fault> {
    let Some(event_type) = EventType::from_name(url) else { return Ok(()) };
    if shape(payload).is_ok_and(|shape| shape == event_type) {
        return Ok(());
    }
    let reason = format!(
        "is missing, and no signature covers the URL, which alone says {url}: have the sender \
         name the type in the body, or say --trust-url-types"
    );
    Err(Fault::at("type", &reason))
}

fn shape(payload: &Payload<'_>) -> Result<EventType, Fault> {
    if payload.first_record_id.is_some() {
        Ok(EventType::RelationCreate)
    } else if payload.first_object_key.is_some()
        && (payload.key.is_some() || payload.association_type.is_some())
    {
        Ok(EventType::AssociationCreate)
    } else {
        Err(Fault::at("type", "is missing, and the members do not tell which event this is"))
    }
}

type Pick = for<'p, 'a> fn(&'p Payload<'a>) -> &'p Option<Member<'a>>;

fn optional<'p>(payload: &'p Payload<'_>, pick: Pick) -> Option<&'p str> {
    match pick(payload) {
        Some(Member::Text(text)) if !text.is_empty() && text.len() <= MAX_ID_BYTES => Some(text),
        _ => None,
    }
}

/// Reads members from the entity, and those of the delivery from the envelope
/// around it where the entity has none.
struct Reader<'p, 'a> {
    entity: &'p Payload<'a>,
    envelope: &'p Payload<'a>,
    rules: Rules,
}

impl<'p> Reader<'p, '_> {
    fn member(&self, pick: Pick) -> Option<&'p Member<'_>> {
        pick(self.entity).as_ref().or(pick(self.envelope).as_ref())
    }

    /// Returns the text of a member, or `None` if it has no usable one.
    fn usable(&self, pick: Pick) -> Option<&'p str> {
        optional(self.entity, pick).or_else(|| optional(self.envelope, pick))
    }

    fn text(&self, field: &'static str, pick: Pick) -> Result<Option<&str>, Fault> {
        match self.member(pick) {
            None => Ok(None),
            Some(Member::NotText) => Err(Fault::at(field, "is not a string")),
            Some(Member::Text(text)) if text.len() > MAX_ID_BYTES => {
                Err(Fault::at(field, &too_long()))
            }
            Some(Member::Text(text)) => Ok(Some(text)),
        }
    }

    /// Reads a label: present, perhaps empty.
    fn label(&self, field: &'static str, pick: Pick) -> Result<Box<str>, Fault> {
        self.text(field, pick)?.map(Box::from).ok_or_else(|| Fault::at(field, "is missing"))
    }

    fn required<T: for<'t> From<&'t str>>(
        &self,
        field: &'static str,
        pick: Pick,
    ) -> Result<T, Fault> {
        match self.text(field, pick)? {
            None => Err(Fault::at(field, "is missing")),
            Some("") => Err(Fault::at(field, EMPTY)),
            Some(text) => Ok(T::from(text)),
        }
    }

    /// Reads an object key. One with a slash would be ambiguous in a node reference.
    fn object_key(&self, field: &'static str, pick: Pick) -> Result<ObjectKey, Fault> {
        let key: ObjectKey = self.required(field, pick)?;
        if key.as_str().contains('/') && !self.rules.are_former {
            return Err(Fault::at(field, HOLDS_SLASH));
        }
        Ok(key)
    }

    /// Reads a member that may be absent; an empty text counts as absent.
    fn maybe<T: for<'t> From<&'t str>>(
        &self,
        field: &'static str,
        pick: Pick,
    ) -> Result<Option<T>, Fault> {
        Ok(self.text(field, pick)?.filter(|text| !text.is_empty()).map(T::from))
    }

    fn event(&self, event_type: EventType) -> Result<Event, Fault> {
        let change = self.change(event_type)?;
        let location = match &change {
            Change::Location { id, .. } => id.clone(),
            _ => self.required::<LocationId>("locationId", |p| &p.location_id)?,
        };
        Ok(Event {
            event_type,
            location,
            at: self.timestamp()?,
            webhook_id: self.maybe::<WebhookId>("webhookId", |p| &p.webhook_id)?,
            trace_id: self.usable(|p| &p.trace_id).map(Box::from),
            origin: self.usable(|p| &p.origin).map(Origin::from_name).unwrap_or_default(),
            observed_at: self.observed_at(),
            change,
        })
    }

    fn timestamp(&self) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = self.text("timestamp", |p| &p.timestamp)? else {
            return Ok(None);
        };
        match text.parse::<Timestamp>() {
            // Others could not be written as RFC 3339; former versions accepted them.
            Ok(at) if at.is_writable() || self.rules.are_former => Ok(Some(at)),
            Ok(_) => Err(Fault::at("timestamp", "is not within the years 0 to 9999 in UTC")),
            Err(_) => Err(Fault::at("timestamp", "is not an RFC 3339 time")),
        }
    }

    /// Reads when the event was observed. It orders nothing, so another value is no fault.
    fn observed_at(&self) -> Option<Timestamp> {
        let at: Timestamp = self.usable(|p| &p.observed_at)?.parse().ok()?;
        at.is_writable().then_some(at)
    }

    fn change(&self, event_type: EventType) -> Result<Change, Fault> {
        use EventType as T;
        match event_type {
            T::AssociationCreate | T::AssociationUpdate => {
                self.association().map(Change::Association)
            }
            T::AssociationDelete => self.association_gone(),
            T::RelationCreate | T::RelationDelete => self.relation().map(Change::Relation),
            T::RecordCreate | T::RecordUpdate | T::RecordDelete => {
                let is_given = self.maybe::<ObjectKey>("objectKey", |p| &p.object_key)?.is_some();
                let key = || self.object_key("objectKey", |p| &p.object_key);
                self.record(is_given.then(key).transpose()?)
            }
            T::ContactCreate | T::ContactUpdate | T::ContactDelete => {
                self.record(Some(ObjectKey::from("contact")))
            }
            T::OpportunityCreate
            | T::OpportunityUpdate
            | T::OpportunityAssignedToUpdate
            | T::OpportunityMonetaryValueUpdate
            | T::OpportunityStageUpdate
            | T::OpportunityStatusUpdate
            | T::OpportunityDelete => self.record(Some(ObjectKey::from("opportunity"))),
            T::LocationCreate | T::LocationUpdate => self.location_itself(),
            T::ObjectSchemaCreate | T::ObjectSchemaUpdate => {
                self.object_schema().map(Change::ObjectSchema)
            }
        }
    }

    fn association(&self) -> Result<Association, Fault> {
        Ok(Association {
            id: self.required("id", |p| &p.id)?,
            key: self.required("key", |p| &p.key)?,
            association_type: self
                .maybe("associationType", |p| &p.association_type)?
                .unwrap_or_else(|| "USER_DEFINED".into()),
            first: End {
                object: self.object_key("firstObjectKey", |p| &p.first_object_key)?,
                label: self.label("firstObjectLabel", |p| &p.first_object_label)?,
            },
            second: End {
                object: self.object_key("secondObjectKey", |p| &p.second_object_key)?,
                label: self.label("secondObjectLabel", |p| &p.second_object_label)?,
            },
            first_to_second: self.maybe("firstObjectToSecondObjectCardinality", |p| {
                &p.first_object_to_second_object_cardinality
            })?,
            second_to_first: self.maybe("secondObjectToFirstObjectCardinality", |p| {
                &p.second_object_to_first_object_cardinality
            })?,
        })
    }

    fn association_gone(&self) -> Result<Change, Fault> {
        Ok(Change::AssociationDeleted {
            id: self.required("id", |p| &p.id)?,
            first: self.object_key("firstObjectKey", |p| &p.first_object_key)?,
            second: self.object_key("secondObjectKey", |p| &p.second_object_key)?,
        })
    }

    fn relation(&self) -> Result<Relation, Fault> {
        Ok(Relation {
            id: self.required::<RelationId>("id", |p| &p.id)?,
            first: RecordRef {
                object: self.object_key("firstObjectKey", |p| &p.first_object_key)?,
                id: self.required("firstRecordId", |p| &p.first_record_id)?,
            },
            second: RecordRef {
                object: self.object_key("secondObjectKey", |p| &p.second_object_key)?,
                id: self.required("secondRecordId", |p| &p.second_record_id)?,
            },
            association: self.required("associationId", |p| &p.association_id)?,
        })
    }

    fn record(&self, object: Option<ObjectKey>) -> Result<Change, Fault> {
        let (id, properties) = (self.required::<RecordId>("id", |p| &p.id)?, Box::default());
        Ok(Change::Record { object, id, properties })
    }

    /// Reads an event about the location itself, whose id is that of the thing, too.
    fn location_itself(&self) -> Result<Change, Fault> {
        let id = match self.maybe("locationId", |p| &p.location_id)? {
            Some(id) => id,
            None => self.required("id", |p| &p.id)?,
        };
        Ok(Change::Location { id, name: None })
    }

    fn object_schema(&self) -> Result<ObjectSchema, Fault> {
        self.required::<RecordId>("id", |p| &p.id)?;
        let label = |member: &Option<Member<'_>>| match member {
            Some(Member::Text(text)) if !text.is_empty() && text.len() <= MAX_ID_BYTES => {
                Some(Box::from(text.as_ref()))
            }
            _ => None,
        };
        let (singular, plural) = match &self.entity.labels {
            Some(Nested::Object(labels)) => (label(&labels.singular), label(&labels.plural)),
            _ => (None, None),
        };
        let key = self.object_key("key", |p| &p.key)?;
        Ok(ObjectSchema { key, singular, plural, primary: None })
    }
}
