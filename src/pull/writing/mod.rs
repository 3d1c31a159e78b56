//! What a pull does with the rows that it reads: events, and where they go.

mod destination;
mod event_writer;
mod events;
mod file;
mod names;
mod server;
mod store;

pub use destination::{Cardinalities, Destination, EventCounts, Known};
pub use event_writer::EventWriter;
pub(crate) use events::Events;

pub use file::{FileDestination, StreamDestination};
pub(crate) use server::ImportedLine;
pub use server::ServerDestination;
pub use store::StoreDestination;
