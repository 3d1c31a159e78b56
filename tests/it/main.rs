//! The tests of the crate and of its binary, but for those in `crash` and `readers`. The
//! folders mirror those of `src`.
//!
//! Tests run beside one another in threads of one process: one that measures the memory of
//! its process, or opens very many files, runs in a process of its own
//! (`support::process::in_own_process`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reports by failing"
)]

mod architecture;
#[cfg(feature = "server")]
mod cli;
#[cfg(feature = "server")]
mod deploy;
#[cfg(feature = "server")]
mod docs;
#[cfg(feature = "server")]
mod drift;
mod export;
#[cfg(feature = "server")]
mod fuzz_targets;
mod graph;
#[cfg(feature = "server")]
mod http;
mod prose;
#[cfg(feature = "server")]
mod pull;
mod readability;
mod store;
mod support;
#[cfg(feature = "server")]
mod upstream;
mod webhook;
