//! Reads a location from the sender's API: everything that is in it, within the sender's
//! limits, and again from where it stopped.
//!
//! [`Reader`] yields [`Row`]s to a [`RowSink`]; an [`EventWriter`] is one that makes events of
//! them, for a [`Destination`].

mod error;
mod excerpt;
mod plan;
mod reading;
mod running;
mod secret;
mod stop;
mod upstream;
mod writing;

pub use error::PullError;
pub use plan::{Count, Estimate, KeyEstimate, Method, ReadSettings, RecordsRead};
pub(crate) use plan::{names_association, names_object};
pub use reading::{LocationRow, ObjectRow, RecordRow, Row};
pub(crate) use reading::{ThingRead, Things};
pub use running::{Part, Phase, Progress, Reader, Report, ResumeFile, RowSink};
pub(crate) use running::{Sample, Sampled};
pub use secret::{Secret, SecretError};
pub use stop::{Stop, StopReason};
pub use upstream::{BaseUrl, BaseUrlError, UpstreamSettings};
pub use writing::{
    Cardinalities, Destination, EventCounts, EventWriter, FileDestination, Known,
    ServerDestination, StoreDestination, StreamDestination,
};
pub(crate) use writing::{Events, ImportedLine};
