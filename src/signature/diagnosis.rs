//! Explains why a signature does not hold.

use crate::model::Timestamp;
use crate::signature::headers::SignatureHeaders;
use crate::signature::scheme::Scheme;
use crate::signature::verifier::{SignatureError, Verifier};

/// The result of checking a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// How the delivery was signed, or why the signature does not hold.
    pub verdict: Result<Scheme, SignatureError>,
    /// The likely mistake and what to do about it.
    pub advice: Option<&'static str>,
}

/// Checks a signature and, if it does not hold, looks for the likely mistake: whether it
/// matches a body with the same content in other bytes.
///
/// `forms` are the body as received and, if that is packed, the unpacked one.
///
/// # Performance
///
/// Costs a handful of verifications.
pub fn diagnose<'b>(
    verifier: &Verifier,
    headers: &SignatureHeaders<'_>,
    forms: impl IntoIterator<Item = &'b [u8]>,
    now: Timestamp,
) -> Diagnosis {
    let forms: Vec<&[u8]> = forms.into_iter().collect();
    let verdict = verifier.verify_any(headers, forms.iter().copied(), now);
    let body = forms.last().copied().unwrap_or_default();
    let advice = verdict.err().and_then(|error| advice(verifier, headers, body, now, error));
    Diagnosis { verdict, advice }
}

fn advice(
    verifier: &Verifier,
    headers: &SignatureHeaders<'_>,
    body: &[u8],
    now: Timestamp,
    error: SignatureError,
) -> Option<&'static str> {
    match error {
        SignatureError::Missing { .. } if headers.wh.once().is_some() => Some(
            "X-WH-Signature is present, the sender's old scheme: it counts only with \
             --webhook-key rsa:highlevel",
        ),
        SignatureError::Missing { .. } | SignatureError::Incomplete { .. } => Some(
            "something between the sender and this server may have dropped the header, or the \
             request is not from the sender: pass all headers on",
        ),
        SignatureError::NotSigned { .. } => Some(
            "the sender could not sign this delivery, so it is refused: check the webhook's \
             settings at the sender",
        ),
        SignatureError::Doubled { .. } => {
            Some("a proxy may be adding the header a second time: pass it on unchanged")
        }
        SignatureError::Malformed { header: "X-GHL-Signature", .. } => Some(
            "an Ed25519 signature is 88 characters of base64: 684 would be the old RSA \
             scheme's, which belongs in X-WH-Signature; 128 would be hex",
        ),
        SignatureError::Malformed { .. } => None,
        SignatureError::NoKey { .. } => Some("give the sender's key with --webhook-key"),
        SignatureError::OutOfTime { .. } => Some(
            "compare this machine's clock with the sender's; an old delivery that is sent again \
             needs a new signature, or a larger --webhook-tolerance-s",
        ),
        SignatureError::Mismatch { .. } => {
            let fits = |body: &Vec<u8>| verifier.verify(headers, body, now).is_ok();
            if variants(body).iter().any(fits) {
                return Some(
                    "the body was changed on its way: the signature matches the same content in \
                     other bytes. Something parsed and rewrote it (a JSON body parser, a \
                     proxy, an editor's final newline): pass on the raw bytes",
                );
            }
            if headers.ghl.once().is_some() && !verifier.has_published_key() {
                return Some(
                    "the signature is well formed but matches none of the configured keys, and \
                     HighLevel's published key is not among them: add --webhook-key \
                     ed25519:highlevel",
                );
            }
            Some(
                "the signature is well formed but matches none of the keys: a wrong key, another \
                 body's signature, or a body whose content was changed",
            )
        }
    }
}

/// Returns the same content in other bytes that senders are known to sign.
fn variants(body: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = body.trim_ascii().to_vec();
    let lines: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
    let marked = [b"\xef\xbb\xbf", body].concat();
    let mut variants = vec![[&trimmed[..], b"\n"].concat(), lines, compact(body), trimmed, marked];
    variants.extend(body.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec));
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        variants.extend(serde_json::to_vec(&value));
        variants.extend(serde_json::to_vec_pretty(&value));
    }
    variants.retain(|variant| variant != body);
    variants
}

/// Removes the space between tokens, and keeps the order of members: what `JSON.stringify`
/// writes.
fn compact(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(body.len());
    let (mut quoted, mut escaped) = (false, false);
    for &byte in body {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            quoted = byte == b'"';
        }
        packed.push(byte);
    }
    packed
}
