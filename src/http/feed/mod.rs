//! The fan-out of changes to their subscribers, over server-sent events.

pub(super) mod catch_up;
pub(super) mod hub;
pub(super) mod registry;
pub(super) mod stats;
pub(super) mod subscriber;
pub(super) mod topics;
