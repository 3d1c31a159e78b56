//! The graph of one location, and the questions asked of it: pure, without
//! I/O, and the only folder that names petgraph.

mod adjacency;
mod associations;
mod changed;
mod compaction;
mod compare;
mod degrees;
mod ids;
mod lives;
mod location_graph;
mod merge;
mod object_layer;
mod places;
mod preview;
mod query;
mod record_layer;
mod record_rows;
mod restore;
mod snapshot;
mod table;
mod text;
mod visit;

pub use compare::Difference;
pub use lives::{Life, Lives};
pub(crate) use location_graph::Changed;
pub use location_graph::LocationGraph;
pub(crate) use location_graph::NameCounts;
pub use merge::Outcome;
pub(crate) use query::escaped_len;
pub use query::{
    AskError, AssociationCount, AssociationDiff, AssociationPage, Condition, Counts, Cursor,
    DiffQuery, Edge, EdgeEnd, EdgeEndRow, EdgeRow, Effort, EndCount, LabelCount, LabelRow, Layers,
    Link, LinkDiff, LinkFilter, LinkLists, LinkPage, LinkQuery, LinkRow, Match, MatchPage,
    MatchQuery, MatchRow, Near, NearRow, Neighborhood, NeighborhoodQuery, ObjectCount, Order,
    ParseCursorError, Part, PartQuery, PathQuery, Paths, RecordLine, RecordPage, Runs, Step,
    StepRow, View, Violation, WALKS_MAX, WalkEnd, WalkEndRow, WalkPage, WalkQuery, Walks,
};
pub use snapshot::Snapshot;
pub use visit::{ObjectGraph, RecordGraph, RelationEdge};
