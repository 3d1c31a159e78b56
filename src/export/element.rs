//! Nodes and links as every format shows them.

use std::borrow::Cow;
use std::fmt;

use crate::graph::{Edge, EdgeEnd};

/// Stands for a character that a format cannot carry.
pub(super) const REPLACEMENT: char = '\u{fffd}';

/// A node reference, as text.
#[derive(Clone, Copy)]
pub(super) struct NodeId<'g> {
    object: &'g str,
    record: Option<&'g str>,
}

impl<'g> NodeId<'g> {
    pub(super) fn of(end: &EdgeEnd<'g>) -> Self {
        Self { object: end.object, record: end.record }
    }

    /// As a text of its own, where it is not one already.
    pub(super) fn text(self) -> Cow<'g, str> {
        match self.record {
            None => Cow::Borrowed(self.object),
            Some(record) => Cow::Owned([self.object, "/", record].concat()),
        }
    }
}

impl fmt::Display for NodeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.object)?;
        match self.record {
            Some(record) => write!(f, "/{record}"),
            None => Ok(()),
        }
    }
}

/// The attributes of a node, in the order in which formats write them.
pub(super) const NODE_ATTRIBUTES: [&str; 4] = ["label", "layer", "object", "record"];

/// The values of [`NODE_ATTRIBUTES`]; absent where there is none.
pub(super) fn node_values<'g>(node: &EdgeEnd<'g>) -> [Option<&'g str>; NODE_ATTRIBUTES.len()] {
    [Some(node.label), Some(layer(node)), Some(node.object), node.record]
}

/// The layer of a node.
pub(super) fn layer(node: &EdgeEnd<'_>) -> &'static str {
    if node.record.is_some() { "record" } else { "object" }
}

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

/// The values of [`EDGE_ATTRIBUTES`]; absent where unknown.
pub(super) fn edge_values<'g>(edge: &Edge<'g>) -> [Option<Cow<'g, str>>; EDGE_ATTRIBUTES.len()] {
    let known = edge.definition;
    let text = |text: &'g str| Some(Cow::Borrowed(text));
    let first = known.and_then(|d| text(&d.first.label));
    let second = known.and_then(|d| text(&d.second.label));
    [
        text(edge_label(edge)),
        text(edge.association),
        known.and_then(|d| text(&d.key)),
        known.and_then(|d| text(&d.association_type)),
        first,
        second,
        edge.relation.and_then(text),
        edge.at.map(|at| Cow::Owned(at.to_string())),
    ]
}

/// What to show people: the label of the second end, or until its association is
/// known that one's id.
pub(super) fn edge_label<'g>(edge: &Edge<'g>) -> &'g str {
    edge.definition.map_or(edge.association, |definition| &definition.second.label)
}

/// An id that no other link of the export has, on either layer.
pub(super) fn edge_id(edge: &Edge<'_>) -> String {
    match edge.relation {
        Some(relation) => ["relation:", relation].concat(),
        None => ["association:", edge.association].concat(),
    }
}
