//! Keys, as people are given them.

use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// HighLevel's public Ed25519 key, as its webhook guide prints it.
const HIGHLEVEL_ED25519: &str = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=";

/// HighLevel's public RSA key, as its webhook guide printed it until 2026.
const HIGHLEVEL_RSA: &str = "\
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSC\
Frm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6\
dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfB\
csedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4nCpv\
uxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF\
3kvoV5rTnXV0IknLBXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKU\
J062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/Juc+yjLjTXp\
IocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzN\
h/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhC\
HULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJ\
PQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB31IGKAyk\
T1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ==";

/// What every Ed25519 key in SPKI form begins with (RFC 8410).
const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The shortest Standard Webhooks secret, in bytes, as its specification says.
const SECRET_BYTES_MIN: usize = 24;

/// One key that deliveries may be signed with.
///
/// Reads from `SCHEME:VALUE`, where the scheme is `ed25519`, `rsa` or
/// `standard`; a value is `highlevel` for the sender's published key, or the key
/// as PEM, as base64 of its SPKI form, or for Ed25519 its 32 bytes as base64 or
/// hex. Standard Webhooks keys are `whsec_…` and `whpk_…`, with or without the
/// scheme.
///
/// ```
/// use relata::signature::WebhookKey;
/// let published: WebhookKey = "ed25519:highlevel".parse()?;
/// assert_eq!(published, WebhookKey::highlevel());
/// # Ok::<(), relata::signature::KeyError>(())
/// ```
#[derive(Clone)]
pub struct WebhookKey(pub(super) Key);

#[derive(Clone)]
pub(super) enum Key {
    Ed25519(Box<[u8]>, ParsedPublicKey),
    Rsa(Box<[u8]>, ParsedPublicKey),
    StandardHmac(Box<[u8]>, Box<hmac::Key>),
    StandardEd25519(Box<[u8]>, ParsedPublicKey),
}

/// A key cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a key of that scheme.
    #[error("not a key for `{scheme}`: {reason}")]
    Unreadable {
        /// The scheme, or where the text comes from.
        scheme: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file cannot be read.
    #[error("neither SCHEME:VALUE nor a file that can be read")]
    File(#[source] std::io::Error),
}

impl PartialEq for WebhookKey {
    fn eq(&self, other: &Self) -> bool {
        self.scheme() == other.scheme() && self.bytes() == other.bytes()
    }
}

impl Eq for WebhookKey {}

/// Names the scheme alone: a secret must not end in a log.
impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookKey({})", self.scheme())
    }
}

impl WebhookKey {
    /// Returns the key that HighLevel has published for `X-GHL-Signature`.
    ///
    /// # Panics
    ///
    /// Never: it is a constant that can be read.
    #[expect(clippy::expect_used, reason = "the key is a constant")]
    pub fn highlevel() -> Self {
        ed25519(HIGHLEVEL_ED25519).expect("the published key can be read")
    }

    /// Returns the scheme that it is for.
    pub fn scheme(&self) -> &'static str {
        match self.0 {
            Key::Ed25519(..) => "ed25519",
            Key::Rsa(..) => "rsa",
            Key::StandardHmac(..) => "standard v1",
            Key::StandardEd25519(..) => "standard v1a",
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Key::Ed25519(bytes, _)
            | Key::Rsa(bytes, _)
            | Key::StandardHmac(bytes, _)
            | Key::StandardEd25519(bytes, _) => bytes,
        }
    }

    /// Reads `SCHEME:VALUE`, or every key of a file: PEM blocks, or one
    /// `SCHEME:VALUE` a line with `#` before remarks.
    pub fn read(text: &str) -> Result<Vec<Self>, KeyError> {
        if scheme_of(text).is_some() {
            return Ok(vec![text.parse()?]);
        }
        let content = std::fs::read_to_string(Path::new(text)).map_err(KeyError::File)?;
        // Tools on Windows begin a file with a byte order mark.
        let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
        let keys = if content.contains("-----BEGIN") {
            pem_blocks(content).map(|der| spki(&der?)).collect::<Result<Vec<_>, _>>()
        } else {
            let lines = content.lines().map(|line| line.split('#').next().unwrap_or("").trim());
            lines.filter(|line| !line.is_empty()).map(str::parse).collect()
        }?;
        if keys.is_empty() { Err(unreadable(text, "the file holds no key")) } else { Ok(keys) }
    }
}

/// Returns the scheme that a text names, and the rest.
fn scheme_of(text: &str) -> Option<(&'static str, &str)> {
    if text.starts_with("whsec_") || text.starts_with("whpk_") {
        return Some(("standard", text));
    }
    let (scheme, value) = text.split_once(':')?;
    let known = ["ed25519", "rsa", "standard"];
    known.into_iter().find(|known| *known == scheme).map(|scheme| (scheme, value.trim()))
}

impl FromStr for WebhookKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match scheme_of(text) {
            Some(("ed25519", "highlevel")) => Ok(Self::highlevel()),
            Some(("ed25519", value)) => ed25519(value),
            Some(("rsa", "highlevel")) => rsa(HIGHLEVEL_RSA),
            Some(("rsa", value)) => rsa(value),
            Some((_, value)) => standard(value),
            None => Err(unreadable("webhook key", "say ed25519:, rsa: or standard: before it")),
        }
    }
}

fn unreadable(scheme: &str, reason: &'static str) -> KeyError {
    KeyError::Unreadable { scheme: scheme.to_owned(), reason }
}

fn ed25519(value: &str) -> Result<WebhookKey, KeyError> {
    let hex = (value.len() == 64).then(|| decode_hex(value)).flatten();
    let der = hex.map_or_else(|| der("ed25519", value), Ok)?;
    let raw = raw_ed25519(&der)
        .ok_or_else(|| unreadable("ed25519", "neither 32 bytes nor their SPKI form"))?;
    let parsed = ParsedPublicKey::new(&ED25519, raw)
        .map_err(|_| unreadable("ed25519", "no point of the curve"))?;
    Ok(WebhookKey(Key::Ed25519(raw.into(), parsed)))
}

fn raw_ed25519(der: &[u8]) -> Option<&[u8]> {
    let raw = der.strip_prefix(&ED25519_SPKI).unwrap_or(der);
    (raw.len() == 32).then_some(raw)
}

fn rsa(value: &str) -> Result<WebhookKey, KeyError> {
    rsa_der(&der("rsa", value)?)
}

fn rsa_der(der: &[u8]) -> Result<WebhookKey, KeyError> {
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
        .map_err(|_| unreadable("rsa", "no RSA key of 2,048 to 8,192 bits"))?;
    Ok(WebhookKey(Key::Rsa(der.into(), parsed)))
}

fn standard(value: &str) -> Result<WebhookKey, KeyError> {
    let base64 = |text: &str| {
        STANDARD.decode(text).map_err(|_| unreadable("standard", "what follows is not base64"))
    };
    if let Some(secret) = value.strip_prefix("whsec_") {
        let secret = base64(secret)?;
        if secret.len() < SECRET_BYTES_MIN {
            return Err(unreadable("standard", "a secret has at least 24 bytes"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        return Ok(WebhookKey(Key::StandardHmac(secret.into(), Box::new(key))));
    }
    let public = value
        .strip_prefix("whpk_")
        .ok_or_else(|| unreadable("standard", "it begins with neither whsec_ nor whpk_"))?;
    let der = base64(public)?;
    let raw =
        raw_ed25519(&der).ok_or_else(|| unreadable("standard", "whpk_ is followed by 32 bytes"))?;
    let parsed = ParsedPublicKey::new(&ED25519, raw)
        .map_err(|_| unreadable("standard", "no point of the curve"))?;
    Ok(WebhookKey(Key::StandardEd25519(raw.into(), parsed)))
}

/// Parses a key of either kind in SPKI form, as PEM files hold them.
fn spki(der: &[u8]) -> Result<WebhookKey, KeyError> {
    if der.starts_with(&ED25519_SPKI) { ed25519(&STANDARD.encode(der)) } else { rsa_der(der) }
}

/// Decodes a PEM block or base64.
fn der(scheme: &str, value: &str) -> Result<Vec<u8>, KeyError> {
    if value.contains("-----BEGIN") {
        let first = pem_blocks(value).next();
        return first.unwrap_or_else(|| Err(unreadable(scheme, "the PEM block does not end")));
    }
    let packed: String = value.split_whitespace().collect();
    STANDARD.decode(packed).map_err(|_| unreadable(scheme, "neither PEM nor base64"))
}

/// Decodes every PEM block (RFC 7468) of a text.
fn pem_blocks(text: &str) -> impl Iterator<Item = Result<Vec<u8>, KeyError>> {
    text.split("-----BEGIN ").skip(1).map(|block| {
        let (label, rest) =
            block.split_once("-----").ok_or_else(|| unreadable("PEM", "the block has no label"))?;
        if !label.ends_with("PUBLIC KEY") {
            return Err(unreadable("PEM", "a block is not a public key"));
        }
        let (base64, _) = rest
            .split_once("-----END")
            .ok_or_else(|| unreadable("PEM", "the block does not end"))?;
        let packed: String = base64.split_whitespace().collect();
        STANDARD.decode(packed).map_err(|_| unreadable("PEM", "the block is not base64"))
    })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = (0..text.len() / 2).map(|at| text.get(2 * at..2 * at + 2));
    pairs.map(|pair| u8::from_str_radix(pair.filter(|_| digits)?, 16).ok()).collect()
}
