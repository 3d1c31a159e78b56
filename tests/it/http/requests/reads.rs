//! Lists, exports and refusals.

use std::io::Read;

use serde_json::{Value, json};

use crate::http::requests::{HERE, data};
use crate::support::database::fresh;
use crate::support::server::{Error, Server};

fn check(server: &Server, request: (&str, &str), expected: (u16, &str, Option<&str>)) {
    let (method, path) = request;
    let answer =
        server.request(method, path, &[("content-type", "application/json")], b"").unwrap();
    let body = answer.json();
    let seen = (answer.status, body["code"].as_str().unwrap_or(""), body["field"].as_str());
    assert_eq!(seen, expected, "{method} {path}: {}", answer.text());
}

#[test]
fn a_refusal_names_its_code_and_parameter() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    server.post("/webhooks", &data("events/association-create.json"))?;
    let links = format!("{HERE}/objects/custom_objects.property/links");
    let missing = (404, "not_found", None);
    let bad = |field| (400, "invalid_parameter", Some(field));
    check(&server, ("GET", "/nothing"), missing);
    check(&server, ("GET", "/v1"), missing);
    check(&server, ("GET", "/v1/locations/"), missing);
    check(&server, ("GET", "/v1/locations/nobody/objects"), missing);
    check(&server, ("GET", &format!("{HERE}/objects/nothing/links")), missing);
    check(&server, ("GET", &format!("{HERE}/objects/nothing/records")), missing);
    check(
        &server,
        ("GET", &format!("{HERE}/objects/custom_objects.property/records/x/links")),
        missing,
    );
    check(&server, ("GET", &format!("{HERE}/associations/nothing")), missing);
    check(&server, ("GET", &format!("{HERE}/objects/%ff/links")), missing);
    check(&server, ("POST", "/v1/locations"), (405, "method_not_allowed", None));
    check(&server, ("DELETE", "/webhooks"), (405, "method_not_allowed", None));
    check(&server, ("GET", &format!("{links}?lable=x")), bad("lable"));
    check(&server, ("GET", &format!("{links}?limit=0")), bad("limit"));
    check(&server, ("GET", &format!("{links}?limit=1001")), bad("limit"));
    check(&server, ("GET", &format!("{links}?limit=2&limit=3")), bad("limit"));
    check(&server, ("GET", &format!("{links}?side=third")), bad("side"));
    check(&server, ("GET", &format!("{links}?order=random")), bad("order"));
    check(&server, ("GET", &format!("{links}?cursor=x")), bad("cursor"));
    check(&server, ("GET", &format!("{links}?cursor=nf00000000")), bad("cursor"));
    check(&server, ("GET", &format!("{links}?label=%ff")), bad("label"));
    check(&server, ("GET", &format!("{HERE}/objects?cursor=1")), bad("cursor"));
    check(&server, ("GET", "/v1/dead-letters?cursor=+2"), bad("cursor"));
    check(&server, ("GET", "/v1/dead-letters?cursor=%2B2"), bad("cursor"));
    // One question is about one layer; the parameter that leaves it is named.
    let property = "custom_objects.property";
    server.post("/webhooks", &data("events/relation-create.json"))?;
    let path = format!("{HERE}/path?from={property}&to=contact/emqfhnG3g9D9chy9inTz");
    check(&server, ("GET", &path), bad("to"));
    // The offset of a time loses its plus where that is not escaped.
    for name in ["since", "until", "asOf"] {
        let query = format!("{links}?{name}=2026-11-01T00:00:00+01:00");
        let detail = server.get(&query)?.json()["detail"].to_string();
        assert!(detail.contains("write it as %2B"), "{detail}");
        assert_ne!(server.get(&query.replace('+', "%2B"))?.status, 400, "{name}");
    }
    check(&server, ("GET", &format!("{HERE}/export")), bad("format"));
    check(&server, ("GET", &format!("{HERE}/export?format=pdf")), bad("format"));
    check(&server, ("GET", &format!("{HERE}/export?format=ndjson&layer=records")), bad("layer"));
    check(&server, ("GET", "/healthz?verbose=1"), bad("verbose"));
    check(&server, ("POST", "/webhooks"), (400, "malformed_json", None));
    Ok(())
}

#[test]
fn methods_and_content_types_that_a_route_does_not_take_are_refused() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let allow = server.request("PUT", "/webhooks", &[], b"{}")?;
    assert_eq!(allow.header("allow"), Some("POST, GET, HEAD"));
    let allow = server.request("POST", "/healthz", &[], b"{}")?;
    assert_eq!(allow.header("allow"), Some("GET, HEAD"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server.request("POST", "/webhooks", &form, b"{}")?;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (415, Some("unsupported_media_type"))
    );
    let charset = [("content-type", "application/json; charset=utf-8")];
    let body = data("events/association-create.json");
    assert_eq!(server.request("POST", "/webhooks", &charset, &body)?.status, 200);
    assert_eq!(
        server.request("POST", "/webhooks", &[], &body)?.status,
        200,
        "no content type at all"
    );
    let disagree = server.post("/webhooks/RelationDelete", &data("events/contact-delete.json"))?;
    assert_eq!((disagree.status, disagree.json()["field"].as_str()), (422, Some("type")));
    Ok(())
}

#[test]
fn lists_page_through_everything_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let at = "/v1/locations/seaside-realty";
    for (path, array, id) in [
        ("/v1/locations".to_owned(), "locations", "locationId"),
        (format!("{at}/objects"), "objects", "object"),
        (format!("{at}/associations"), "associations", "id"),
        (format!("{at}/objects/contact/records"), "records", "record"),
        (format!("{at}/objects/contact/links"), "links", "seq"),
        (
            format!("{at}/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f/links"),
            "links",
            "relation",
        ),
    ] {
        let everything = server.get(&format!("{path}?limit=1000"))?.json();
        assert_eq!((&everything["next"], &everything["complete"]), (&Value::Null, &json!(true)));
        let all: Vec<String> = ids(&everything, array, id);
        assert!(all.len() > 1, "{path}");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.get(&format!("{path}?limit=2{cursor}"))?.json();
            paged.extend(ids(&page, array, id));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(page["complete"], false, "{path}");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{path}");
    }
    Ok(())
}

fn ids(page: &Value, array: &str, id: &str) -> Vec<String> {
    let items = page[array].as_array().unwrap_or_else(|| panic!("no {array} in {page}"));
    items.iter().map(|item| item[id].to_string()).collect()
}

#[test]
fn the_demo_answers_its_example_queries() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    assert!(!db.exists(), "the demo has a store of its own");
    let at = "/v1/locations/seaside-realty";
    let house = format!("{at}/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f");
    let page = server.get(&format!("{house}/links?label=Interested%20Buyer"))?.json();
    assert_eq!(page["total"], 9);
    assert!(page["links"].as_array().unwrap().iter().all(|link| link["ownLabel"] == "Saved Home"));
    let elsewhere = "/v1/locations/hillside-homes/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f";
    let page = server.get(&format!("{elsewhere}/links?label=Interested%20Buyer"))?.json();
    assert_eq!(page["total"], 2, "another location's house of the same id");
    let gone =
        server.get(&format!("{at}/objects/contact/records/mbtyeRAKdpWLlLY3QHpr/links"))?.json();
    assert_eq!(gone["total"], 0, "deleted, but once known");
    Ok(())
}

#[test]
fn an_export_has_headers_for_what_it_holds() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let at = "/v1/locations/seaside-realty";
    let export = server.get(&format!("{at}/export?format=node-link"))?;
    let graph = export.json();
    let count = |name: &str| graph[name].as_array().map(Vec::len).unwrap_or_default().to_string();
    assert_eq!(export.header("relata-nodes"), Some(count("nodes").as_str()));
    assert_eq!(export.header("relata-links"), Some(count("edges").as_str()));
    assert_eq!(
        export.header("relata-seq"),
        Some(server.get("/readyz")?.json()["seq"].to_string().as_str())
    );
    assert_eq!(
        export.header("content-disposition"),
        Some("attachment; filename=\"relata-seaside-realty.json\"")
    );
    let summary = server.get(&format!("{at}/summary"))?.json();
    let links = summary["relations"].as_u64().unwrap() + summary["associations"].as_u64().unwrap();
    assert_eq!(count("edges"), links.to_string());
    let packed = server.request(
        "GET",
        &format!("{at}/export?format=node-link"),
        &[("accept-encoding", "br, gzip")],
        b"",
    )?;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked)?;
    assert_eq!(unpacked, export.body);
    for (format, accepted) in [("dot", "gzip;q=0"), ("neo4j-csv", "gzip")] {
        let plain = server.request(
            "GET",
            &format!("{at}/export?format={format}"),
            &[("accept-encoding", accepted)],
            b"",
        )?;
        assert_eq!(plain.header("content-encoding"), None, "{format}");
    }
    let part =
        server.get(&format!("{at}/export?format=node-link&layer=records&label=Spouse"))?.json();
    assert_eq!(part["edges"].as_array().map(Vec::len), Some(3));
    assert_eq!(part["nodes"].as_array().map(Vec::len), Some(6));
    Ok(())
}
