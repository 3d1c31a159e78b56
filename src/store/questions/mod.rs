//! Questions for programs: built step by step, answered when asked for, in texts
//! of their own.

mod around;
mod between;
mod error;
mod links;
mod matching;
mod moment;
mod path;
mod walk;

pub use around::{Around, Surroundings};
pub use between::Between;
pub use error::QuestionError;
pub use links::{EachLink, LinksOf, LinksPage};
pub use matching::{Found, Matching};
pub use moment::Moment;
#[cfg(feature = "server")]
pub(crate) use moment::answer_at_once;
pub use path::{PathBetween, Ways};
pub use walk::Walk;
