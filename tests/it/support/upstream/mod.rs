//! A stand-in of HighLevel's API, which misbehaves as the real one may.
//!
//! It is written from the sender's documents, not from a client's code, and holds locations
//! made of seeds. What it does is set by [`Settings`]; what it really holds is a [`Truth`].

mod answer;
mod clock;
mod draw;
mod lists;
mod location;
mod parameters;
mod plan;
mod reading;
mod routes;
mod rows;
mod searches;
mod server;
mod settings;
mod stand_in;
mod state;
mod things;
mod truth;

pub(crate) use location::Location;
pub(crate) use plan::Plan;
pub(crate) use routes::Route;
pub(crate) use settings::{Order, PageCap, PageCaps, Searches, Settings, Shape, Total};
pub(crate) use stand_in::StandIn;
pub(crate) use truth::{TrueAssociation, TrueRelation, Truth};
