//! The commands, one file each.

mod backup;
mod dead_letters;
mod doctor;
mod export;
mod ingest;
mod links;
mod output;
mod run;
mod serve;
mod summary;
mod token;
mod verify;

pub(crate) use output::complain;
pub(crate) use run::run;
