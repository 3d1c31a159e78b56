//! Answers about deliveries: receipts and dead letters.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::api::{At, PageInfo};
use crate::journal::{DeadLetter, DeadLetterSummary};
use crate::model::Seq;
use crate::store::Receipt;

/// The answer of `POST /webhooks`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptResponse<'a> {
    /// What the delivery did.
    pub status: &'static str,
    /// Its event type.
    pub event: &'a str,
    /// Id of the location, if the delivery names one.
    pub location_id: Option<&'a str>,
    /// Its sequence number; `None` if it was not stored.
    pub seq: Option<Seq>,
    /// The sender's trace id, or one made for the request.
    pub trace_id: &'a str,
}

impl<'a> ReceiptResponse<'a> {
    /// Returns the answer with this receipt. `fresh_trace_id` is used if the delivery has no
    /// trace id.
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

/// A delivery that could not be used, as lists show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterItem<'a> {
    /// Its number.
    pub id: u64,
    /// When it was first received.
    pub first_at: At,
    /// When it was last received.
    pub last_at: At,
    /// How often it was received.
    pub times: u64,
    /// The error code.
    pub code: &'a str,
    /// The member or header at fault.
    pub field: Option<&'a str>,
    /// The error in words.
    pub reason: &'a str,
    /// The event type in its URL.
    pub event: Option<&'a str>,
    /// Id of the location, if the delivery names one.
    pub location_id: Option<&'a str>,
    /// Size of its body.
    pub bytes: usize,
}

impl<'a> DeadLetterItem<'a> {
    /// Returns the item for this dead letter.
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

/// The answer of `GET /v1/dead-letters/…`: a dead letter with its body, as text, or in base64
/// if it is not UTF-8.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterResponse<'a> {
    /// What lists show, too.
    #[serde(flatten)]
    pub item: DeadLetterItem<'a>,
    /// Its headers.
    pub headers: BTreeMap<&'a str, &'a str>,
    /// Its body as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
    /// Its body in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

impl<'a> DeadLetterResponse<'a> {
    /// Returns the answer with this dead letter.
    pub fn new(letter: &'a DeadLetter) -> Self {
        let headers = letter.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = std::str::from_utf8(&letter.body).ok();
        let body_base64 = body.is_none().then(|| STANDARD.encode(&letter.body));
        Self { item: DeadLetterItem::new(&letter.summary), headers, body, body_base64 }
    }
}

/// The answer of `GET /v1/dead-letters`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLettersResponse<'a> {
    /// The dead letters.
    pub dead_letters: Vec<DeadLetterItem<'a>>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
    /// Number of all dead letters kept; absent for a token limited to some locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Number of dead letters ever dropped to make room for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// The answer to a replay of all dead letters.
#[derive(Serialize, Default, Debug)]
pub struct ReplayResponse {
    /// Number of dead letters that were accepted.
    pub accepted: u64,
    /// Number of dead letters that still cannot be used.
    pub refused: u64,
}
