//! Who may send and who may ask, by the real binary.

mod browsers;
mod signatures;
mod tokens;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::sample::SAMPLE;
use crate::support::server::run;
use crate::support::server::{Answer, Error, Server};

pub(crate) const OURS: &str = "seaside-realty";

pub(crate) const FOREIGN: &str = "hillside-homes";

pub(crate) fn with_token(
    server: &Server,
    method: &str,
    path: &str,
    token: &str,
) -> Result<Answer, Error> {
    let bearer = format!("Bearer {token}");
    server.request(method, path, &[("authorization", &bearer)], b"")
}

pub(crate) fn relation(id: &str) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": id, "associationId": "A", "locationId": OURS,
        "firstObjectKey": "contact", "firstRecordId": format!("c{id}"),
        "secondObjectKey": "property", "secondRecordId": format!("p{id}"),
        "webhookId": format!("w{id}"),
    });
    relation.to_string()
}

/// A protected server that knows two locations, and a token of each kind.
pub(crate) struct Office {
    pub(crate) _directory: tempfile::TempDir,
    pub(crate) db: PathBuf,
    pub(crate) server: Server,
    pub(crate) ours: String,
    pub(crate) all: String,
    pub(crate) writer: String,
}

impl Office {
    pub(crate) fn open() -> Result<Self, Error> {
        let (directory, db) = fresh()?;
        let sample = directory.path().join("sample.ndjson");
        std::fs::write(&sample, SAMPLE)?;
        run(&db, &["ingest", sample.to_str().ok_or("path")?])?;
        let new = |arguments: &[&str]| run(&db, &[&["token", "new"], arguments].concat());
        let ours = new(&["--location", OURS, "--name", "ours"])?;
        let all = new(&["--name", "all"])?;
        let writer = new(&["--scope", "write", "--location", OURS, "--name", "writer"])?;
        let server = Server::start_with(&db, &["--api-auth", "required"])?;
        Ok(Self { _directory: directory, db, server, ours, all, writer })
    }

    pub(crate) fn ask(&self, token: &str, path: &str) -> Result<Answer, Error> {
        with_token(&self.server, "GET", path, token)
    }
}

/// A route's path with these parameters.
pub(crate) fn filled(path: &str, location: &str) -> String {
    path.replace("{locationId}", location)
        .replace("{objectKey}", "contact")
        .replace("{recordId}", "TO8RJjq9RDegjbPPMkse")
        .replace("{id}", "1")
        .replace("{eventType}", "RelationCreate")
}

/// An answer without what is new in each.
pub(crate) fn lasting(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        for fresh in ["traceId", "ticket", "expiresAt"] {
            body.remove(fresh);
        }
    }
    (answer.status, body)
}
