//! Exports: the bytes of every format, and what other readers make of them.

mod graph_formats;
#[cfg(feature = "server")]
mod parts;
#[cfg(feature = "server")]
mod past;
mod round_trip;
#[cfg(feature = "server")]
mod set_requests;
mod sets;
mod stores;
