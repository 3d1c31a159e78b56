//! Nodes and links as every format shows them.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

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
            Some(record) => {
                f.write_str("/")?;
                f.write_str(record)
            }
            None => Ok(()),
        }
    }
}

impl Serialize for NodeId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names and values as members of a JSON object; absent ones are left out.
pub(super) struct Members<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<Cow<'a, str>>; N],
}

impl<const N: usize> Serialize for Members<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.names.iter().zip(&self.values) {
            if let Some(value) = value {
                map.serialize_entry(name, &**value)?;
            }
        }
        map.end()
    }
}

/// The attributes of a node, for JSON.
pub(super) fn node_members<'g>(node: &EdgeEnd<'g>) -> Members<'g, { NODE_ATTRIBUTES.len() }> {
    let values = node_values(node).map(|value| value.map(Cow::Borrowed));
    Members { names: NODE_ATTRIBUTES, values }
}

/// The attributes of a link, for JSON.
pub(super) fn edge_members<'g>(edge: &Edge<'g>) -> Members<'g, { EDGE_ATTRIBUTES.len() }> {
    Members { names: EDGE_ATTRIBUTES, values: edge_values(edge) }
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
#[derive(Clone, Copy)]
pub(super) struct EdgeId<'g> {
    pub(super) layer: &'static str,
    pub(super) id: &'g str,
}

impl<'g> EdgeId<'g> {
    pub(super) fn of(edge: &Edge<'g>) -> Self {
        match edge.relation {
            Some(id) => Self { layer: "relation", id },
            None => Self { layer: "association", id: edge.association },
        }
    }
}

impl fmt::Display for EdgeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.layer)?;
        f.write_str(":")?;
        f.write_str(self.id)
    }
}

impl Serialize for EdgeId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The id of a link as a text of its own.
pub(super) fn edge_id(edge: &Edge<'_>) -> String {
    let EdgeId { layer, id } = EdgeId::of(edge);
    [layer, ":", id].concat()
}

/// The label under which a store of property graphs keeps a node: its object key,
/// and of the object keys themselves `Object`.
pub(super) fn node_class<'g>(node: &EdgeEnd<'g>) -> &'g str {
    if node.record.is_some() { node.object } else { "Object" }
}

/// The type that such a store gives a link: the key of its association, or until
/// that is known its id.
pub(super) fn edge_class<'g>(edge: &Edge<'g>) -> &'g str {
    edge.definition.map_or(edge.association, |definition| &definition.key)
}
