//! The sender's own API, by the real binary.

mod associations;
mod bodies;
mod bulk;
mod documented;
mod lists;
mod locations;
mod objects;
mod overload;
mod paths;
mod records;
mod relations;
mod tokens;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server};

/// The location of most tests.
const HERE: &str = "eHy2cOSZxMQzQ6Yyvl8P";

/// The association that [`Office::open`] defines.
const INTEREST: &str = "67ade73d1119d2ac7ad0c475";

/// A server that knows one association of one location.
struct Office {
    _directory: tempfile::TempDir,
    db: PathBuf,
    server: Server,
}

impl Office {
    fn open() -> Result<Self, Error> {
        Self::open_with(&[])
    }

    fn open_with(arguments: &[&str]) -> Result<Self, Error> {
        let (directory, db) = fresh()?;
        let server = Server::start_with(&db, arguments)?;
        let office = Self { _directory: directory, db, server };
        office.hear(&interest());
        Ok(office)
    }

    /// Delivers a webhook.
    fn hear(&self, event: &Value) {
        let answer = self.server.post("/webhooks", event.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    fn get(&self, path: &str) -> Answer {
        self.server.get(path).unwrap()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        send(&self.server, method, path, body)
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }

    /// Links two records under the association, and returns the id of the relation.
    fn link(&self, first: &str, second: &str) -> String {
        let answer = self.post("/associations/relations", &relation(first, second));
        assert_eq!(answer.status, 201, "{}", answer.text());
        text(&answer.json()["id"])
    }
}

fn send(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("version", "2021-07-28")];
    server.request(method, path, &headers, body.to_string().as_bytes()).unwrap()
}

/// The body that links two records.
fn relation(first: &str, second: &str) -> Value {
    json!({"locationId": HERE, "associationId": INTEREST, "firstRecordId": first,
        "secondRecordId": second})
}

/// The webhook of the association.
fn interest() -> Value {
    json!({"type": "AssociationCreate", "id": INTEREST, "locationId": HERE,
        "associationType": "USER_DEFINED", "key": "buyer_property_interest",
        "firstObjectKey": "custom_objects.real_estate_buyer",
        "firstObjectLabel": "Interested Buyer",
        "secondObjectKey": "custom_objects.property", "secondObjectLabel": "Property"})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The values of one member of each row of a list.
fn column(answer: &Answer, list: &str, member: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let rows = body[list].as_array().unwrap_or_else(|| panic!("no {list}: {body}"));
    rows.iter().map(|row| text(&row[member])).collect()
}

/// Checks that an answer is an error in the sender's form, with this message.
fn check_error(answer: &Answer, status: u16, message: &Value) {
    let name = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        other => panic!("{other} has no name"),
    };
    let id = answer.header("x-request-id").unwrap();
    let expected = json!({"statusCode": status, "message": message, "error": name, "traceId": id});
    assert_eq!((answer.status, answer.json()), (status, expected));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
}
