//! The handlers, a file for each resource.

pub(super) mod associations;
pub(super) mod changes;
pub(super) mod dead_letters;
pub(super) mod diff;
pub(super) mod docs;
pub(super) mod doctor;
pub(super) mod explorer;
pub(super) mod export;
pub(super) mod health;
pub(super) mod history;
pub(super) mod import;
pub(super) mod links;
pub(super) mod locations;
pub(super) mod metrics;
pub(super) mod objects;
pub(super) mod search;
pub(super) mod session;
pub(super) mod tickets;
pub(super) mod traversals;
pub(super) mod webhooks;
