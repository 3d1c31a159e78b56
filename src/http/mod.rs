//! The HTTP API: warp filters over a store, and the loop that accepts
//! connections. The routes are one table in `routes.rs`; each resource has a
//! file.

mod answer;
mod app;
mod ask;
mod associations;
mod background;
mod body;
mod catch_up;
mod changes;
mod cors;
mod cross_site;
mod dead_letters;
mod diff;
mod docs;
mod doctor;
mod exchange;
mod export;
mod feed;
mod framing;
mod health;
mod history;
mod hub;
mod imports;
mod linger;
mod links;
mod listener;
mod locations;
mod metrics;
mod objects;
mod outbox;
mod patience;
mod permits;
mod problem;
mod process;
mod protection;
mod query;
mod questions;
mod receive_budget;
mod request;
mod request_id;
mod routes;
mod stream;
mod tickets;
mod token;
mod topics;
mod watched_body;
mod webhooks;

pub use app::{App, Limits};
pub use cors::{CorsOrigins, InvalidOrigin};
pub use listener::{Server, Shutdown};
pub use protection::Protection;
pub use routes::{ROUTES, Route, routes};
pub use token::{TokenTable, new_token};
