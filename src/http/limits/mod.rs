//! Bounds the work of requests, and what one request can take from others.

pub(super) mod background;
pub(super) mod permits;
pub(super) mod receive_budget;
pub(super) mod settings;
