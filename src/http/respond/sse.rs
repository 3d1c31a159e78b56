//! Server-sent events. JSON has no line breaks, so that one line of `data` holds any event.

use hyper::body::Bytes;

use crate::api::{ChangeBody, EndOfChanges};
use crate::model::{EpochId, EventId};
use crate::store::AppliedEvent;

/// How long a client waits before it reconnects, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// Returns what a stream begins with. It names where the stream begins, so that a client
/// that is cut off before the first event resumes there.
pub(crate) fn opening(id: EventId) -> Bytes {
    Bytes::from(format!("retry: {RETRY_MS}\nid: {id}\n\n"))
}

/// Returns a heartbeat. It names how far the client has come, so that it resumes there
/// although none of the last events was for it.
pub(crate) fn heartbeat(id: EventId) -> Bytes {
    Bytes::from(format!(":\nid: {id}\n\n"))
}

/// Returns the last event of a stream that the server ends.
pub(crate) fn end(id: EventId, end: &EndOfChanges) -> Bytes {
    let data = serde_json::to_string(end).unwrap_or_default();
    Bytes::from(format!("id: {id}\nevent: end\ndata: {data}\n\n"))
}

/// Appends a change.
pub(crate) fn write_change(applied: &AppliedEvent, epoch: Option<EpochId>, to: &mut Vec<u8>) {
    let id = EventId { seq: applied.seq, epoch };
    let head = format!("id: {id}\nevent: {}\ndata: ", applied.event.event_type);
    to.extend_from_slice(head.as_bytes());
    // Neither the text nor the vector can fail.
    serde_json::to_writer(&mut *to, &ChangeBody::from(applied)).unwrap_or_default();
    to.extend_from_slice(b"\n\n");
}
