//! The steps of paths and walks: nodes, and the links taken to them.

use crate::graph::memory::adjacency::AdjacencyEntry;
use crate::graph::query::budget::Budget;
use crate::graph::query::layer::{Layer, NodeName};
use crate::graph::query::links::{Link, LinkRow, describe};

/// One step of a walk or path: a node and the link taken to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRow<T> {
    /// The object key of the node.
    pub object: T,
    /// Its record id; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
    /// The link, seen from the node before; absent for the first node.
    pub link: Option<LinkRow<T>>,
}

/// A step whose texts are borrowed from the graph.
pub type Step<'g> = StepRow<&'g str>;

impl Step<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> StepRow<String> {
        StepRow {
            object: self.object.to_owned(),
            record: self.record.map(str::to_owned),
            name: self.name.map(str::to_owned),
            link: self.link.map(Link::into_owned),
        }
    }
}

/// Bytes of a step's members as JSON, without texts.
const STEP_MEMBERS: usize = 50;

/// Returns the steps of each path as rows of an answer, up to the last path for which there
/// is room.
pub(super) fn write_paths<'g, 'p>(
    layer: Layer<'g>,
    paths: impl Iterator<Item = (u32, &'p [AdjacencyEntry])>,
    budget: &mut Budget<'_>,
) -> Vec<Vec<Step<'g>>> {
    let mut written = Vec::new();
    for (from, along) in paths {
        let path = steps(layer, from, along);
        let fits = path.iter().all(|step| {
            budget.write(STEP_MEMBERS, [Some(step.object), step.record, step.name])
                && step.link.is_none_or(|link| link.write(budget))
        });
        if !fits {
            break;
        }
        written.push(path);
    }
    written
}

/// Returns the steps from a node along these links.
fn steps<'g>(layer: Layer<'g>, from: u32, along: &[AdjacencyEntry]) -> Vec<Step<'g>> {
    let NodeName { object, record, name } = layer.name(from);
    let mut steps = vec![Step { object, record, name, link: None }];
    let ends = layer.far_ends(along);
    steps.extend(along.iter().zip(&ends).map(|(entry, end)| {
        let link = describe(layer, *entry, end);
        Step { object: link.object, record: link.record, name: link.name, link: Some(link) }
    }));
    steps
}

/// Returns paths with texts of their own.
pub(super) fn owned(paths: Vec<Vec<Step<'_>>>) -> Vec<Vec<StepRow<String>>> {
    let own = |path: Vec<Step<'_>>| path.into_iter().map(Step::into_owned).collect();
    paths.into_iter().map(own).collect()
}
