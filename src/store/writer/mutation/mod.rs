//! What mutations become: checks against the graph, ids, times and events.

pub(crate) mod new_ids;
pub(crate) mod planner;
mod system_associations;
mod times;
