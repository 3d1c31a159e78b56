//! Verifies webhook signatures, over the bytes received.
//!
//! | header | scheme | source |
//! |---|---|---|
//! | `X-GHL-Signature` | Ed25519, base64, over the raw body | HighLevel's webhook guide |
//! | `X-WH-Signature` | RSA PKCS#1 v1.5 with SHA-256, base64, over the raw body | the same, until 2026 |
//! | `webhook-signature`, `svix-signature` | `v1` HMAC-SHA-256, `v1a` Ed25519, over `id.timestamp.body` | [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) |

mod diagnosis;
mod headers;
mod key;
mod scheme;
mod verifier;

pub use diagnosis::{Diagnosis, diagnose};
pub use headers::{HeaderField, SignatureHeaders, StandardHeaders};
pub use key::{KeyError, WebhookKey};
pub use scheme::Scheme;
pub use verifier::{SignatureError, Verifier};
