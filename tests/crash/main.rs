//! What kills servers, fills disks and loads the machine: kill -9 while posts, imports,
//! mutations and the change feed run, and servers under more than they can take.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reports by failing"
)]

mod compat;
#[cfg(target_os = "linux")]
mod endurance;
mod feed;
mod import;
mod links;
mod mutations;
#[cfg(unix)]
mod nodes;
#[cfg(target_os = "linux")]
mod overload;
mod queries;
mod server;
#[expect(dead_code, unused_imports, reason = "the helpers of `it`: a few are used here")]
#[path = "../it/support/mod.rs"]
mod support;
