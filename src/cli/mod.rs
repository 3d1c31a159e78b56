//! The commands, one file each.

mod export;
mod ingest;
mod links;
mod output;
mod run;
mod serve;
mod summary;
mod verify;

pub(crate) use output::complain;
pub(crate) use run::run;
