//! Rows as events: creates without a time of their own.
//!
//! A row does not say since when it is as it is. Dated by when it was read, it would win
//! over a delete that happened a moment earlier and is reported a moment later, and bring back
//! for good what is gone. Undated it is the oldest of all events: every delete wins over it,
//! and everything that is dated.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::model::{Association, Relation, Timestamp};
use crate::pull::reading::{LocationRow, ObjectRow, RecordRow, Row};
use crate::pull::writing::destination::Cardinalities;
use crate::pull::writing::names::{built_in_name, naming_property};
use crate::webhook::Keep;

/// Longest event, in bytes; a record that says more is cut down to its name.
const EVENT_BYTES: usize = 256 << 10;

/// Makes events of the rows of a location.
#[derive(Debug)]
pub(crate) struct Events {
    pub(super) location: String,
    pub(super) keep: Keep,
    pub(crate) cardinalities: HashMap<String, Cardinalities>,
    /// The property that names the records of an object key.
    primaries: HashMap<String, String>,
}

impl Events {
    /// Makes events of the rows of a location.
    pub(crate) fn new(location: String, keep: Keep) -> Self {
        Self { location, keep, cardinalities: HashMap::new(), primaries: HashMap::new() }
    }

    /// Returns the event of a row, or `None` if nothing of it is kept.
    pub(crate) fn event(&mut self, row: &Row, at: Timestamp) -> Option<Value> {
        let (event_type, mut body) = match row {
            Row::Location(row) => self.location_event(row)?,
            Row::Object(row) => self.object_event(row),
            Row::Association(row) => self.association_event(row),
            Row::Record(row) => self.record_event(row),
            Row::Relation(row) => ("RelationCreate", relation_members(row)),
        };
        let members = [
            ("type", event_type.to_owned()),
            ("locationId", self.location.clone()),
            ("origin", "pull".to_owned()),
            ("observedAt", at.to_string()),
        ];
        body.extend(members.map(|(name, value)| (name.to_owned(), Value::String(value))));
        Some(Value::Object(body))
    }

    fn location_event(&self, row: &LocationRow) -> Option<(&'static str, Map<String, Value>)> {
        let body = members(json!({ "id": self.location, "name": row.name }));
        (self.keep != Keep::Ids).then_some(("LocationCreate", body))
    }

    fn object_event(&mut self, row: &ObjectRow) -> (&'static str, Map<String, Value>) {
        if let Some(primary) = &row.primary {
            self.primaries.insert(row.key.as_str().to_owned(), primary.clone());
        }
        let labels = json!({ "singular": row.singular, "plural": row.plural });
        let body = json!({
            "id": row.id, "key": row.key.as_str(), "labels": labels,
            "primaryDisplayProperty": row.primary, "objectType": row.object_type,
            "createdAt": row.created_at, "updatedAt": row.updated_at,
        });
        ("ObjectSchemaCreate", members(body))
    }

    fn association_event(&self, row: &Association) -> (&'static str, Map<String, Value>) {
        // A definition replaces the one before as a whole: what it lacks must not be lost.
        let known = self.cardinalities.get(row.id.as_str());
        let known = |at: usize| known.and_then(|known| known.get(at)).and_then(Option::as_deref);
        let body = json!({
            "id": row.id.as_str(), "key": row.key, "associationType": row.association_type,
            "firstObjectKey": row.first.object.as_str(), "firstObjectLabel": row.first.label,
            "secondObjectKey": row.second.object.as_str(), "secondObjectLabel": row.second.label,
            "firstObjectToSecondObjectCardinality":
                row.first_to_second.as_deref().or_else(|| known(0)),
            "secondObjectToFirstObjectCardinality":
                row.second_to_first.as_deref().or_else(|| known(1)),
        });
        ("AssociationCreate", members(body))
    }

    fn record_event(&self, row: &RecordRow) -> (&'static str, Map<String, Value>) {
        let (object, id) = (row.object.as_str(), row.id.as_str());
        let only_ids = ("RecordCreate", members(json!({ "id": id, "objectKey": object })));
        let named = || match object {
            "contact" | "opportunity" => {
                let event_type =
                    if object == "contact" { "ContactCreate" } else { "OpportunityCreate" };
                let name = built_in_name(object, &row.row);
                (event_type, members(json!({ "id": id, "name": name })))
            }
            _ => {
                let mut event = only_ids.clone();
                let primary = self.primaries.get(object).map(String::as_str);
                if let Some((key, value)) = naming_property(&row.row, primary) {
                    let properties = json!([{ "key": key, "valueString": value }]);
                    event.1.insert("properties".to_owned(), properties);
                }
                event
            }
        };
        match self.keep {
            Keep::Ids => only_ids,
            Keep::Names => named(),
            Keep::Bodies => {
                let (event_type, own) = named();
                let mut whole = row.row.as_object().cloned().unwrap_or_default();
                // These order events, identify them or wrap them: none is a row's to say.
                for member in ["timestamp", "webhookId", "data", "traceId", "searchAfter"] {
                    whole.remove(member);
                }
                let lacks = |name: &String| !whole.contains_key(name) || name == "id";
                let own: Vec<_> = own.into_iter().filter(|(name, _)| lacks(name)).collect();
                whole.extend(own);
                let is_short = serde_json::to_vec(&whole).is_ok_and(|it| it.len() < EVENT_BYTES);
                if is_short { (event_type, whole) } else { named() }
            }
        }
    }
}

fn relation_members(row: &Relation) -> Map<String, Value> {
    members(json!({
        "id": row.id.as_str(), "associationId": row.association.as_str(),
        "firstObjectKey": row.first.object.as_str(), "firstRecordId": row.first.id.as_str(),
        "secondObjectKey": row.second.object.as_str(), "secondRecordId": row.second.id.as_str(),
    }))
}

/// Returns the members of an object that are not null.
fn members(object: Value) -> Map<String, Value> {
    let Value::Object(mut members) = object else { return Map::new() };
    members.retain(|_, value| !value.is_null());
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Decoded, decode};

    fn events(keep: Keep) -> Events {
        Events::new("L".to_owned(), keep)
    }

    fn record(object: &str, row: Value) -> Row {
        Row::Record(RecordRow { object: object.into(), id: "r1".into(), row })
    }

    /// The type, the name and the members of the event of a row, which must be usable.
    fn made(events: &mut Events, row: &Row) -> (Value, Option<String>) {
        let event = events.event(row, Timestamp::from_millis(0)).unwrap();
        let Decoded::Event(decoded) = decode(event.to_string().as_bytes(), None).unwrap() else {
            panic!("{event} is ignored");
        };
        assert_eq!(decoded.at, None, "{event} is dated");
        assert_eq!(decoded.webhook_id, None);
        assert_eq!(decoded.location.as_str(), "L");
        let name = decoded.change.name().map(str::to_owned);
        (event, name)
    }

    fn pet_schema() -> Row {
        Row::Object(ObjectRow {
            id: "o".to_owned(),
            key: "custom_objects.pet".into(),
            singular: Some("Pet".to_owned()),
            plural: None,
            primary: Some("custom_objects.pet.pet_name".to_owned()),
            object_type: None,
            created_at: None,
            updated_at: None,
        })
    }

    #[test]
    fn records_carry_what_is_kept_of_them_and_no_time() {
        let contact = json!({
            "id": "r1", "firstName": "Amara", "phone": "+44", "timestamp": "2026-01-01T00:00:00Z",
            "webhookId": "w", "data": {}, "type": "lead", "locationId": "L",
        });
        let pet = json!({
            "id": "r1", "properties": {"pet_name": "Buddy", "owner_phone": "+44"},
        });
        for (keep, contact_type, has_name, has_phone) in [
            (Keep::Ids, "RecordCreate", false, false),
            (Keep::Names, "ContactCreate", true, false),
            (Keep::Bodies, "ContactCreate", true, true),
        ] {
            let mut events = events(keep);
            made(&mut events, &pet_schema());
            let (event, name) = made(&mut events, &record("contact", contact.clone()));
            assert_eq!(event["type"], contact_type);
            assert_eq!(name.as_deref() == Some("Amara"), has_name, "{event}");
            assert_eq!(event.to_string().contains("+44"), has_phone, "{event}");
            let (event, name) = made(&mut events, &record("custom_objects.pet", pet.clone()));
            // Of several properties, the schema says which is the name.
            assert_eq!(name.is_some(), keep == Keep::Names, "{event}");
            assert_eq!(
                (&event["type"], &event["objectKey"]),
                (&json!("RecordCreate"), &json!("custom_objects.pet"))
            );
            assert_eq!(event.to_string().contains("Buddy"), has_name, "{event}");
            assert_eq!(event.to_string().contains("+44"), has_phone, "{event}");
            assert_eq!(
                (&event["origin"], &event["observedAt"]),
                (&json!("pull"), &json!("1970-01-01T00:00:00.000Z"))
            );
        }
    }

    #[test]
    fn a_record_that_says_too_much_is_cut_down_to_its_name() {
        let row = json!({"id": "r1", "name": "Amara", "notes": "x".repeat(300 << 10)});
        let (event, name) = made(&mut events(Keep::Bodies), &record("contact", row));
        assert_eq!(name.as_deref(), Some("Amara"));
        assert!(event.to_string().len() < 500);
    }

    #[test]
    fn the_name_of_a_location_is_kept_with_names_alone() {
        let row = Row::Location(LocationRow { name: "Seaside".to_owned() });
        assert_eq!(made(&mut events(Keep::Names), &row).1.as_deref(), Some("Seaside"));
        assert!(events(Keep::Ids).event(&row, Timestamp::from_millis(0)).is_none());
    }

    /// A definition replaces another as a whole.
    #[test]
    fn cardinalities_that_are_known_are_carried_over() {
        let end = |object: &str| crate::model::End { object: object.into(), label: "".into() };
        let row = Association {
            id: "A".into(),
            key: "k".into(),
            association_type: "USER_DEFINED".into(),
            first: end("contact"),
            second: end("custom_objects.pet"),
            first_to_second: None,
            second_to_first: Some("ONE_TO_ONE".into()),
        };
        let mut events = events(Keep::Names);
        let known = [Some("ONE_TO_MANY".into()), Some("MANY_TO_MANY".into())];
        events.cardinalities.insert("A".to_owned(), known);
        let (event, _) = made(&mut events, &Row::Association(row));
        assert_eq!(event["firstObjectToSecondObjectCardinality"], "ONE_TO_MANY");
        assert_eq!(event["secondObjectToFirstObjectCardinality"], "ONE_TO_ONE");
    }
}
