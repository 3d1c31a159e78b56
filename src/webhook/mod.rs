//! Decodes what senders post into events; only this folder knows their shapes.

#[cfg(feature = "server")]
mod admission;
mod decode;
mod encoding;
mod error;
mod payload;
mod payload_values;
mod summary;

#[cfg(feature = "server")]
pub use admission::{AdmissionRules, Admitted, Examined, PostedDelivery, Refusal};
pub use decode::{
    Decoded, MAX_DEPTH, MAX_ID_BYTES, UrlTypes, decode, decode_stored, decode_with, wrapped,
};
pub use encoding::{ContentEncoding, UnknownEncoding, UnpackError, strip_bom};
pub use error::DecodeError;
pub use summary::DeliverySummary;
