//! Deliveries signed as the sender of the webhooks signs them.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::server::{Answer, Error, Server};

pub(crate) fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// What `--webhook-key` takes.
pub(crate) fn key() -> String {
    format!("ed25519:{}", STANDARD.encode(pair().public_key()))
}

/// Posts a signed body.
pub(crate) fn signed(server: &Server, path: &str, body: &str) -> Result<Answer, Error> {
    let signature = STANDARD.encode(pair().sign(body.as_bytes()));
    server.request("POST", path, &[("x-ghl-signature", &signature)], body.as_bytes())
}
