//! Verifies deliveries against keys.

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::Timestamp;
use crate::signature::headers::{HeaderField, SignatureHeaders, StandardHeaders};
use crate::signature::key::{Key, WebhookKey};
use crate::signature::scheme::Scheme;

/// Maximum number of signatures read from one `webhook-signature`: a sender that rotates its
/// keys sends two or three.
const SIGNATURES_MAX: usize = 16;

/// Why a delivery is not accepted as authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no header for which there are keys.
    #[error("the delivery is not signed: no {expected} header")]
    Missing {
        /// The headers that would be accepted.
        expected: &'static str,
    },
    /// A header that is signed with the body is missing.
    #[error("`{header}` is missing, which is part of the signature")]
    Incomplete {
        /// The header.
        header: &'static str,
    },
    /// The sender states that it did not sign.
    #[error("`{header}` is `N/A`: the sender did not sign the delivery")]
    NotSigned {
        /// The header.
        header: &'static str,
    },
    /// There are two headers of one name.
    #[error("`{header}` is repeated")]
    Doubled {
        /// The header.
        header: &'static str,
    },
    /// The header is not well formed.
    #[error("`{header}` is not valid: {reason}")]
    Malformed {
        /// The header.
        header: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no key to verify it with.
    #[error("`{header}` cannot be verified: no key for it is configured")]
    NoKey {
        /// The header.
        header: &'static str,
    },
    /// No key matches the signature and these bytes.
    #[error("`{header}` does not match the body")]
    Mismatch {
        /// The header.
        header: &'static str,
    },
    /// The time of the signature is too far from now.
    #[error("`{header}` is {seconds} seconds {side}; {tolerance} are allowed")]
    OutOfTime {
        /// The header.
        header: &'static str,
        /// The difference.
        seconds: u64,
        /// `ago` or `ahead`.
        side: &'static str,
        /// The difference that is allowed.
        tolerance: u64,
    },
}

/// Verifies deliveries against keys. Several keys of a scheme are tried in turn, so that a
/// sender's keys can be rotated.
///
/// It fails closed: a delivery without a signature, with `N/A`, or with a scheme without a
/// key is refused. If both of HighLevel's headers are present, only `X-GHL-Signature` counts,
/// whether it holds or not.
#[derive(Debug, Clone)]
pub struct Verifier {
    ed25519: Vec<ParsedPublicKey>,
    rsa: Vec<ParsedPublicKey>,
    standard_hmac: Vec<hmac::Key>,
    standard_ed25519: Vec<ParsedPublicKey>,
    tolerance: Duration,
}

impl Default for Verifier {
    /// Returns a verifier with HighLevel's published key.
    fn default() -> Self {
        Self::new([WebhookKey::highlevel()], Self::TOLERANCE)
    }
}

impl Verifier {
    /// Default tolerance for the time of a Standard Webhooks signature. HighLevel's
    /// signatures contain no time.
    pub const TOLERANCE: Duration = Duration::from_secs(300);

    /// Returns a verifier with these keys. The tolerance applies to Standard Webhooks alone.
    pub fn new(keys: impl IntoIterator<Item = WebhookKey>, tolerance: Duration) -> Self {
        let mut verifier = Self {
            ed25519: vec![],
            rsa: vec![],
            standard_hmac: vec![],
            standard_ed25519: vec![],
            tolerance,
        };
        for WebhookKey(key) in keys {
            match key {
                Key::Ed25519(_, key) => verifier.ed25519.push(key),
                Key::Rsa(_, key) => verifier.rsa.push(key),
                Key::StandardHmac(_, key) => verifier.standard_hmac.push(*key),
                Key::StandardEd25519(_, key) => verifier.standard_ed25519.push(key),
            }
        }
        verifier
    }

    /// Verifies a body, byte for byte as it was received.
    ///
    /// # Performance
    ///
    /// Costs one verification per key: about 40 µs for Ed25519 (`cargo bench --bench store -- signature`).
    pub fn verify(
        &self,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Scheme, SignatureError> {
        let scheme = self.scheme(headers)?;
        match scheme {
            Scheme::Ghl => plain(scheme, headers.ghl, &self.ed25519, 64, body),
            Scheme::Wh => plain(scheme, headers.wh, &self.rsa, 0, body),
            Scheme::Standard => self.standard(scheme, &headers.standard, body, now),
            Scheme::Svix => self.standard(scheme, &headers.svix, body, now),
        }?;
        Ok(scheme)
    }

    /// Verifies a body that has several forms, such as a packed one: the first that matches
    /// counts. If none does, the error of the last is returned.
    pub fn verify_any<'b>(
        &self,
        headers: &SignatureHeaders<'_>,
        forms: impl IntoIterator<Item = &'b [u8]>,
        now: Timestamp,
    ) -> Result<Scheme, SignatureError> {
        let mut verdict = Err(SignatureError::Mismatch { header: Scheme::Ghl.header() });
        for form in forms {
            verdict = self.verify(headers, form, now);
            // Another form can help only against this.
            if !matches!(verdict, Err(SignatureError::Mismatch { .. })) {
                break;
            }
        }
        verdict
    }

    /// Returns the one scheme that counts for these headers: the first that there are keys
    /// for, so that a header added on the way does no harm.
    fn scheme(&self, headers: &SignatureHeaders<'_>) -> Result<Scheme, SignatureError> {
        if headers.ghl != HeaderField::Absent {
            return Ok(Scheme::Ghl);
        }
        let (rsa, standard) = (!self.rsa.is_empty(), self.has_standard_keys());
        let given = [
            (Scheme::Standard, headers.standard.signature, standard),
            (Scheme::Svix, headers.svix.signature, standard),
            (Scheme::Wh, headers.wh, rsa),
        ];
        let given = given.iter().filter(|(_, given, _)| *given != HeaderField::Absent);
        let known = given.clone().find(|(.., has_keys)| *has_keys);
        // A header without a key is refused for that reason, except for the old scheme.
        let unknown = given.clone().find(|(scheme, ..)| *scheme != Scheme::Wh);
        let counts = known.or(unknown).map(|(scheme, ..)| *scheme);
        counts.ok_or_else(|| SignatureError::Missing { expected: self.expected() })
    }

    fn has_standard_keys(&self) -> bool {
        !(self.standard_hmac.is_empty() && self.standard_ed25519.is_empty())
    }

    /// Returns the headers that there are keys for.
    fn expected(&self) -> &'static str {
        match (!self.ed25519.is_empty(), self.has_standard_keys(), !self.rsa.is_empty()) {
            (_, false, false) => "`X-GHL-Signature`",
            (true, false, true) => "`X-GHL-Signature` or `X-WH-Signature`",
            (false, false, true) => "`X-WH-Signature`",
            (false, true, false) => "`webhook-signature` or `svix-signature`",
            (true, true, false) => "`X-GHL-Signature`, `webhook-signature` or `svix-signature`",
            (false, true, true) => "`webhook-signature`, `svix-signature` or `X-WH-Signature`",
            (true, true, true) => {
                "`X-GHL-Signature`, `webhook-signature`, `svix-signature` or `X-WH-Signature`"
            }
        }
    }

    fn standard(
        &self,
        scheme: Scheme,
        headers: &StandardHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        let (header, [id_header, time_header]) = (scheme.header(), scheme.signed_headers());
        let given = text(header, headers.signature)?;
        let id = text(id_header, headers.id)?;
        let timestamp = text(time_header, headers.timestamp)?;
        self.check_time(time_header, timestamp, now)?;
        let (mut is_checked, mut fault) = (false, None);
        let content = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        for part in given.split(' ').filter(|part| !part.is_empty()).take(SIGNATURES_MAX) {
            // One that cannot be read does not affect the others.
            let Some((version, signature)) = part.split_once(',') else {
                fault = Some("a signature has no version before a comma");
                continue;
            };
            let (hmacs, keys): (&[hmac::Key], &[ParsedPublicKey]) = match version {
                "v1" => (&self.standard_hmac, &[]),
                "v1a" => (&[], &self.standard_ed25519),
                // Later versions may be sent beside the known ones.
                _ => continue,
            };
            if hmacs.is_empty() && keys.is_empty() {
                continue;
            }
            let Ok(signature) = STANDARD.decode(signature) else {
                fault = Some("a signature is not base64");
                continue;
            };
            is_checked = true;
            let holds = hmacs.iter().any(|key| hmac::verify(key, &content, &signature).is_ok())
                || keys.iter().any(|key| key.verify_sig(&content, &signature).is_ok());
            if holds {
                return Ok(());
            }
        }
        Err(match fault {
            _ if is_checked => SignatureError::Mismatch { header },
            Some(reason) => malformed(header, reason),
            None => SignatureError::NoKey { header },
        })
    }

    fn check_time(
        &self,
        header: &'static str,
        timestamp: &str,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let signed_at = timestamp.parse::<i64>().ok().filter(|_| digits);
        let signed_at = signed_at.ok_or_else(|| malformed(header, "not a number of seconds"))?;
        let now = now.as_millis().div_euclid(1000);
        let (seconds, tolerance) = (signed_at.abs_diff(now), self.tolerance.as_secs());
        let side = if signed_at < now { "ago" } else { "ahead" };
        let close = seconds <= tolerance;
        if close {
            return Ok(());
        }
        Err(SignatureError::OutOfTime { header, seconds, side, tolerance })
    }

    /// Returns whether HighLevel's published key is among those for `X-GHL-Signature`.
    pub(super) fn has_published_key(&self) -> bool {
        let WebhookKey(key) = WebhookKey::highlevel();
        let Key::Ed25519(_, published) = key else { return false };
        self.ed25519.iter().any(|key| key.as_ref() == published.as_ref())
    }
}

/// Verifies a signature over the body alone.
fn plain(
    scheme: Scheme,
    given: HeaderField<'_>,
    keys: &[ParsedPublicKey],
    length: usize,
    body: &[u8],
) -> Result<(), SignatureError> {
    let header = scheme.header();
    let given = text(header, given)?;
    if keys.is_empty() {
        return Err(SignatureError::NoKey { header });
    }
    let signature = STANDARD.decode(given).map_err(|_| malformed(header, "it is not base64"))?;
    if length > 0 && signature.len() != length {
        return Err(malformed(header, "a signature has 64 bytes"));
    }
    let holds = keys.iter().any(|key| key.verify_sig(body, &signature).is_ok());
    if holds { Ok(()) } else { Err(SignatureError::Mismatch { header }) }
}

fn text<'a>(header: &'static str, given: HeaderField<'a>) -> Result<&'a str, SignatureError> {
    match given {
        HeaderField::Single("") => Err(malformed(header, "it is empty")),
        HeaderField::Single(text) if text.eq_ignore_ascii_case("n/a") => {
            Err(SignatureError::NotSigned { header })
        }
        HeaderField::Single(text) => Ok(text),
        HeaderField::Absent => Err(SignatureError::Incomplete { header }),
        HeaderField::Repeated => Err(SignatureError::Doubled { header }),
        HeaderField::Unreadable => Err(malformed(header, "it is too long or not text")),
    }
}

fn malformed(header: &'static str, reason: &'static str) -> SignatureError {
    SignatureError::Malformed { header, reason }
}
