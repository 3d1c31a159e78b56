//! What `/metrics` reports, and how it is counted.

pub(super) mod process;
pub(super) mod recorder;
