//! Compares a location of a store with the sender: what is missing, what is extra, and what is
//! different.
//!
//! [`compare`] is pure: two [`State`]s in, [`Difference`]s out. [`compare_with_sender`] reads
//! both sides, and confirms what it finds; [`compare_with_dump`] takes a file of events for
//! the sender, and [`compare_sample`] reads the links of some records alone. [`repair`] writes the events that remove the differences.

mod compare;
mod comparison;
mod confirming;
mod difference;
mod error;
mod finding;
mod local;
mod mass_delete;
mod repair;
mod repair_events;
mod repair_writing;
mod sampling;
mod scope;
mod state;

pub use compare::compare;
pub use comparison::{Comparison, DriftSettings, compare_with_dump, compare_with_sender};
pub use difference::{Difference, Kind, Thing, What};
pub use error::DriftError;
pub use finding::{Finding, Verdict};
pub use repair::{RepairSettings, repair, repair_by_server};
pub use repair_writing::Repair;
pub use sampling::{SampleEstimate, compare_sample};
pub use scope::Scope;
pub use state::State;
