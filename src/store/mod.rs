//! The object an embedder holds: a journal, its writer, and the graphs.

mod changes;
mod delivery;
mod erase;
mod eviction;
mod history;
mod import;
mod import_outcome;
mod index;
mod load_error;
mod load_graph;
mod loaded_checkpoint;
mod loader;
mod location;
mod location_ids;
mod locations;
mod methods;
mod mutation;
mod name_limits;
mod options;
mod past;
mod pruned;
mod query;
mod record_search;
mod recovery;
mod recovery_on_demand;
#[expect(clippy::module_inception, reason = "the store itself, beside its parts")]
mod store;
mod verify;
mod watermark;
mod writer;

pub use changes::reader::{AppliedEvent, ChangeFilter, ChangePage, ChangesError};
#[cfg(feature = "server")]
pub(crate) use changes::reader::{ChangeQuery, Definitions};
pub use changes::subscription::{EventBatch, Subscription};
pub use delivery::{Delivery, IngestError, Preview, PreviewError, Receipt, ReplayError, Status};
pub use erase::Erasure;
pub use history::{AcceptedEvent, EventPage, HistoryEvent, HistoryPage, PageLimit, Subject};
pub use import::Import;
pub use import_outcome::{
    ImportCounts, ImportError, ImportedLine, LineError, LineOutcome, LineRefusal,
};
#[cfg(feature = "server")]
pub(crate) use index::scan::Stop;
pub use load_error::LoadError;
pub use loader::GraphMemory;
pub use location::{Location, LocationSummary};
#[cfg(feature = "server")]
pub(crate) use locations::{Found, Loading};
pub use methods::export_events::ExportEventsError;
pub use methods::storage_use::StorageUse;
pub use mutation::{
    Condition, Done, Mutated, Mutation, MutationRefusal, Mutations, NewAssociation, Thing,
};
pub use name_limits::{LimitReached, LimitedName, NameLimits};
pub use options::Options;
pub use past::as_of::{AsOf, ParseAsOfError};
pub use past::replay::{Past, PastError};
pub use pruned::Pruned;
#[cfg(feature = "server")]
pub(crate) use query::answer_at_once;
pub use query::{
    BetweenRequest, LinksIter, LinksOf, LinksRequest, LocationDiff, LocationView, MatchRequest,
    NeighborhoodRequest, PathRequest, Request, SearchRequest, WalkRequest,
};
pub use record_search::SearchPage;
pub use recovery::OpenError;
pub use store::Store;
pub use verify::{
    Verification, VerifyOptions, VerifyProgress, repair, repair_with, verify, verify_location,
    verify_with,
};
pub use writer::clock::{Clock, ClockReading};
pub use writer::observer::{Observation, WriteEvent};
pub use writer::queue::Backlog;
pub use writer::write_failure::WriteFailure;
