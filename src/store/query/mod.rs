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

pub use diff::Between;
pub use error::QuestionError;
pub use links::{EachLink, LinksOf, LinksPage};
pub use location_view::Moment;
pub use matches::{Found, Matching};
pub use neighborhood::{Around, Surroundings};
pub use path::{PathBetween, Ways};
#[cfg(feature = "server")]
pub(crate) use target::answer_at_once;
pub use walk::Walk;
