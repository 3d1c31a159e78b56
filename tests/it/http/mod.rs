//! The HTTP API, by the real binary.

mod auth;
mod compat;
mod dead_letters;
mod deliveries;
mod doctor;
mod epochs;
mod explorer;
mod feed;
mod framing;
mod hostile;
mod import;
mod log;
mod metrics;
mod name_limits;
mod numbers;
mod openapi;
mod overload;
mod postgres;
mod queries;
mod requests;
mod server;
mod write_failures;
