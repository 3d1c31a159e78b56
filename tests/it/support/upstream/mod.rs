//! A stand-in of HighLevel's API, which misbehaves as the real one may.
//!
//! It is written from the sender's documents, not from a client's code. A [`Plan`] makes a
//! location of a seed; [`StandIn::start`] serves it, at [`StandIn::url`], to whoever has its
//! token. What goes wrong is set by [`Settings`], before or while it runs
//! ([`StandIn::change`]); what the location really holds is its [`Truth`].
//!
//! Time is that of the machine, and [`StandIn::pass`] adds to it. Chance follows from seeds.

mod answer;
mod changes;
mod churn;
mod clock;
mod draw;
mod embedded;
mod events;
mod faults;
mod limiter;
mod lists;
mod location;
mod parameters;
mod plan;
mod reading;
mod refusals;
mod request;
mod routes;
mod rows;
mod searches;
mod server;
mod settings;
mod slips;
mod stand_in;
mod state;
mod things;
mod truth;
mod webhooks;

pub(crate) use location::Location;
pub(crate) use plan::{LAST_MADE, Plan};
pub(crate) use routes::Route;
pub(crate) use settings::{
    Delivery, Edge, Embedded, Fault, Faults, Limits, Order, PageCap, PageCaps, Refusals,
    RetryAfter, Searches, Settings, Shape, Slip, Slips, Spoiled, Total, Window,
};
pub(crate) use stand_in::StandIn;
pub(crate) use truth::{TrueAssociation, TrueRelation, Truth};
pub(crate) use webhooks::{Fate, Webhook};
