//! The graph of one location, and the questions asked of it: pure, without
//! I/O, and the only folder that names petgraph.

mod adjacency;
mod associations;
mod compare;
mod degrees;
mod ids;
mod location_graph;
mod merge;
mod object_layer;
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
pub use location_graph::LocationGraph;
pub use merge::Outcome;
pub use query::{
    AskError, AssociationCount, Condition, Counts, Cursor, Edge, EdgeEnd, Effort, EndCount,
    LabelCount, Link, LinkFilter, LinkPage, LinkQuery, Match, MatchPage, MatchQuery, Near,
    Neighborhood, NeighborhoodQuery, ObjectCount, Order, ParseCursorError, PathQuery, Paths,
    RecordLine, RecordPage, Step, View, Violation, WalkEnd, WalkPage, WalkQuery, Walks,
};
pub use snapshot::Snapshot;
pub use visit::{ObjectGraph, RecordGraph, RelationEdge};
