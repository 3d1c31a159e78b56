//! What a response is made of.

pub(super) mod code;
pub(super) mod json;
pub(super) mod problem;
pub(super) mod sse;
