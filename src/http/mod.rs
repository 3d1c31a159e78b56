//! The HTTP API: warp filters over a store, and the loop that accepts
//! connections. The routes are one table in `routes.rs`; each resource has a
//! file.

mod app;
mod auth;
mod compat;
mod execute;
mod explorer;
mod extract;
mod feed;
mod handlers;
mod limits;
mod metrics;
mod respond;
mod router;
mod routes;
mod server;

pub use app::App;
pub use auth::cors::{CorsOrigins, InvalidOrigin};
pub use auth::policy::AuthPolicy;
pub use auth::token::{AdoptError, TokenTable, adopt_token, new_token};
pub use limits::settings::Limits;
pub use router::routes;
pub use routes::{ROUTES, Route};
pub use server::listener::{Server, Shutdown};
