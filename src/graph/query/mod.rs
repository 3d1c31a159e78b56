//! The questions, one file each. Both layers answer the same ones through the
//! same code.

mod diff;
mod edge;
mod effort;
mod filter;
mod labels;
mod links;
mod matches;
mod neighborhood;
mod part;
mod path;
mod ranking;
mod records;
mod sources;
mod step;
mod summary;
mod view;
mod violations;
mod walk;

pub use diff::{AssociationDiff, DiffQuery, LinkDiff};
pub use edge::{Edge, EdgeEnd, EdgeEndRow, EdgeRow};
pub use effort::Effort;
pub(crate) use effort::escaped_len;
pub use filter::LinkFilter;
pub use labels::{LabelCount, LabelRow};
pub use links::{Cursor, Link, LinkLists, LinkPage, LinkQuery, LinkRow, Order, ParseCursorError};
pub use matches::{Condition, Match, MatchPage, MatchQuery, MatchRow};
pub use neighborhood::{Near, NearRow, Neighborhood, NeighborhoodQuery};
pub use part::{Layers, Part, PartQuery, Runs};
pub use path::{PathQuery, Paths};
pub use records::{RecordLine, RecordPage};
pub use step::{Step, StepRow};
pub use summary::{AssociationCount, AssociationPage, Counts, EndCount, ObjectCount};
pub(super) use view::Names;
pub use view::{AskError, View};
pub use violations::Violation;
pub use walk::{End as WalkEnd, EndRow as WalkEndRow, WALKS_MAX, WalkPage, WalkQuery, Walks};
