//! Nodes on the way, and the links taken to them.

use super::super::adjacency::Entry;
use super::links::{Link, LinkRow, describe};
use super::view::Layer;

/// One step of a walk or path: a node and the link taken to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRow<T> {
    /// The object key of the node.
    pub object: T,
    /// Its record id; absent on the object layer.
    pub record: Option<T>,
    /// The link, seen from the node before; absent for the first node.
    pub link: Option<LinkRow<T>>,
}

/// A step whose texts are borrowed from the graph.
pub type Step<'g> = StepRow<&'g str>;

impl Step<'_> {
    /// The same with texts of its own.
    pub fn into_owned(self) -> StepRow<String> {
        StepRow {
            object: self.object.to_owned(),
            record: self.record.map(str::to_owned),
            link: self.link.map(Link::into_owned),
        }
    }
}

/// The steps from a node along these links.
pub(super) fn steps<'g>(layer: Layer<'g>, from: u32, along: &[Entry]) -> Vec<Step<'g>> {
    let start = layer.name(from);
    let mut steps = vec![Step { object: start.object, record: start.record, link: None }];
    let ends = layer.far_ends(along);
    steps.extend(along.iter().zip(&ends).map(|(entry, end)| {
        let link = describe(layer, *entry, end);
        Step { object: link.object, record: link.record, link: Some(link) }
    }));
    steps
}
