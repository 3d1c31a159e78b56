//! The object an embedder holds: a journal, its writer, and the graphs.

mod changes;
mod checkpoint;
mod clock;
mod compaction;
mod deliveries;
mod erase;
mod events;
mod handle;
mod history;
mod idle;
mod import;
mod imports;
mod ingest;
mod lives;
mod locations;
mod log;
mod mentions;
mod name_limits;
mod news;
mod options;
mod past;
mod pruning;
mod pulse;
mod questions;
mod queue;
mod read_only;
mod recovery;
mod repeats;
mod saving;
mod scan;
mod subscriptions;
mod verify;
mod write_recovery;
mod writer;

pub use changes::{AppliedEvent, ChangeFilter, ChangePage, ChangesError};
#[cfg(feature = "server")]
pub(crate) use changes::{ChangeQuery, Definitions};
pub use clock::{Clock, ClockReading};
pub use erase::Erasure;
pub use events::ExportEventsError;
pub use handle::Store;
pub use history::{AcceptedEvent, EventPage, HistoryEvent, HistoryPage, PageLimit, Subject};
pub use import::{Import, ImportCounts, ImportError, ImportedLine, LineFate, LineRefusal};
pub use ingest::{Delivery, IngestError, Preview, PreviewError, Receipt, ReplayError, Status};
pub use locations::Location;
pub use log::StorageUse;
pub use name_limits::{LimitReached, LimitedName, NameLimits};
pub use options::Options;
pub use past::{AsOf, Past, PastError};
pub use pulse::{Waiting, Written};
#[cfg(feature = "server")]
pub(crate) use questions::answer_at_once;
pub use questions::{
    Around, Between, EachLink, Found, LinksOf, LinksPage, Matching, Moment, PathBetween,
    QuestionError, Surroundings, Walk, Ways,
};
pub use recovery::OpenError;
#[cfg(feature = "server")]
pub(crate) use scan::Stop;
pub use subscriptions::{EventBatch, Subscription};
pub use verify::{Verification, repair, verify};
pub use write_recovery::WriteFailure;
