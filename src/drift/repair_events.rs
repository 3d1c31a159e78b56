//! The events that repair a store.

use serde_json::{Value, json};

use crate::drift::difference::{Difference, Kind, Thing};
use crate::graph::LocationGraph;
use crate::model::{Origin, Timestamp};
use crate::pull::{Events, RecordRow, Row};
use crate::webhook::Keep;

/// Makes events of differences.
pub(crate) struct RepairEvents<'l> {
    location: &'l str,
}

impl<'l> RepairEvents<'l> {
    /// Makes events of a location.
    pub(crate) fn new(location: &'l str) -> Self {
        Self { location }
    }

    /// Returns the body of the event that removes a difference, with a time of its own or
    /// none; `observed` is when the sender was asked. There is none for a record or relation
    /// that differs, and for labels of objects that come from a dump, which lacks the rest.
    pub(crate) fn of(
        &mut self,
        difference: &Difference,
        time: Option<Timestamp>,
        observed: Timestamp,
    ) -> Option<String> {
        let kind = difference.kind();
        let mut events = Events::new(self.location.to_owned(), Keep::Ids);
        if let Some(Thing::Association(known)) = difference.local() {
            let cardinalities = [known.first_to_second.clone(), known.second_to_first.clone()];
            events.cardinalities.insert(known.id.as_str().to_owned(), cardinalities);
        }
        let (row, name) = row(difference.thing()?);
        let action = match (kind, &row) {
            (Kind::Missing, _) => "Create",
            (Kind::Extra, _) => "Delete",
            (Kind::Different, Row::Association(_)) => "Update",
            (Kind::Different, Row::Object(object)) if !object.id.is_empty() => "Update",
            (Kind::Different, _) => return None,
        };
        let mut event = events.event(&row, observed)?;
        let members = event.as_object_mut()?;
        let mut set = |member: &str, value: Value| drop(members.insert(member.to_owned(), value));
        set("type", json!(format!("{name}{action}")));
        set("origin", json!(Origin::Drift.as_str()));
        if let Row::Object(object) = &row
            && object.id.is_empty()
        {
            set("id", json!(object.key.as_str()));
        }
        if let Some(time) = time {
            set("timestamp", json!(time.to_string()));
        }
        Some(event.to_string())
    }
}

/// Returns a thing as a row, and the name that its events begin with.
fn row(thing: &Thing) -> (Row, &'static str) {
    match thing {
        Thing::Object(it) => (Row::Object(it.clone()), "ObjectSchema"),
        Thing::Association(it) => (Row::Association(it.clone()), "Association"),
        Thing::Record(it) => {
            let (object, id) = (it.object.clone(), it.id.clone());
            (Row::Record(RecordRow { object, id, row: Value::Null }), "Record")
        }
        Thing::Relation(it) => (Row::Relation(it.clone()), "Relation"),
    }
}

/// Returns whether a graph shows a thing.
pub(crate) fn is_there(graph: &LocationGraph, thing: &Thing) -> bool {
    match thing {
        Thing::Object(object) => {
            graph.view().objects().any(|known| known.object == object.key.as_str())
        }
        Thing::Association(it) => graph.association(it.id.as_str()).is_some(),
        Thing::Record(it) => graph.record(it.object.as_str(), it.id.as_str()).is_some(),
        Thing::Relation(it) => graph.relation(it.id.as_str()).is_some(),
    }
}
