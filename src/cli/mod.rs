//! The commands, one file each.

mod backup;
mod bench;
mod checkpoint;
mod completions;
mod database;
mod dead_letters;
mod destination;
mod diff;
mod doctor;
mod erase;
mod errors;
mod export;
mod find;
mod health;
mod history;
mod ingest;
mod interrupt;
mod links;
mod log;
mod node_name;
mod output;
mod preload;
mod pull;
mod query;
mod run;
mod serve;
mod signals;
mod summary;
mod text;
mod token;
mod traversals;
mod verify;
mod watch;
mod write_failure;

pub(crate) use errors::print_error;
pub(crate) use run::run;
