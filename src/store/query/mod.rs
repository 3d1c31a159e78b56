//! Questions for programs: built step by step, answered when asked for, in texts
//! of their own.

pub(super) mod diff;
pub(super) mod error;
pub(super) mod links;
pub(super) mod location_view;
pub(super) mod matches;
pub(super) mod neighborhood;
pub(super) mod path;
pub(super) mod target;
pub(super) mod walk;

pub use diff::LocationDiff;
pub use error::QuestionError;
pub use links::{LinksIter, LinksPage, LinksRequest};
pub use location_view::LocationView;
pub use matches::{MatchRequest, MatchResults};
pub use neighborhood::{Neighborhood, NeighborhoodRequest};
pub use path::{PathRequest, Paths};
#[cfg(feature = "server")]
pub(crate) use target::answer_at_once;
pub use walk::WalkRequest;
