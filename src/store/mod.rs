//! The object an embedder holds: a journal, its writer, and the graphs.

mod checkpoint;
mod deliveries;
mod events;
mod handle;
mod ingest;
mod locations;
mod options;
mod pruning;
mod queue;
mod recovery;
mod verify;
mod writer;

pub use events::ExportEventsError;
pub use handle::Store;
pub use ingest::{Delivery, IngestError, Preview, PreviewError, Receipt, ReplayError, Status};
pub use locations::Location;
pub use options::Options;
pub use recovery::OpenError;
pub use verify::{Verification, verify};
