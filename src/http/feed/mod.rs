//! The fan-out of changes to its readers, over server-sent events.

pub(super) mod catch_up;
pub(super) mod hub;
pub(super) mod stats;
pub(super) mod subscriber;
pub(super) mod topics;
