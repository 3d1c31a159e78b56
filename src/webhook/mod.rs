//! Bytes from outside become events: the sender's shapes are known here alone.

mod decode;
mod member;
mod outline;
mod payload;

pub use decode::{DecodeError, Decoded, MAX_DEPTH, MAX_ID_BYTES, decode, wrapped};
pub use outline::Outline;
