//! Pulling from the sender's API, against the stand-in.

mod change;
pub(crate) mod command;
mod costs;
mod files;
mod interrupted;
mod limits;
mod methods;
mod own_surface;
pub(crate) mod pulled;
mod tls;
