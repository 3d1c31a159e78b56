//! `relata drift`: compares a location with the sender, and repairs it.

mod lines;
mod run;
mod summary;

pub(super) use run::run;
