//! What the checkpoint keeps of events besides the state.

pub(super) mod backward_scan;
pub(super) mod no_ops;
pub(super) mod redeliveries;
pub(super) mod scan;
pub(super) mod skip_index;
