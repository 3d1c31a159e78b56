//! Checks of texts that are to become members of a body, by the rules for those of others.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Change, ObjectKey, Property};
use crate::webhook::decode::{Decoded, decode};
use crate::webhook::error::DecodeError;
use crate::webhook::limits::{EMPTY, HOLDS_SLASH, MAX_ID_BYTES, too_long};

fn fault(field: &'static str, reason: &str) -> DecodeError {
    let reason = format!("`{field}` {reason}");
    DecodeError::Invalid { field: Some(field), reason, trace_id: None }
}

/// Checks a label, or another text that may be empty.
pub(crate) fn check_label(field: &'static str, text: &str) -> Result<(), DecodeError> {
    if text.len() > MAX_ID_BYTES { Err(fault(field, &too_long())) } else { Ok(()) }
}

/// Checks an id, or another text that must not be empty.
pub(crate) fn check_id(field: &'static str, text: &str) -> Result<(), DecodeError> {
    if text.is_empty() { Err(fault(field, EMPTY)) } else { check_label(field, text) }
}

/// Checks an object key.
pub(crate) fn check_object_key(field: &'static str, key: &str) -> Result<(), DecodeError> {
    if key.contains('/') {
        return Err(fault(field, HOLDS_SLASH));
    }
    check_id(field, key)
}

/// Checks the location of an event.
pub(crate) fn check_location(location: &str) -> Result<(), DecodeError> {
    check_id("locationId", location)
}

/// Returns the fault of an event of another location than that which it is for.
pub(crate) fn other_location() -> DecodeError {
    fault("locationId", "is another one")
}

/// Returns the fault of an event of a type that the graph does not depend on.
pub(crate) fn ignored_type() -> DecodeError {
    fault("type", "is not the name of an event type that the graph depends on")
}

/// Reads what can name a record from its properties, which are JSON. Costs two passes over
/// them.
pub(crate) fn read_properties(
    object: &ObjectKey,
    properties: &str,
) -> Result<Box<[Property]>, DecodeError> {
    // By itself: it must not end the body early that it becomes part of.
    let is_list = |text: &str| text.starts_with(['{', '[']);
    let is_json = serde_json::from_str::<&RawValue>(properties).is_ok();
    if !(is_json && is_list(properties.trim_ascii_start())) {
        return Err(fault("properties", "is not a JSON object or list"));
    }
    let key = Value::from(object.as_str());
    let body = format!(
        r#"{{"type":"RecordUpdate","id":"0","locationId":"0","objectKey":{key},"properties":{properties}}}"#
    );
    match decode(body.as_bytes(), None)? {
        Decoded::Event(event) => match event.change {
            Change::Record { properties, .. } => Ok(properties),
            _ => Ok(Box::default()),
        },
        Decoded::Ignored { .. } => Ok(Box::default()),
    }
}
