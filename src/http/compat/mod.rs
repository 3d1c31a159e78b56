//! The sender's own REST API at the root: programs that were written for it run unchanged but
//! for the address. Its errors, parameters and locations follow the sender's rules, not those
//! of `/v1`.

mod answer;
pub(super) mod associations;
mod bodies;
pub(super) mod bulk;
pub(super) mod dispatch;
mod error;
mod findings;
pub(super) mod health;
mod location;
mod members;
mod mutate;
pub(super) mod objects;
mod params;
mod read;
mod record_bodies;
pub(super) mod record_search;
pub(super) mod records;
pub(super) mod relations;
pub(super) mod request;
mod request_body;
