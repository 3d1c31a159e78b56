//! A graph and writes of it as the events that Relata accepts: a node is a record of a custom
//! object, whose name is its payload, and a link a relation.

use relata::Timestamp;

use super::graph::{Graph, Link, TYPES};

pub(crate) const LOCATION: &str = "linkbench00000000000";
pub(crate) const OBJECT: &str = "custom_objects.node";

/// Returns the label that links of a type have, seen from where they begin.
pub(crate) fn label(kind: u64) -> String {
    format!("Target{kind}")
}

pub(crate) fn association(kind: u64) -> String {
    format!("type{kind}")
}

fn associations() -> impl Iterator<Item = String> {
    (0..TYPES).map(|kind| {
        format!(
            "{{\"id\":\"{id}\",\"key\":\"{id}\",\"associationType\":\"USER_DEFINED\",\
             \"firstObjectKey\":\"{OBJECT}\",\"firstObjectLabel\":\"Source{kind}\",\
             \"secondObjectKey\":\"{OBJECT}\",\"secondObjectLabel\":\"{label}\",\
             \"locationId\":\"{LOCATION}\"}}",
            id = association(kind),
            label = label(kind)
        )
    })
}

/// Returns the body of a relation that is created, or created again. Its payload is kept in the
/// journal, as all of a relation's body is, and is in no answer.
pub(crate) fn linked(link: &Link) -> String {
    relation(link.id1, link.kind, link.id2, link.time, &format!(",\"data\":\"{}\"", link.data))
}

pub(crate) fn unlinked(id1: u64, kind: u64, id2: u64, time: i64) -> String {
    relation(id1, kind, id2, time, "")
}

fn relation(id1: u64, kind: u64, id2: u64, time: i64, more: &str) -> String {
    format!(
        "{{\"id\":\"{kind}-{id1}-{id2}\",\"firstObjectKey\":\"{OBJECT}\",\"firstRecordId\":\"{id1}\",\
         \"secondObjectKey\":\"{OBJECT}\",\"secondRecordId\":\"{id2}\",\"associationId\":\"{}\",\
         \"locationId\":\"{LOCATION}\",\"timestamp\":\"{}\"{more}}}",
        association(kind),
        Timestamp::from_millis(time)
    )
}

/// Returns the body of a record that is created or changed.
pub(crate) fn named(id: u64, data: &str, time: i64) -> String {
    format!(
        "{{\"id\":\"{id}\",\"objectKey\":\"{OBJECT}\",\"locationId\":\"{LOCATION}\",\
         \"properties\":[{{\"key\":\"name\",\"valueString\":\"{data}\"}}],\"timestamp\":\"{}\"}}",
        Timestamp::from_millis(time)
    )
}

pub(crate) fn deleted(id: u64, time: i64) -> String {
    format!(
        "{{\"id\":\"{id}\",\"objectKey\":\"{OBJECT}\",\"locationId\":\"{LOCATION}\",\
         \"timestamp\":\"{}\"}}",
        Timestamp::from_millis(time)
    )
}

/// Returns the events of a whole graph: their types, and their bodies.
pub(crate) fn all(graph: &Graph) -> impl Iterator<Item = (&'static str, String)> {
    let associations = associations().map(|body| ("AssociationCreate", body));
    let nodes = graph.all_nodes().map(|(id, data)| ("RecordCreate", named(id, &data, 1_000)));
    let links = graph.all_links().map(|link| ("RelationCreate", linked(&link)));
    associations.chain(nodes).chain(links)
}
