//! The HTTP API: warp filters over a store, and the loop that accepts
//! connections. The routes are one table in `routes.rs`; each resource has a
//! file.

mod answer;
mod app;
mod associations;
mod body;
mod export;
mod health;
mod links;
mod listener;
mod locations;
mod objects;
mod problem;
mod query;
mod request;
mod routes;
mod summary;
mod webhooks;

pub use app::{App, Limits};
pub use listener::{Server, Shutdown};
pub use routes::{ROUTES, Route, routes};
