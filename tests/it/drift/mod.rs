//! Comparing a store with the sender, and repairing it, against the stand-in.

mod command;
mod compared;
mod dumps;
mod moving;
mod repairs;
mod sample;
mod trouble;
