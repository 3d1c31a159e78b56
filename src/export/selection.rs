//! Which nodes and links an export holds, and in which order.

use std::fmt;

use super::format::{Layers, Options, Size};
use crate::graph::{Edge as Linked, EdgeEnd, Snapshot};

/// The part of a snapshot to write.
pub(super) struct Selection<'s> {
    snapshot: &'s Snapshot,
    options: &'s Options,
}

impl<'s> Selection<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, options: &'s Options) -> Self {
        Self { snapshot, options }
    }

    pub(super) fn size(&self) -> Size {
        Size { nodes: self.nodes().count() as u64, links: self.links().count() as u64 }
    }

    fn layer(&self, layer: Layers) -> bool {
        self.options.layers == Layers::All || self.options.layers == layer
    }

    fn is_filtered(&self) -> bool {
        !(self.options.labels.is_empty() && self.options.associations.is_empty())
    }

    /// Nodes, object keys before records.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'s>> {
        let touched = self.is_filtered().then(|| {
            let ends = self.links().flat_map(|link| [link.0.first, link.0.second]);
            ends.collect::<std::collections::BTreeSet<_>>()
        });
        let objects = self.layer(Layers::Objects).then(|| self.snapshot.object_nodes());
        let records = self.layer(Layers::Records).then(|| self.snapshot.record_nodes());
        objects
            .into_iter()
            .flatten()
            .chain(records.into_iter().flatten())
            .filter(move |node| touched.as_ref().is_none_or(|touched| touched.contains(node)))
            .map(Node)
    }

    /// Links, associations before relations.
    pub(super) fn links(&self) -> impl Iterator<Item = Edge<'s>> {
        let objects = self.layer(Layers::Objects).then(|| self.snapshot.object_links());
        let records = self.layer(Layers::Records).then(|| self.snapshot.record_links());
        let options = self.options;
        objects
            .into_iter()
            .flatten()
            .chain(records.into_iter().flatten())
            .map(Edge)
            .filter(move |edge| edge.is_selected(options))
    }
}

/// A node as every format shows it.
#[derive(Clone, Copy)]
pub(super) struct Node<'s>(pub(super) EdgeEnd<'s>);

/// A node reference, as text.
#[derive(Clone, Copy)]
pub(super) struct NodeId<'s>(EdgeEnd<'s>);

impl fmt::Display for NodeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.object)?;
        match self.0.record {
            Some(record) => write!(f, "/{record}"),
            None => Ok(()),
        }
    }
}

impl<'s> Node<'s> {
    pub(super) fn id(self) -> NodeId<'s> {
        NodeId(self.0)
    }

    pub(super) fn layer(self) -> &'static str {
        if self.0.record.is_some() { "record" } else { "object" }
    }
}

/// A link as every format shows it, from the first end to the second.
#[derive(Clone, Copy)]
pub(super) struct Edge<'s>(pub(super) Linked<'s>);

/// The attributes of a link, in the order in which formats write them.
pub(super) const EDGE_ATTRIBUTES: [&str; 8] = [
    "label",
    "association",
    "associationKey",
    "associationType",
    "firstLabel",
    "secondLabel",
    "relation",
    "at",
];

impl<'s> Edge<'s> {
    pub(super) fn source(self) -> NodeId<'s> {
        NodeId(self.0.first)
    }

    pub(super) fn target(self) -> NodeId<'s> {
        NodeId(self.0.second)
    }

    /// An id that no other link of the export has, on either layer.
    pub(super) fn id(self) -> String {
        match self.0.relation {
            Some(relation) => format!("relation:{relation}"),
            None => format!("association:{}", self.0.association),
        }
    }

    /// The values of [`EDGE_ATTRIBUTES`]; absent where unknown.
    pub(super) fn attributes(self) -> [Option<String>; EDGE_ATTRIBUTES.len()] {
        let link = self.0;
        let known = link.definition;
        let second = known.map(|d| d.second.label.to_string());
        [
            Some(second.clone().unwrap_or_else(|| link.association.to_owned())),
            Some(link.association.to_owned()),
            known.map(|d| d.key.to_string()),
            known.map(|d| d.association_type.to_string()),
            known.map(|d| d.first.label.to_string()),
            second,
            link.relation.map(str::to_owned),
            link.at.map(|at| at.to_string()),
        ]
    }

    fn is_selected(self, options: &Options) -> bool {
        let known = self.0.definition;
        let called = |wanted: &String| {
            wanted == self.0.association || known.is_some_and(|d| *d.key == **wanted)
        };
        let labelled = |wanted: &String| {
            known.is_some_and(|d| *d.first.label == **wanted || *d.second.label == **wanted)
        };
        (options.associations.is_empty() || options.associations.iter().any(called))
            && (options.labels.is_empty() || options.labels.iter().any(labelled))
    }
}

/// Stands for a character that a format cannot carry.
pub(super) const REPLACEMENT: char = '\u{fffd}';
