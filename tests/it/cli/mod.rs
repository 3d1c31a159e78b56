//! The commands, by the real binary.

mod commands;
mod config_file;
mod names;
mod outputs;
mod postgres;
mod queries;
mod variables;
mod watch;
