//! Bytes from outside become events: the sender's shapes are known here alone.

mod decode;
mod encoding;
mod member;
mod payload;
mod summary;

pub use decode::{
    DecodeError, Decoded, MAX_DEPTH, MAX_ID_BYTES, UrlTypes, decode, decode_stored, decode_with,
    wrapped,
};
pub use encoding::{ContentEncoding, UnknownEncoding, UnpackError, strip_bom};
pub use summary::DeliverySummary;
