//! Who may do what: signatures, tokens, tickets, origins.

pub(super) mod cors;
pub(super) mod cross_site;
pub(super) mod policy;
pub(super) mod tickets;
pub(super) mod token;
