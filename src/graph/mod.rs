//! The graph of one location, and the questions asked of it: pure, without
//! I/O, and the only folder that names petgraph.

mod adjacency;
mod associations;
mod compare;
mod ids;
mod links;
mod location_graph;
mod merge;
mod object_layer;
mod preview;
mod record_layer;
mod records;
mod restore;
mod snapshot;
mod summary;
mod table;
mod text;
mod visit;

pub use compare::Difference;
pub use links::{Cursor, Link, LinkPage, LinkQuery, Order, ParseCursorError};
pub use location_graph::LocationGraph;
pub use merge::Outcome;
pub use records::{RecordLine, RecordPage};
pub use snapshot::{Snapshot, SnapshotLink, SnapshotNode};
pub use summary::{AssociationCount, Counts, ObjectCount};
pub use visit::{ObjectGraph, RecordGraph, RelationEdge};
