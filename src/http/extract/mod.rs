//! Reads requests strictly: unknown parameters and bodies out of bounds are refused.

pub(super) mod body;
pub(super) mod json_body;
pub(super) mod location;
pub(super) mod params;
pub(super) mod request;
