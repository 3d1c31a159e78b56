//! The graph of one location and its queries: pure, without I/O, and the only folder that
//! names petgraph.

mod bytes;
mod changed;
mod compaction;
mod compare;
mod draft;
mod layers;
mod location_graph;
mod memory;
mod merge;
mod names;
mod outcome;
mod petgraph;
mod query;
mod restore;
mod search;
mod snapshot;
mod timeline;
mod trace;
mod view;

pub use crate::model::Counts;
pub use compare::Difference;
pub(crate) use draft::Draft;
pub use location_graph::LocationGraph;
pub(crate) use location_graph::{Changed, NameCounts};
pub use outcome::Outcome;
pub use petgraph::{ObjectGraph, RecordGraph, RelationEdge};
pub use query::{
    AssociationCount, AssociationDiff, AssociationSummary, Between, BetweenNode, BetweenNodeRow,
    BetweenQuery, Budget, Condition, Cursor, DiffQuery, Edge, EdgeEnd, EdgeEndRow, EdgeGroups,
    EdgeRow, EndCount, FoundRecord, LabelCount, LabelRow, Layers, Link, LinkDiff, LinkFilter,
    LinkLists, LinkPage, LinkQuery, LinkRow, LocationSummary, Match, MatchPage, MatchQuery,
    MatchRow, NamesNodes, Neighborhood, NeighborhoodNode, NeighborhoodNodeRow, NeighborhoodQuery,
    ObjectCount, Order, Page, ParseCursorError, PathQuery, Paths, QueryError, RecordItem,
    RelationList, RelationQuery, SearchQuery, Step, StepRow, Subgraph, SubgraphQuery, Violation,
    WALKS_MAX, WalkEnd, WalkEndRow, WalkPage, WalkQuery, Walks,
};
pub(crate) use query::{RecordSearch, escaped_len, run_merge};
pub use search::rank::FoundBy;
pub use snapshot::Snapshot;
pub use timeline::{Interval, Timeline};
pub use view::View;
