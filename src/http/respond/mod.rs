//! Builds responses: JSON, problems, server-sent events.

pub(super) mod chunks;
pub(super) mod fixed_text;
pub(super) mod json;
pub(super) mod plain_json;
pub(super) mod problem;
pub(super) mod sse;
