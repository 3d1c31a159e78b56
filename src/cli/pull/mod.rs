//! `relata pull`: reads locations from the sender's API.

mod display;
mod estimate;
mod place;
mod run;
mod summary;

pub(super) use display::Display;
pub(super) use run::{EXIT_AGAIN, EXIT_QUOTA, EXIT_USAGE, is_usage, run, stop_by_signal};
