//! `relata pull`: reads locations from the sender's API.

mod display;
mod estimate;
mod place;
mod run;
mod stopped;
mod summary;

pub(super) use display::Display;
pub(super) use run::{EXIT_USAGE, is_usage, run, stop_by_signal};
pub(super) use stopped::{EXIT_AGAIN, print_stopped};
