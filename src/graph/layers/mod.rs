//! The two layers of a location: records and object keys.

pub(super) mod associations;
pub(super) mod objects;
pub(super) mod record_data;
pub(super) mod records;
