//! Queries for programs: requests built step by step, and results that own their texts.

pub(super) mod between;
pub(super) mod diff;
pub(super) mod links;
pub(super) mod location_view;
pub(super) mod matches;
pub(super) mod neighborhood;
pub(super) mod path;
pub(super) mod request;
pub(super) mod search;
pub(super) mod target;
pub(super) mod walk;

pub use between::BetweenRequest;
pub use diff::LocationDiff;
pub use links::{LinksIter, LinksOf, LinksRequest};
pub use location_view::LocationView;
pub use matches::MatchRequest;
pub use neighborhood::NeighborhoodRequest;
pub use path::PathRequest;
pub use request::Request;
pub use search::SearchRequest;
#[cfg(feature = "server")]
pub(crate) use target::answer_at_once;
pub use walk::WalkRequest;
