//! Relata is an embedded association graph store.
//!
//! CRM platforms post a webhook when an association between two kinds of
//! objects is declared and when two records are linked under it. Relata makes
//! each post durable in SQLite, keeps them as labelled edges in a petgraph model
//! in memory, and answers who is linked to what, under which label.
//!
//! ```
//! use relata::graph::LinkQuery;
//! use relata::{NodeRef, Store};
//!
//! let directory = tempfile::tempdir()?;
//! let store = Store::open(directory.path().join("relata.db"))?;
//!
//! // What the CRM posts: buyers are linked to properties …
//! store.ingest(br#"{"id":"67ad","key":"buyer_property_interest","locationId":"eHy2",
//!     "firstObjectKey":"contact","firstObjectLabel":"Interested Buyer",
//!     "secondObjectKey":"custom_objects.property","secondObjectLabel":"Property"}"#)?;
//! // … and Amara is interested in 12 Maple Street.
//! store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
//!     "firstObjectKey":"contact","firstRecordId":"amara",
//!     "secondObjectKey":"custom_objects.property","secondRecordId":"12-maple-street"}"#)?;
//!
//! let location = store.location("eHy2").unwrap();
//! let graph = location.read();
//! let house = NodeRef::record("custom_objects.property", "12-maple-street");
//! let page = graph.links(&house, &LinkQuery::default()).unwrap();
//! assert_eq!(page.links[0].label, Some("Interested Buyer"));
//! assert_eq!(page.links[0].record, Some("amara"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | module | what is there |
//! |---|---|
//! | the root | the nouns (ids, [`Association`], [`Relation`], [`Event`]) and [`Store`] |
//! | [`webhook`] | bytes from outside become events |
//! | [`graph`] | one location's graph: the merge rule and the questions |
//! | [`journal`] | where accepted events are kept: the trait, SQLite, memory |
//! | [`export`] | a graph in the formats of other tools |
//! | `signature` | is a delivery from whom it says, with the feature `server` |
//! | `http`, `api` | the HTTP API and its JSON, with the feature `server` |
//!
//! Without default features the crate is the embeddable store and needs neither
//! warp nor tokio.

#[cfg(feature = "server")]
pub mod api;
pub mod export;
pub mod graph;
#[cfg(feature = "server")]
pub mod http;
pub mod journal;
mod model;
#[cfg(feature = "server")]
pub mod signature;
mod store;
mod sync;
pub mod webhook;

pub use model::{
    Association, AssociationId, Change, End, Epoch, EpochId, Epochs, Event, EventId, EventType,
    ForeignEpoch, LocationId, NodeRef, ObjectKey, ObjectSchema, ParseEventIdError, ParseNameError,
    ParseNodeRefError, ParseTimestampError, Rank, RecordId, RecordRef, RecordState, Relation,
    RelationId, Seq, Side, Stamp, StateKey, StateRow, Timestamp, WebhookId,
};
pub use store::{
    AcceptedEvent, AppliedEvent, AsOf, Backlog, ChangeFilter, ChangePage, ChangesError, Clock,
    ClockReading, Delivery, Erasure, EventBatch, EventPage, ExportEventsError, HistoryEvent,
    HistoryPage, Import, ImportCounts, ImportError, ImportedLine, IngestError, LimitReached,
    LimitedName, LineError, LineOutcome, LineRefusal, LinksIter, LinksOf, LinksRequest, Location,
    LocationDiff, LocationView, MatchRequest, NameLimits, NeighborhoodRequest, OpenError, Options,
    PageLimit, ParseAsOfError, Past, PastError, PathRequest, Preview, PreviewError, Pruned,
    Receipt, ReplayError, Request, Status, StorageUse, Store, Subject, Subscription, Verification,
    WalkRequest, WriteEvent, WriteFailure, repair, verify,
};

/// Runs the examples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
