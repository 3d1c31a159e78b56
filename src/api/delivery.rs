//! What is said of deliveries.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::api::{At, PageInfo};
use crate::journal::{DeadLetter, DeadLetterSummary};
use crate::model::Seq;
use crate::store::Receipt;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptResponse<'a> {
    pub status: &'static str,
    pub event: &'a str,
    pub location_id: Option<&'a str>,
    pub seq: Option<Seq>,
    pub trace_id: &'a str,
}

impl<'a> ReceiptResponse<'a> {
    pub fn new(receipt: &'a Receipt, fresh_trace_id: &'a str) -> Self {
        Self {
            status: receipt.status.as_str(),
            event: &receipt.event_type,
            location_id: receipt.location.as_ref().map(AsRef::as_ref),
            seq: receipt.seq,
            trace_id: receipt.trace_id.as_deref().unwrap_or(fresh_trace_id),
        }
    }
}

/// A delivery that was refused, as lists show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterItem<'a> {
    pub id: u64,
    pub first_at: At,
    pub last_at: At,
    pub times: u64,
    pub code: &'a str,
    pub field: Option<&'a str>,
    pub reason: &'a str,
    /// The event type of its URL.
    pub event: Option<&'a str>,
    pub location_id: Option<&'a str>,
    pub bytes: usize,
}

impl<'a> DeadLetterItem<'a> {
    pub fn new(letter: &'a DeadLetterSummary) -> Self {
        Self {
            id: letter.id,
            first_at: At(letter.first_at),
            last_at: At(letter.last_at),
            times: letter.times,
            code: &letter.code,
            field: letter.field.as_deref(),
            reason: &letter.reason,
            event: letter.url_type.as_deref(),
            location_id: letter.location.as_deref(),
            bytes: letter.bytes,
        }
    }
}

/// A delivery that was refused, whole: the body as text, or as base64 where it is
/// none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterBody<'a> {
    #[serde(flatten)]
    pub line: DeadLetterItem<'a>,
    pub headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

impl<'a> DeadLetterBody<'a> {
    pub fn new(letter: &'a DeadLetter) -> Self {
        let headers = letter.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = std::str::from_utf8(&letter.body).ok();
        let body_base64 = body.is_none().then(|| STANDARD.encode(&letter.body));
        Self { line: DeadLetterItem::new(&letter.summary), headers, body, body_base64 }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLettersResponse<'a> {
    pub dead_letters: Vec<DeadLetterItem<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
    /// All that are kept, not those of this page alone; absent for a token of
    /// some locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The oldest that made room for others, ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// What trying every dead letter again has given.
#[derive(Serialize, Default, Debug)]
pub struct Replayed {
    pub accepted: u64,
    /// Those that still cannot be used.
    pub refused: u64,
}
