//! The document by itself: its routes, references, schemas and examples.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relata::http::ROUTES;
use serde_json::{Map, Value, json};

use crate::support::openapi::{
    document, faults, operations, parameters, resolved, validator, visit,
};
use crate::support::server::{Error, Server};

#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document();
    let told: BTreeMap<_, _> =
        operations(&document).into_iter().map(|(m, path, it)| ((m, path), it)).collect();
    let routes: BTreeMap<_, _> =
        ROUTES.iter().map(|route| ((route.method.to_owned(), route.path), route)).collect();
    assert_eq!(told.keys().collect::<Vec<_>>(), routes.keys().collect::<Vec<_>>());
    for (name, operation) in told {
        let expected = match routes[&name].scope {
            Some(scope) => json!([{"token": [scope.as_str()]}]),
            None if name.1.starts_with("/webhooks") && name.0 == "POST" => {
                json!([{"ghlSignature": []}, {"standardWebhooks": []}, {"whSignature": []}, {}])
            }
            None => json!([]),
        };
        assert_eq!(operation["security"], expected, "{name:?}");
    }
}

#[test]
fn the_document_follows_the_rules_of_openapi() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut used = BTreeSet::new();
    visit(&document, "", &mut |_, value| {
        if value["$ref"].is_string() {
            resolved(&document, value);
            used.insert(value["$ref"].as_str().unwrap());
        }
    });
    for kind in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(reference.as_str()), "{reference} is not used");
        }
    }
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}");
        assert!(operation["summary"].is_string(), "{name}");
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
        let mut seen = BTreeSet::new();
        let mut in_path = BTreeSet::new();
        for parameter in parameters(&document, operation) {
            let (called, place) = (parameter["name"].as_str().unwrap(), &parameter["in"]);
            assert!(seen.insert((called, place.as_str().unwrap())), "{name}: {called} twice");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{name}: {called}");
                in_path.insert(called);
            }
        }
        let braces = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, braces.collect(), "{name}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            let number: u16 = status.parse().unwrap();
            assert!(response["description"].is_string(), "{name} {status}");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{name} {status}");
            let content = response["content"].as_object();
            let problem = content.is_some_and(|it| it.contains_key("application/problem+json"));
            // HighLevel's own API has errors of its own.
            let is_compat = operation["tags"][0] == "HighLevel";
            assert_eq!(problem, number >= 400 && !is_compat, "{name} {status}");
            let waits = response["headers"]["Retry-After"].is_object();
            assert_eq!(waits, [429, 503].contains(&number), "{name} {status}");
        }
    }
}

#[test]
fn every_schema_is_valid_and_closed() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        validator(&document, schema);
        // Of what senders post, other members play no part.
        if name.ends_with("Event") && schema["properties"]["seq"].is_null() {
            continue;
        }
        visit(schema, name, &mut |pointer, value| {
            if value["type"] == "object" && value["properties"].is_object() {
                assert_eq!(value["additionalProperties"], false, "{pointer}");
            }
        });
    }
}

#[test]
fn every_example_matches_its_schema() {
    let document = document();
    let mut checked = 0;
    visit(&document, "", &mut |pointer, value| {
        let (one, several) = (value.get("example"), value.get("examples"));
        if one.is_none() && several.is_none() || pointer.contains("/properties/") {
            return;
        }
        let validator = validator(&document, &value["schema"]);
        let several = several.and_then(Value::as_object).into_iter().flat_map(Map::values);
        for example in one.into_iter().chain(several.map(|example| &example["value"])) {
            assert_eq!(faults(&validator, example), Vec::<String>::new(), "{pointer}");
            checked += 1;
        }
    });
    assert!(checked > 60, "{checked}");
}

#[test]
fn the_docs_page_loads_nothing_from_elsewhere_and_takes_no_markup() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let page = server.get("/docs")?;
    let text = page.text();
    for element in ["<script>", "</script>", "<style>", "</style>"] {
        assert_eq!(text.matches(element).count(), 1, "{element}: a hash stands for one of each");
    }
    let hosts = text.matches("://").count() - text.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(hosts, 0);
    for unsafe_way in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", ".write(", "eval(", " style="]
    {
        assert!(!text.contains(unsafe_way), "{unsafe_way}");
    }
    for kept in ["localStorage", "sessionStorage", "cookie", "indexedDB"] {
        assert!(!text.contains(kept), "a token is kept in memory alone: {kept}");
    }
    let hash = |element: &str| {
        let (_, after) = text.split_once(&format!("<{element}>")).unwrap();
        let (content, _) = after.split_once(&format!("</{element}>")).unwrap();
        STANDARD.encode(digest(&SHA256, content.as_bytes()))
    };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    );
    assert_eq!(page.header("content-security-policy"), Some(&*policy));
    let document = server.request("HEAD", "/openapi.json", &[], b"")?;
    assert_eq!((document.status, document.header("content-type")), (200, Some("application/json")));
    Ok(())
}
