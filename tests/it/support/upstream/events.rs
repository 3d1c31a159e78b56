//! The bodies of webhooks.

use serde_json::{Map, Value, json};

use super::clock::rfc3339;
use super::location::{Association, Location, Millis, Record, Relation};
use crate::support::random::Random;

const APP: &str = "6878cec452e7c8d29d4dd3d9";

/// Puts a body between the members that the sender adds to all of them; the time is added
/// when it is sent.
pub(crate) fn enveloped(kind: &str, body: Value, location: &str, random: &mut Random) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), kind.into());
    members.insert("locationId".to_owned(), location.into());
    members.insert("versionId".to_owned(), APP.into());
    members.insert("appId".to_owned(), APP.into());
    let Value::Object(body) = body else { unreachable!("{body}") };
    members.extend(body);
    let (head, tail) = (random.below(1 << 32), random.below(1 << 48));
    members.insert("webhookId".to_owned(), format!("{head:08x}-5d35-4ff1-a667-{tail:012x}").into());
    members.into()
}

pub(crate) fn association(association: &Association, at: Millis) -> Value {
    let [first, second] = association.labels.at(at);
    json!({
        "id": association.id,
        "associationType": if association.system { "SYSTEM_DEFINED" } else { "USER_DEFINED" },
        "firstObjectKey": association.ends[0],
        "firstObjectLabel": first,
        "firstObjectToSecondObjectCardinality": "MANY_TO_MANY",
        "secondObjectKey": association.ends[1],
        "secondObjectLabel": second,
        "secondObjectToFirstObjectCardinality": "MANY_TO_MANY",
        "key": association.key,
    })
}

pub(crate) fn relation(association: &Association, relation: &Relation) -> Value {
    json!({
        "id": relation.id,
        "firstObjectKey": association.ends[0],
        "firstRecordId": relation.records[0],
        "secondObjectKey": association.ends[1],
        "secondRecordId": relation.records[1],
        "associationId": association.id,
    })
}

/// Returns the type and the body of what happened to a record: `Create`, `Update` or `Delete`.
pub(crate) fn record(
    location: &Location,
    object: &str,
    record: &Record,
    what: &str,
    at: Millis,
) -> (String, Value) {
    let (name, added) = (record.name.at(at), rfc3339(record.span.made));
    match object {
        "contact" => {
            let (first, last) = name.split_once(' ').unwrap_or((name, ""));
            let body = json!({"id": record.id, "name": name, "firstName": first, "lastName": last,
                "tags": [], "attachments": [], "customFields": [], "dateAdded": added});
            (format!("Contact{what}"), body)
        }
        "opportunity" => {
            let body = json!({"id": record.id, "name": name, "assignedTo": null, "contactId": null,
                "pipelineId": "VDm7RPYC2GLUvdpKmBfC", "status": "open", "dateAdded": added,
                "pipelineStageId": "e93ba61a-53b3-45e7-985a-c7732dbcdb69"});
            (format!("Opportunity{what}"), body)
        }
        _ => {
            let field = location.objects.iter().find(|it| it.key == object);
            let field = field.map_or("name", |object| &*object.primary);
            let body = json!({"id": record.id, "objectKey": object, "owners": [], "followers": [],
                "properties": [{"key": field, "valueString": name}]});
            (format!("Record{what}"), body)
        }
    }
}
