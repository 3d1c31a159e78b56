//! Bodies as lines of a file.

use crate::webhook::payload::Payload;

/// Formats a body as one line of NDJSON that decodes to the same event wherever it is
/// ingested: unchanged if it names its type, otherwise in an envelope that does.
///
/// `body` is a body that [`decode`](crate::webhook::decode) has read. Line breaks between
/// members become spaces; inside strings JSON has none.
pub fn wrapped(body: &str, event_type: &str) -> String {
    let line = body.trim_ascii().replace(['\n', '\r'], " ");
    match serde_json::from_str::<Payload<'_>>(&line) {
        Ok(payload) if payload.event_type.is_some() => line,
        _ => format!("{{\"type\":\"{event_type}\",\"data\":{line}}}"),
    }
}
