//! HighLevel's own API, held against the document.

use relata::http::{ROUTES, Route};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::openapi::{Record, Request};
use crate::support::server::{Error, Server, relata};

const HERE: &str = "?locationId=seaside-realty";

const SYSTEM: &str = "/associations/BUSINESSES_CONTACTS_ASSOCIATION";

const INTEREST: &str = "724455fc72ba9d79a3488b7e";

fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.is_compat())
}

/// Whether a route reads a body.
fn has_body(route: &Route) -> bool {
    ["POST", "PUT"].contains(&route.method)
}

/// Every call answers a good question.
pub(super) fn ask_everything(record: &mut Record, server: &Server) {
    let mut get = |route: &str, query: &str| {
        record.ask(server, &Request::new("GET", route, query), 200);
    };
    get("/associations/", &format!("{HERE}&limit=2&skip=1"));
    get("/associations/", "?locationId=nowhere");
    get("/associations/{associationId}", HERE);
    get("/associations/key/{keyName}", HERE);
    for query in
        ["", "&relationsCount=true", "&includeInternalAssociations=true&relationsCount=true"]
    {
        get("/associations/objectKey/{objectKey}", &format!("{HERE}{query}"));
    }
    get("/associations/objectKey/{objectKey}", "?locationId=nowhere");
    get("/objects/", HERE);
    get("/objects/{key}", &format!("{HERE}&fetchProperties=false"));
    get("/health", "");
    let mut relations = Request::new("GET", "/associations/relations/{id}", "");
    relations.path =
        format!("/associations/relations/TO8RJjq9RDegjbPPMkse{HERE}&associationIds[]={INTEREST}");
    record.ask(server, &relations, 200);
    write_everything(record, server);
    write_records(record, server);
}

fn write_records(record: &mut Record, server: &Server) {
    let mut ask = |method: &'static str, route: &str, path: &str, body: &Value, status: u16| {
        let request = Request::new(method, route, "").at(path.to_owned()).body(body.to_string());
        record.ask(server, &request, status).json()
    };
    let (many, one) = ("/objects/{key}/records", "/objects/{key}/records/{id}");
    let homes = "/objects/custom_objects.property/records";
    let body = json!({"locationId": "seaside-realty", "properties": {"address": "1 New Lane"}});
    let created = ask("POST", many, homes, &body, 201);
    let id = created["record"]["id"].as_str().unwrap();
    let path = format!("{homes}/{id}{HERE}");
    ask("PUT", one, &path, &json!({"properties": {"address": "2 New Lane"}}), 200);
    ask("GET", one, &path, &Value::Null, 200);
    let search = json!({"locationId": "seaside-realty", "page": 1, "pageLimit": 2, "query": ""});
    ask("POST", "/objects/{key}/records/search", &format!("{homes}/search"), &search, 201);
    ask("DELETE", one, &path, &Value::Null, 200);
    for method in ["GET", "DELETE"] {
        ask(method, one, &path, &Value::Null, 404);
    }
    ask("PUT", one, &path, &json!({}), 404);
    let contacts = format!("/objects/contact/records{HERE}");
    ask("POST", many, &contacts, &json!({}), 404);
    let contacts = format!("/objects/contact/records/search{HERE}");
    ask("POST", "/objects/{key}/records/search", &contacts, &json!({}), 404);
}

fn write_everything(record: &mut Record, server: &Server) {
    let mut write = |method: &'static str, route: &str, path: &str, body: &Value, status: u16| {
        let request = Request::new(method, route, "").at(path.to_owned()).body(body.to_string());
        record.ask(server, &request, status).json()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let definition = json!({"locationId": "seaside-realty", "key": "new", "firstObjectLabel": "A",
        "firstObjectKey": "contact", "secondObjectLabel": "B", "secondObjectKey": "contact",
        "firstObjectToSecondObjectCardinality": "ONE_TO_ONE"});
    let created = write("POST", "/associations/", "/associations", &definition, 201);
    write("POST", "/associations/", "/associations", &definition, 400);
    let id = text(&created["id"]);
    let one = format!("/associations/{id}");
    let labels = json!({"firstObjectLabel": "A", "secondObjectLabel": "C"});
    write("PUT", "/associations/{associationId}", &one, &labels, 200);
    let row = json!({"associationId": id, "firstRecordId": "1", "secondRecordId": "2"});
    let mut link = row.clone();
    link["locationId"] = json!("seaside-realty");
    let relations = "/associations/relations";
    let linked = write("POST", relations, relations, &link, 201);
    write("POST", relations, relations, &link, 400);
    let relation = text(&linked["id"]);
    let bulk = format!("{relations}/bulk");
    let other = json!({"associationId": id, "firstRecordId": "1", "secondRecordId": "3"});
    let rows =
        json!({"locationId": "seaside-realty", "add": [row, other, 5], "remove": [relation]});
    write("POST", &bulk, &bulk, &rows, 201);
    let left = server.get(&format!("{relations}/1{HERE}")).unwrap().json();
    let path = format!("{relations}/{}{HERE}", text(&left["relations"][0]["id"]));
    let route = "/associations/relations/{id}";
    write("DELETE", route, &path, &Value::Null, 200);
    write("DELETE", route, &path, &Value::Null, 404);
    let of_id = "/associations/{associationId}";
    write("DELETE", of_id, &one, &Value::Null, 200);
    write("DELETE", of_id, &one, &Value::Null, 404);
    write("PUT", of_id, &one, &labels, 404);
    // An id of several locations.
    write("PUT", of_id, SYSTEM, &labels, 400);
    write("DELETE", of_id, SYSTEM, &Value::Null, 400);
    write("GET", of_id, SYSTEM, &Value::Null, 400);
}

/// What each call refuses, on a server that lets everybody in.
pub(super) fn ask_amiss(record: &mut Record, server: &Server) {
    for route in routes() {
        let request = |query: &str| Request::new(route.method, route.path, query);
        record.ask(server, &request("?lable=x").body("{}"), 422);
        if has_body(route) {
            record.ask(server, &request(HERE).body("{"), 400);
            record.ask(server, &request(HERE).header("content-type", "a/b"), 415);
            record.ask(server, &request(HERE).body(vec![b' '; (4 << 20) + 1]), 413);
        }
    }
    for route in ["/associations/{associationId}", "/associations/key/{keyName}", "/objects/{key}"]
    {
        record.ask(server, &Request::new("GET", route, "?locationId=nowhere"), 404);
    }
}

/// Strangers, and tokens that are not enough.
pub(super) fn ask_uninvited(record: &mut Record) -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let bearer = |scope: &str| -> Result<String, Error> {
        let new = ["token", "new", "--scope", scope, "--location", "elsewhere"];
        let token = relata().arg("--db").arg(&db).args(new).output()?.stdout;
        Ok(format!("Bearer {}", String::from_utf8(token)?.trim()))
    };
    let (reader, writer) = (bearer("read")?, bearer("write")?);
    let server = Server::start_with(&db, &["--api-auth", "required"])?;
    for route in routes().filter(|route| route.scope.is_some()) {
        let request = Request::new(route.method, route.path, "?locationId=l").body("{}");
        record.ask(&server, &request, 401);
        let needs_more = route.scope.is_some_and(|scope| scope.as_str() != "read");
        if needs_more {
            record.ask(&server, &request.clone().header("authorization", &reader), 401);
        }
        record.ask(&server, &request.clone().header("authorization", &writer), 403);
    }
    Ok(())
}
