//! The accept loop, connections and their time limits.

pub(super) mod connection;
pub(super) mod exchange;
pub(super) mod framing;
pub(super) mod linger;
pub(super) mod listener;
pub(super) mod patience;
pub(super) mod request_id;
pub(super) mod trace_ids;
pub(super) mod watched_body;
