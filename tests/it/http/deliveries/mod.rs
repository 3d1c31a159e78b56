//! What real senders and the proxies before them do, and how it is answered.

mod address;
mod bodies;
mod compressed;
mod refused;
mod signed;

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::server::{Answer, Error, Server};

const ASSOCIATION: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/association-create.json"));

const SECRET: [u8; 24] = [7; 24];

/// The headers of a body that is signed by Standard Webhooks, under the names that
/// begin with `family`.
fn signed(family: &str, id: &str, body: &[u8]) -> Vec<(String, String)> {
    let time = (relata::Timestamp::now().as_millis() / 1_000).to_string();
    let content = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), &content);
    vec![
        (format!("{family}-id"), id.to_owned()),
        (format!("{family}-timestamp"), time),
        (format!("{family}-signature"), format!("v1,{}", STANDARD.encode(tag))),
    ]
}

fn signed_server(db: &Path, more: &[&str]) -> Result<Server, Error> {
    let key = format!("whsec_{}", STANDARD.encode(SECRET));
    let required = ["--webhook-auth", "required", "--webhook-key", &key];
    Server::start_with(db, &[&required, more].concat())
}

fn post_with(
    server: &Server,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Answer, Error> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    server.request("POST", path, &headers, body)
}
