//! A location that is too simple to be wrong: lists of links and nodes, computed
//! from the list of all events.

mod bodies;
mod events;
mod line;
mod world;

pub(crate) use bodies::{body, told};
pub(crate) use events::{condition_filter, crowded, filter, folded, history, history_of};
pub(crate) use line::{Line, StepLine, line, step_lines};
pub(crate) use world::{Edge, Hop, Node, World, node_ref};
