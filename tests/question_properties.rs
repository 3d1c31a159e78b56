//! Every question against an oracle that is too simple to be wrong: lists of
//! links and nodes, computed anew from the list of all events.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]
#![expect(clippy::indexing_slicing, reason = "a test says so by failing")]

mod oracle;
mod properties;
