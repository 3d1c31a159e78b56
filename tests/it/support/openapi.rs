//! The document of the API, and answers held against it.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::support::server::{Answer, Server};

const DOCUMENT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/handlers/openapi.json"));
const METHODS: [&str; 4] = ["get", "post", "delete", "put"];

pub(crate) fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// What a reference points to, or the thing itself.
pub(crate) fn resolved<'d>(document: &'d Value, thing: &'d Value) -> &'d Value {
    let Some(reference) = thing["$ref"].as_str() else { return thing };
    let pointer = reference.strip_prefix('#').unwrap();
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} names nothing"))
}

/// Every operation: method, path, and what the document says of it.
pub(crate) fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            found.push((method.to_uppercase(), path.as_str(), operation));
        }
    }
    found
}

pub(crate) fn parameters<'d>(document: &'d Value, operation: &'d Value) -> Vec<&'d Value> {
    let listed = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    listed.iter().map(|parameter| resolved(document, parameter)).collect()
}

/// A schema of the document, ready to judge values. It must be a valid one.
pub(crate) fn validator(document: &Value, schema: &Value) -> Validator {
    let mut whole = schema.as_object().unwrap().clone();
    whole.insert("components".to_owned(), document["components"].clone());
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(&Value::Object(whole)).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

pub(crate) fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    let told = |error: jsonschema::ValidationError<'_>| {
        format!("{} at `{}`", error, error.instance_path())
    };
    validator.iter_errors(value).map(told).collect()
}

/// Shows every value of a document with its pointer, but nothing of examples.
pub(crate) fn visit<'d>(value: &'d Value, pointer: &str, each: &mut dyn FnMut(&str, &'d Value)) {
    each(pointer, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name != "examples" && name != "example" {
                    visit(member, &format!("{pointer}/{name}"), each);
                }
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                visit(item, &format!("{pointer}/{place}"), each);
            }
        }
        _ => {}
    }
}

/// Answers, each held against the document.
pub(crate) struct Record {
    pub(crate) document: Value,
    /// Of each route the statuses seen.
    pub(crate) seen: BTreeMap<(String, String), BTreeSet<u16>>,
    /// Members that answers do without.
    pub(crate) spared: BTreeSet<String>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { document: document(), seen: BTreeMap::new(), spared: BTreeSet::new() }
    }

    /// Asks, and holds the answer against the document.
    pub(crate) fn ask(&mut self, server: &Server, request: &Request<'_>, status: u16) -> Answer {
        let Request { method, path, headers, body, .. } = request;
        let answer = server.request(method, path, headers, body).unwrap();
        self.hold(request, &answer, status);
        answer
    }

    /// Holds an answer against what the document says of this route and status.
    pub(crate) fn hold(&mut self, request: &Request<'_>, answer: &Answer, status: u16) {
        let Request { method, route, path, .. } = request;
        let name = format!("{method} {route} {status}");
        assert_eq!(answer.status, status, "{name} {path}: {}", answer.text());
        let operation = &self.document["paths"][*route][method.to_lowercase()];
        let response = &operation["responses"][status.to_string()];
        assert!(response.is_object(), "{name} is not in the document: {}", answer.text());
        let response = resolved(&self.document, response).clone();
        for (header, said) in response["headers"].as_object().unwrap() {
            let told = answer.header(&header.to_lowercase());
            let told = told.unwrap_or_else(|| panic!("{name}: no {header}"));
            let schema = &resolved(&self.document, said)["schema"];
            let told =
                if schema["type"] == "integer" { told.parse().unwrap() } else { json!(told) };
            assert_eq!(faults(&validator(&self.document, schema), &told), [""; 0], "{name}");
        }
        self.seen.entry((method.to_string(), route.to_string())).or_default().insert(status);
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{name}");
            return;
        };
        let media = answer.header("content-type").unwrap().split(';').next().unwrap();
        let kind = content.get(media).unwrap_or_else(|| panic!("{name}: {media}"));
        let validator = validator(&self.document, &kind["schema"]);
        let value = if media.ends_with("json") && media != "application/x-ndjson" {
            serde_json::from_slice(&answer.body).unwrap()
        } else {
            json!(answer.text())
        };
        assert_eq!(faults(&validator, &value), [""; 0], "{name} {path}: {value}");
        if *route != "/openapi.json" {
            self.spoil(&validator, &value, &name);
        }
    }

    /// The schema must notice each member that goes and each that comes.
    fn spoil(&mut self, validator: &Validator, value: &Value, name: &str) {
        let mut objects = Vec::new();
        visit(value, "", &mut |pointer, inner| {
            // Headers, and nodes that are members under their own ids, are any.
            let any = pointer.ends_with("/headers")
                || pointer.starts_with("/graph/nodes")
                // Properties of a record, and a row of a bulk, as they were sent.
                || pointer.ends_with("/properties")
                || pointer.starts_with("/results/errored/");
            if inner.is_object() && !any {
                objects.push(pointer.to_owned());
            }
        });
        for pointer in objects {
            let changed = |change: &dyn Fn(&mut Map<String, Value>)| {
                let mut spoilt = value.clone();
                change(spoilt.pointer_mut(&pointer).unwrap().as_object_mut().unwrap());
                validator.is_valid(&spoilt)
            };
            let more = changed(&|it| drop(it.insert("another".to_owned(), Value::Null)));
            assert!(!more, "{name} takes another member at `{pointer}`");
            for member in value.pointer(&pointer).unwrap().as_object().unwrap().keys() {
                if changed(&|it| drop(it.remove(member))) {
                    let place = pointer.split('/').filter(|part| part.parse::<u32>().is_err());
                    let place: Vec<&str> = place.chain([member.as_str()]).collect();
                    self.spared.insert(place.join("/"));
                }
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Request<'r> {
    method: &'r str,
    route: &'r str,
    pub(crate) path: String,
    headers: Vec<(&'r str, &'r str)>,
    body: Vec<u8>,
}

impl<'r> Request<'r> {
    /// Asks a route; what is in its braces comes from the sample.
    pub(crate) fn new(method: &'r str, route: &'r str, query: &str) -> Self {
        let path = route
            .replace("{locationId}", "seaside-realty")
            .replace("{objectKey}", "custom_objects.property")
            .replace("{recordId}", "6adf249e8ce18ef62a90b95f")
            .replace("associations/{id}", "associations/724455fc72ba9d79a3488b7e")
            .replace("{id}", "1")
            .replace("{associationId}", "724455fc72ba9d79a3488b7e")
            .replace("{keyName}", "buyer_property_interest")
            .replace("{key}", "custom_objects.property")
            .replace("{eventType}", "RelationDelete")
            .replace("{file}", "main.mjs");
        Self { method, route, path: path + query, headers: vec![], body: vec![] }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }

    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    pub(crate) fn header(mut self, name: &'r str, value: &'r str) -> Self {
        self.headers.push((name, value));
        self
    }
}
