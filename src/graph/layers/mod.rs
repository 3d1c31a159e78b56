//! The two layers of a location: records and object keys.

pub(super) mod associations;
mod link_counts;
pub(super) mod names;
pub(super) mod objects;
pub(super) mod record_data;
mod record_names;
pub(super) mod records;
