//! The graph of a location: merging, queries and what they cost.

mod answers;
mod copies;
mod merge;
mod object_keys;
mod petgraph;
mod queries;
mod size;
mod sql;

use relata::Event;
use relata::webhook::{Decoded, decode};
use serde_json::{Value, json};

fn event(body: &Value) -> Event {
    match decode(body.to_string().as_bytes(), None).unwrap() {
        Decoded::Event(event) => event,
        Decoded::Ignored { .. } => unreachable!("{body}"),
    }
}

fn relation_body(id: &str, association: &str, first: [&str; 2], second: [&str; 2]) -> Value {
    json!({
        "type": "RelationCreate", "id": id, "associationId": association, "locationId": "here",
        "firstObjectKey": first[0], "firstRecordId": first[1],
        "secondObjectKey": second[0], "secondRecordId": second[1],
    })
}

fn relation(id: &str, association: &str, first: [&str; 2], second: [&str; 2]) -> Event {
    event(&relation_body(id, association, first, second))
}
