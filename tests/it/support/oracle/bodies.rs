//! Events as their sender might post them.

use relata::{Change, Delivery, Event, Store, Timestamp};
use serde_json::{Map, Value, json};

/// The members of an event, without its type.
fn members(event: &Event) -> Map<String, Value> {
    let mut entity = Map::new();
    let mut put = |name: &str, value: &str| drop(entity.insert(name.to_owned(), json!(value)));
    match &event.change {
        Change::Association(it) => {
            put("id", it.id.as_str());
            put("key", &it.key);
            put("associationType", &it.association_type);
            put("firstObjectKey", it.first.object.as_str());
            put("firstObjectLabel", &it.first.label);
            put("secondObjectKey", it.second.object.as_str());
            put("secondObjectLabel", &it.second.label);
            for (name, declared) in [
                ("firstObjectToSecondObjectCardinality", &it.first_to_second),
                ("secondObjectToFirstObjectCardinality", &it.second_to_first),
            ] {
                if let Some(declared) = declared {
                    put(name, declared);
                }
            }
        }
        Change::AssociationDeleted { id, first, second } => {
            put("id", id.as_str());
            put("firstObjectKey", first.as_str());
            put("secondObjectKey", second.as_str());
        }
        Change::Relation(it) => {
            put("id", it.id.as_str());
            put("associationId", it.association.as_str());
            put("firstObjectKey", it.first.object.as_str());
            put("firstRecordId", it.first.id.as_str());
            put("secondObjectKey", it.second.object.as_str());
            put("secondRecordId", it.second.id.as_str());
        }
        Change::Record { object, id, .. } => {
            put("id", id.as_str());
            if let Some(object) = object {
                put("objectKey", object.as_str());
            }
        }
        Change::ObjectSchema(it) => {
            put("id", "schema");
            put("key", it.key.as_str());
            let labels = json!({"singular": it.singular, "plural": it.plural});
            entity.insert("labels".to_owned(), labels);
        }
        Change::Location { id, name } => {
            put("id", id.as_str());
            entity.insert("name".to_owned(), json!(name));
        }
    }
    entity.insert("locationId".to_owned(), json!(event.location.as_str()));
    if let Some(at) = event.at {
        entity.insert("timestamp".to_owned(), json!(at.to_string()));
    }
    entity
}

/// An event as its sender might post it: flat or in an envelope, in one line or
/// several, its type in the body or in the URL.
pub(crate) fn body(event: &Event, style: usize) -> (String, Option<&'static str>) {
    let mut entity = members(event);
    let name = event.event_type.as_str();
    match style % 4 {
        0 => {
            entity.insert("type".to_owned(), json!(name));
            (Value::Object(entity).to_string(), None)
        }
        1 => (json!({"type": name, "data": entity}).to_string(), None),
        2 => (serde_json::to_string_pretty(&entity).unwrap(), Some(name)),
        _ => (Value::Object(entity).to_string().replace(',', ",\r\n"), Some(name)),
    }
}

/// Has a store take events, in this order.
pub(crate) fn told(store: &Store, events: &[Event]) {
    for (style, event) in events.iter().enumerate() {
        let (body, url_type) = body(event, style);
        let delivery = Delivery::read(body.as_bytes(), url_type, Timestamp::from_millis(0));
        store.submit_waiting(delivery.unwrap(), |result| drop(result.unwrap())).unwrap();
    }
    store.checkpoint().unwrap();
}
