//! Nodes and links, as all formats write them.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::graph::{Edge, EdgeEnd};

/// Replaces a character that a format cannot represent.
pub(super) const REPLACEMENT: char = '\u{fffd}';

/// Delimits the number of an escaped character.
const SPELLING: char = '\u{b7}';

/// A text within an id. A character that some format cannot represent is escaped as its
/// number between two points, and so is the point, so different texts stay different.
#[derive(Clone, Copy)]
pub(super) struct Escaped<'t> {
    text: &'t str,
    /// A character that is escaped, too, since it ends the text.
    end: Option<char>,
}

impl<'t> Escaped<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, end: None }
    }

    /// A text before a `/`.
    fn before_slash(text: &'t str) -> Self {
        Self { text, end: Some('/') }
    }

    fn is_escaped(self, c: char) -> bool {
        Some(c) == self.end
            || c == SPELLING
            || c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    }

    /// Returns the text, without a copy if nothing is escaped.
    pub(super) fn text(self) -> Cow<'t, str> {
        if self.text.contains(|c| self.is_escaped(c)) {
            Cow::Owned(self.to_string())
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| self.is_escaped(*c)) {
            let (plain, behind) = rest.split_at(at);
            write!(f, "{plain}{SPELLING}{:x}{SPELLING}", u32::from(c))?;
            rest = behind.strip_prefix(c).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// A node reference as text, unique to the node.
#[derive(Clone, Copy)]
pub(super) struct NodeId<'g> {
    object: Escaped<'g>,
    record: Option<Escaped<'g>>,
}

impl<'g> NodeId<'g> {
    pub(super) fn of(end: &EdgeEnd<'g>) -> Self {
        Self { object: Escaped::before_slash(end.object), record: end.record.map(Escaped::new) }
    }

    /// Returns the text, without a copy if it is whole already.
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

/// Names and values as members of a JSON object; absent values are omitted.
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

/// Returns the attributes of a node, for JSON.
pub(super) fn node_members<'g>(node: &EdgeEnd<'g>) -> Members<'g, { NODE_ATTRIBUTES.len() }> {
    let values = node_values(node).map(|value| value.map(Cow::Borrowed));
    Members { names: NODE_ATTRIBUTES, values }
}

/// Returns the attributes of a link, for JSON.
pub(super) fn edge_members<'g>(edge: &Edge<'g>) -> Members<'g, { EDGE_ATTRIBUTES.len() }> {
    Members { names: EDGE_ATTRIBUTES, values: edge_values(edge) }
}

/// The attributes of a node, in the order in which formats write them.
pub(super) const NODE_ATTRIBUTES: [&str; 4] = ["label", "layer", "object", "record"];

/// Returns the values of [`NODE_ATTRIBUTES`]; `None` if absent.
pub(super) fn node_values<'g>(node: &EdgeEnd<'g>) -> [Option<&'g str>; NODE_ATTRIBUTES.len()] {
    [Some(node.label), Some(layer(node)), Some(node.object), node.record]
}

/// Returns the layer of a node.
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

/// Returns the values of [`EDGE_ATTRIBUTES`]; `None` if unknown.
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

/// Returns the text to display: the label of the second end, or the id of the association
/// while that is unknown.
pub(super) fn edge_label<'g>(edge: &Edge<'g>) -> &'g str {
    edge.definition.map_or(edge.association, |definition| &definition.second.label)
}

/// An id, unique to the link within the export and across both layers.
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
        Escaped::new(self.id).fmt(f)
    }
}

impl Serialize for EdgeId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns the id of a link as text.
pub(super) fn edge_id(edge: &Edge<'_>) -> String {
    let EdgeId { layer, id } = EdgeId::of(edge);
    [layer, ":", &Escaped::new(id).text()].concat()
}

/// Returns the label of a node in a property graph: the object key of a record, and `Object`
/// for an object key.
pub(super) fn node_class<'g>(node: &EdgeEnd<'g>) -> &'g str {
    if node.record.is_some() { node.object } else { "Object" }
}

/// Returns the type of a link in a property graph: the key of its association, or its id while
/// the key is unknown.
pub(super) fn edge_class<'g>(edge: &Edge<'g>) -> &'g str {
    edge.definition.map_or(edge.association, |definition| &definition.key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id<'g>(object: &'g str, record: Option<&'g str>) -> NodeId<'g> {
        NodeId::of(&EdgeEnd { object, record, label: object, name: None })
    }

    /// An older database may have an object key with a `/`, whose records became nodes of
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
