//! Nodes and links as every format shows them.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::graph::{Edge, EdgeEnd};

/// Stands for a character that a format cannot carry.
pub(super) const REPLACEMENT: char = '\u{fffd}';

/// Stands before and behind the number of a character that is spelled.
const SPELLING: char = '\u{b7}';

/// A text within an id. A character that some format cannot carry is spelled as
/// its number between two points, and so is the point: what differs stays apart.
#[derive(Clone, Copy)]
pub(super) struct Spelled<'t> {
    text: &'t str,
    /// What is spelled besides, since it ends the text.
    end: Option<char>,
}

impl<'t> Spelled<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, end: None }
    }

    /// Stands before a `/`.
    fn before_slash(text: &'t str) -> Self {
        Self { text, end: Some('/') }
    }

    fn is_spelled(self, c: char) -> bool {
        Some(c) == self.end
            || c == SPELLING
            || c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    }

    /// Without a copy where nothing is spelled.
    pub(super) fn text(self) -> Cow<'t, str> {
        if self.text.contains(|c| self.is_spelled(c)) {
            Cow::Owned(self.to_string())
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

impl fmt::Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| self.is_spelled(*c)) {
            let (plain, behind) = rest.split_at(at);
            write!(f, "{plain}{SPELLING}{:x}{SPELLING}", u32::from(c))?;
            rest = behind.strip_prefix(c).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// A node reference as text: no two nodes have the same.
#[derive(Clone, Copy)]
pub(super) struct NodeId<'g> {
    object: Spelled<'g>,
    record: Option<Spelled<'g>>,
}

impl<'g> NodeId<'g> {
    pub(super) fn of(end: &EdgeEnd<'g>) -> Self {
        Self { object: Spelled::before_slash(end.object), record: end.record.map(Spelled::new) }
    }

    /// As a text of its own, where it is not one already.
    pub(super) fn text(self) -> Cow<'g, str> {
        match self.record {
            None => self.object.text(),
            Some(record) => Cow::Owned([&*self.object.text(), "/", &*record.text()].concat()),
        }
    }
}

impl fmt::Display for NodeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)?;
        match self.record {
            Some(record) => {
                f.write_str("/")?;
                record.fmt(f)
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
        Spelled::new(self.id).fmt(f)
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
    [layer, ":", &Spelled::new(id).text()].concat()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id<'g>(object: &'g str, record: Option<&'g str>) -> NodeId<'g> {
        NodeId::of(&EdgeEnd { object, record, label: object })
    }

    /// An older file may hold an object key with a `/`: its records were nodes of
    /// another key.
    #[test]
    fn what_stands_before_the_slash_is_the_object_key() {
        assert_eq!(id("a", Some("b/c")).text(), "a/b/c");
        assert_eq!(id("a/b", Some("c")).text(), "a\u{b7}2f\u{b7}b/c");
        assert_eq!(id("a/b", None).text(), "a\u{b7}2f\u{b7}b");
        assert_eq!(id("a", Some("b\u{1}")).text(), "a/b\u{b7}1\u{b7}");
        assert_eq!(id("a", Some("b\u{b7}1\u{b7}")).text(), "a/b\u{b7}b7\u{b7}1\u{b7}b7\u{b7}");
    }

    const NASTY: &str = "[a/\u{b7}1\u{1}\u{0}b7\n\u{fffe}\u{fffd}:]{0,5}";

    proptest! {
        #[test]
        fn distinct_nodes_have_distinct_ids(
            one in (NASTY, proptest::option::of(NASTY)),
            other in (NASTY, proptest::option::of(NASTY)),
        ) {
            let [a, b] = [&one, &other].map(|(object, record)| id(object, record.as_deref()));
            prop_assert_eq!(one == other, a.text() == b.text());
            prop_assert_eq!(a.text().into_owned(), a.to_string());
            let is_forbidden = |c: char| c.is_control() || c == '\u{fffe}';
            prop_assert!(!a.text().contains(is_forbidden));
        }
    }
}
