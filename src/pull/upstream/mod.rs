//! The sender's API: its calls, the limits on them, and what its answers mean.

mod agent;
mod backoff;
mod base_url;
mod call;
mod client;
mod pacing;
mod rate_headers;
mod reply;
mod settings;

pub(crate) use agent::agent;
pub(crate) use backoff::Backoff;
pub use base_url::{BaseUrl, BaseUrlError};
pub(crate) use call::{Call, SearchPlace};
pub(crate) use client::Client;
pub(crate) use rate_headers::RateHeaders;
pub(crate) use reply::{Answer, rejected};
pub use settings::UpstreamSettings;
