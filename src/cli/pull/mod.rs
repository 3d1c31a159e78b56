//! `relata pull`: reads locations from the sender's API.

mod display;
mod estimate;
mod place;
mod run;
mod summary;

pub(super) use run::run;
