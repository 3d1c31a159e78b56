//! The document of the API against the sender's own documents.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::openapi::{document, operations, parameters, resolved};

/// What the sender documents of one call.
struct Call {
    method: &'static str,
    /// Without the names in the braces.
    path: &'static str,
    parameters: &'static [&'static str],
    /// The required members of the body.
    sent: &'static [&'static str],
    /// The required members of the answer, or of what is listed in it.
    answered: &'static [&'static str],
}

const ASSOCIATION: &[&str] = &[
    "locationId",
    "id",
    "key",
    "firstObjectLabel",
    "firstObjectKey",
    "secondObjectLabel",
    "secondObjectKey",
    "associationType",
];

const NEW_ASSOCIATION: &[&str] = &[
    "locationId",
    "key",
    "firstObjectLabel",
    "firstObjectKey",
    "secondObjectLabel",
    "secondObjectKey",
];

const OBJECT: &[&str] = &[
    "id",
    "standard",
    "key",
    "labels",
    "locationId",
    "primaryDisplayProperty",
    "dateAdded",
    "dateUpdated",
];

const fn call(
    method: &'static str,
    path: &'static str,
    parameters: &'static [&'static str],
    sent: &'static [&'static str],
    answered: &'static [&'static str],
) -> Call {
    Call { method, path, parameters, sent, answered }
}

/// Derived from `apps/associations.json` and `apps/objects.json` of the repository
/// GoHighLevel/highlevel-api-docs (CC0), as of June 2026: every call of the first, and those of
/// the second that read objects. The documents give the answer of an association to the calls
/// about relations, too, which the sender answers with relations.
const CALLS: &[Call] = &[
    call("GET", "/associations/", &["locationId", "skip", "limit"], &[], ASSOCIATION),
    call("POST", "/associations/", &[], NEW_ASSOCIATION, ASSOCIATION),
    call("GET", "/associations/{}", &["associationId"], &[], ASSOCIATION),
    call(
        "PUT",
        "/associations/{}",
        &["associationId"],
        &["firstObjectLabel", "secondObjectLabel"],
        ASSOCIATION,
    ),
    call("DELETE", "/associations/{}", &["associationId"], &[], &["deleted", "id", "message"]),
    call("GET", "/associations/key/{}", &["locationId"], &[], ASSOCIATION),
    call("GET", "/associations/objectKey/{}", &["objectKey", "locationId"], &[], ASSOCIATION),
    call(
        "POST",
        "/associations/relations",
        &[],
        &["locationId", "associationId", "firstRecordId", "secondRecordId"],
        &["locationId", "id"],
    ),
    call(
        "GET",
        "/associations/relations/{}",
        &["locationId", "skip", "limit", "associationIds"],
        &[],
        &["locationId", "id"],
    ),
    call("DELETE", "/associations/relations/{}", &["locationId"], &[], &["locationId", "id"]),
    call("GET", "/objects/", &["locationId"], &[], OBJECT),
    call(
        "GET",
        "/objects/{}",
        &["key", "locationId", "fetchProperties"],
        &[],
        &["object", "cache"],
    ),
];

/// Returns a path without the names of its parameters.
fn nameless(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "{}" + part.split_once('}').unwrap().1)
}

/// The members of a schema, of its alternatives, and of the lists in it.
fn members(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    let schema = resolved(document, schema);
    for alternative in schema["anyOf"].as_array().into_iter().flatten() {
        members(document, alternative, found);
    }
    if schema["items"].is_object() {
        members(document, &schema["items"], found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        if resolved(document, member)["type"] == "array" {
            members(document, member, found);
        }
    }
}

#[test]
fn every_call_that_the_sender_documents_is_documented_here() {
    let document = document();
    let operations = operations(&document);
    for Call { method, path, parameters: expected, sent, answered } in CALLS {
        let name = format!("{method} {path}");
        let found = operations.iter().find(|(m, p, _)| m == method && nameless(p) == *path);
        let (_, _, operation) = found.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(operation["tags"][0], "HighLevel", "{name}");
        let parameters = parameters(&document, operation);
        for parameter in *expected {
            assert!(parameters.iter().any(|it| it["name"] == *parameter), "{name}: {parameter}");
        }
        let mut known = BTreeSet::new();
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        members(&document, body, &mut known);
        for member in *sent {
            assert!(known.contains(*member), "{name} takes no {member}");
        }
        let responses = operation["responses"].as_object().unwrap();
        let (_, response) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let schema = &resolved(&document, response)["content"]["application/json"]["schema"];
        let mut known = BTreeSet::new();
        members(&document, schema, &mut known);
        for member in *answered {
            assert!(known.contains(*member), "{name} answers without {member}");
        }
    }
    assert_eq!(nameless("/objects/{key}/records/{id}"), "/objects/{}/records/{}");
}
