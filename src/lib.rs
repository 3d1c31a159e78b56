//! Relata is an embedded association graph store.
//!
//! CRM platforms post a webhook when an association between two kinds of
//! objects is declared and when two records are linked under it. Relata makes
//! each post durable in SQLite, keeps them as labelled edges in a petgraph model
//! in memory, and answers who is linked to what, under which label.
//!
//! ```
//! use relata::Store;
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
//! let location = store.location("eHy2")?.ok_or("no such location")?;
//! let house = "custom_objects.property/12-maple-street";
//! let buyers = location.links(house).label("Interested Buyer").page()?;
//! assert_eq!(buyers.links[0].record.as_deref(), Some("amara"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | module | contents |
//! |---|---|
//! | the root | the nouns (ids, [`Association`], [`Relation`], [`Event`]) and [`Store`] |
//! | [`query`] | queries of a location, and their results |
//! | [`changes`] | events as they are applied |
//! | [`history`] | the events behind the graph, and the graph as it stood |
//! | [`import`] | bulk loading |
//! | [`mutation`] | writes that are checked against the graph |
//! | [`operations`] | limits, clocks and observation, for those who run a store |
//! | [`webhook`] | decodes what senders post into events |
//! | [`graph`] | one location's graph: the merge rule, and queries without copying |
//! | [`journal`] | where accepted events are kept: the trait, SQLite, memory |
//! | [`export`] | writes a graph in the formats of other tools |
//! | `pull` | reads a location from the sender's API, with the feature `pull` |
//! | `drift` | compares a location with the sender, and repairs it, with the feature `pull` |
//! | `signature` | verifies webhook signatures, with the feature `server` |
//! | `http`, `api` | the HTTP API and its JSON, with the feature `server` |
//!
//! Without default features the crate is the embeddable store and needs neither
//! warp nor tokio.

#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "pull")]
pub mod drift;
pub mod export;
pub mod graph;
#[cfg(feature = "server")]
pub mod http;
pub mod journal;
mod model;
#[cfg(feature = "pull")]
pub mod pull;
#[cfg(feature = "server")]
pub mod signature;
mod store;
mod sync;
pub mod webhook;

pub mod query {
    //! Queries of a location: requests built step by step, and results that own their
    //! texts.
    //!
    //! A request begins at a [`Location`](crate::Location) as it stands, or at the
    //! [`LocationView`] of a moment, which [`Store::as_of`](crate::Store::as_of) returns.
    //! Its methods narrow it; the last one runs it.
    //!
    //! ```
    //! use relata::{AsOf, Store};
    //!
    //! let store = Store::in_memory()?;
    //! # store.ingest(br#"{"id":"67ad","key":"buyer_property_interest","locationId":"eHy2",
    //! #     "firstObjectKey":"contact","firstObjectLabel":"Interested Buyer",
    //! #     "secondObjectKey":"property","secondObjectLabel":"Property"}"#)?;
    //! # store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
    //! #     "firstObjectKey":"contact","firstRecordId":"amara",
    //! #     "secondObjectKey":"property","secondRecordId":"p1"}"#)?;
    //! let now = store.location("eHy2")?.ok_or("no such location")?;
    //! assert_eq!(now.links("contact/amara").label("Property").page()?.links.len(), 1);
    //!
    //! let then = store.as_of("eHy2", AsOf::Seq(1))?.ok_or("no such location")?;
    //! assert!(then.links("contact").label("Property").page()?.next.is_none());
    //! # Ok::<(), Box<dyn std::error::Error>>(())
    //! ```
    //!
    //! Who needs rows borrowed from the graph, or a limit to the work, uses
    //! [`graph::View`](crate::graph::View) instead.

    pub use crate::graph::{
        Between, BetweenNodeRow, Condition, Cursor, EdgeEndRow, EdgeRow, FoundBy, FoundRecord,
        LabelRow, LinkPage, LinkRow, MatchPage, MatchRow, Neighborhood, NeighborhoodNodeRow, Order,
        ParseCursorError, Paths, QueryError, SearchQuery, StepRow, WalkEndRow,
    };
    pub use crate::store::{
        BetweenRequest, LinksIter, LinksOf, LinksRequest, LocationDiff, LocationView, MatchRequest,
        NeighborhoodRequest, ParseAsOfError, PathRequest, Request, SearchPage, SearchRequest,
        WalkRequest,
    };
}

pub mod changes {
    //! Events as they are applied: pages of them, subscriptions, and the epochs that
    //! event ids belong to.

    pub use crate::model::{Epoch, EpochId, Epochs, EventId, ForeignEpoch, ParseEventIdError};
    pub use crate::store::{
        AppliedEvent, ChangeFilter, ChangePage, ChangesError, EventBatch, Subscription,
    };
}

pub mod history {
    //! The events behind the graph, and the graph as it stood.

    pub use crate::store::{
        AcceptedEvent, EventPage, ExportEventsError, HistoryEvent, HistoryPage, PageLimit, Past,
        PastError, Pruned, Subject,
    };
}

pub mod import {
    //! Bulk loading: events in newline-delimited JSON, and what became of each line.

    pub use crate::store::{
        Import, ImportCounts, ImportError, ImportedLine, LineError, LineOutcome, LineRefusal,
    };
}

pub mod mutation {
    //! Writes to the store itself: associations, relations and records that are created,
    //! changed and deleted by programs, each checked and committed in one step.

    pub use crate::store::{
        Condition, Done, Mutated, Mutation, MutationRefusal, Mutations, NewAssociation, Thing,
    };
}

pub mod operations {
    //! For those who run a store: limits, clocks, observation, previews, and what
    //! maintenance reports.

    pub use crate::store::{
        Backlog, Clock, ClockReading, Erasure, GraphMemory, LimitReached, LimitedName, NameLimits,
        Observation, Preview, PreviewError, ReplayError, StorageUse, Verification, VerifyOptions,
        VerifyProgress, WriteEvent, WriteFailure, repair_with, verify_location, verify_with,
    };
}

pub use model::{
    Association, AssociationId, Change, End, Event, EventType, LocationId, NodeRef, ObjectKey,
    ObjectSchema, Origin, ParseNameError, ParseNodeRefError, ParseTimestampError, Property, Rank,
    RecordId, RecordRef, Relation, RelationId, Seq, Side, Stamp, ThingId, Timestamp, WebhookId,
};
pub use store::{
    AsOf, Delivery, IngestError, LoadError, Location, LocationSummary, OpenError, Options, Receipt,
    Status, Store, repair, verify,
};

/// Runs the examples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
