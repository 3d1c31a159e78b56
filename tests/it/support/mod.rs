//! What tests of several modules use.

pub(crate) mod clock;
#[cfg(feature = "server")]
pub(crate) mod compression;
pub(crate) mod counting_reader;
pub(crate) mod database;
pub(crate) mod faulty_journal;
pub(crate) mod golden;
#[cfg(feature = "server")]
pub(crate) mod hub;
pub(crate) mod long;
pub(crate) mod nasty_texts;
#[cfg(feature = "server")]
pub(crate) mod openapi;
pub(crate) mod oracle;
#[cfg(all(unix, feature = "server"))]
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod sample;
#[cfg(feature = "server")]
pub(crate) mod server;
#[cfg(feature = "server")]
pub(crate) mod signing;
#[cfg(feature = "server")]
pub(crate) mod sse_client;
#[cfg(feature = "server")]
pub(crate) mod upstream;
