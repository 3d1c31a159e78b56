//! The commands, one file each.

mod ask;
mod backup;
mod bench;
mod checkpoint;
mod completions;
mod dead_letters;
mod destination;
mod diff;
mod doctor;
mod erase;
mod export;
mod format;
mod health;
mod history;
mod ingest;
mod interrupt;
mod links;
mod log;
mod output;
mod questions;
mod run;
mod serve;
mod signals;
mod summary;
mod token;
mod verify;
mod watch;
mod write_failure;

pub(crate) use output::complain;
pub(crate) use run::run;
