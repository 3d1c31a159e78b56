//! The commands, by the real binary.

mod commands;
mod config_file;
mod copy;
mod names;
mod outputs;
mod postgres;
mod postgres_gone;
mod postgres_password;
mod queries;
mod variables;
mod watch;
