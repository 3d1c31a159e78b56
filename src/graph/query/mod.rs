//! The queries, one file each. Both layers answer the same ones through the
//! same code.

pub(super) mod budget;
pub(super) mod cursor;
pub(super) mod diff;
pub(super) mod edge;
pub(super) mod error;
pub(super) mod filter;
pub(super) mod label_end;
pub(super) mod labels;
pub(super) mod layer;
pub(super) mod link_query;
pub(super) mod links;
pub(super) mod location_summary;
pub(super) mod matches;
pub(super) mod neighborhood;
pub(super) mod order;
pub(super) mod path;
pub(super) mod ranking;
pub(super) mod records;
pub(super) mod sources;
pub(super) mod step;
pub(super) mod subgraph;
pub(super) mod summary;
pub(super) mod violations;
pub(super) mod walk;

pub use budget::Budget;
pub(crate) use budget::escaped_len;
pub use cursor::{Cursor, ParseCursorError};
pub use diff::{AssociationDiff, DiffQuery, LinkDiff};
pub use edge::{Edge, EdgeEnd, EdgeEndRow, EdgeRow};
pub use error::QueryError;
pub use filter::LinkFilter;
pub use labels::{LabelCount, LabelRow};
pub use link_query::LinkQuery;
pub use links::{Link, LinkLists, LinkPage, LinkRow};
pub use location_summary::{AssociationSummary, LocationSummary};
pub use matches::{Condition, Match, MatchPage, MatchQuery, MatchRow};
pub use neighborhood::{Neighborhood, NeighborhoodNode, NeighborhoodNodeRow, NeighborhoodQuery};
pub use order::Order;
pub use path::{PathQuery, Paths};
pub use records::{RecordItem, RecordPage};
pub use step::{Step, StepRow};
pub use subgraph::{EdgeGroups, Layers, Subgraph, SubgraphQuery};
pub use summary::{AssociationCount, AssociationPage, Counts, EndCount, ObjectCount};
pub use violations::Violation;
pub use walk::{WALKS_MAX, WalkEnd, WalkEndRow, WalkPage, WalkQuery, Walks};
