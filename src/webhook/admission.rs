//! Which deliveries are accepted: whose signature must hold, which id counts, and what a
//! sender is answered. `POST /webhooks`, `POST /v1/doctor` and `relata doctor` all ask here.

use crate::model::{Timestamp, WebhookId};
use crate::signature::{Diagnosis, Scheme, SignatureError, SignatureHeaders, Verifier, diagnose};
use crate::webhook::decode::{Decoded, UrlTypes, decode_text};
use crate::webhook::encoding::UnpackError;
use crate::webhook::error::DecodeError;
use crate::webhook::limits::MAX_ID_BYTES;

/// The rules of one server.
#[derive(Debug, Clone, Copy)]
pub struct AdmissionRules<'v> {
    /// The keys that deliveries are signed with.
    pub verifier: &'v Verifier,
    /// Whether a delivery without a valid signature is refused.
    pub signature_required: bool,
    /// Whether the event type of a URL counts where the body names none.
    pub url_types: UrlTypes,
}

/// A delivery as it was posted.
#[derive(Debug, Clone, Copy)]
pub struct PostedDelivery<'d> {
    /// The headers that say who sent it.
    pub headers: SignatureHeaders<'d>,
    /// The event type in its URL.
    pub url_type: Option<&'d str>,
    /// The body as it was received.
    pub received: &'d [u8],
    /// The body after unpacking, or why it cannot be unpacked; `None` if it is not packed.
    pub unpacked: Option<Result<&'d [u8], &'d UnpackError>>,
}

/// A delivery that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted<'d> {
    /// The body, without a byte order mark.
    pub text: &'d str,
    /// What the body says, with the delivery's id from the headers where that counts.
    pub decoded: Decoded,
    /// How it was signed, if signatures are required.
    pub scheme: Option<Scheme>,
}

/// Why a delivery is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event type in the URL is longer than any.
    #[error("no event type has so long a name")]
    UrlType,
    /// Nothing shows who sent it.
    #[error(transparent)]
    Signature(SignatureError),
    /// The body cannot be used.
    #[error("{error}")]
    Body {
        /// Why it cannot be used.
        error: DecodeError,
        /// How it was signed, if signatures are required.
        scheme: Option<Scheme>,
    },
}

/// What a doctor finds of a delivery.
#[derive(Debug)]
pub struct Examined<'d> {
    /// What checking its signature has shown, whether or not it is required.
    pub diagnosis: Diagnosis,
    /// What the body says, whether or not the signature holds.
    pub reading: Result<Admitted<'d>, DecodeError>,
    /// Why it would be refused, if it would.
    pub refusal: Option<Refusal>,
}

impl AdmissionRules<'_> {
    /// Checks the length of the event type in a URL, before anything else is read. It is
    /// kept with a body that is refused, where nothing else bounds it.
    pub fn check_url_type(url_type: Option<&str>) -> Result<(), Refusal> {
        if url_type.is_some_and(|name| name.len() > MAX_ID_BYTES) {
            return Err(Refusal::UrlType);
        }
        Ok(())
    }

    /// Decides about a delivery.
    ///
    /// # Performance
    ///
    /// Costs a verification for each key, if signatures are required, and a pass over the
    /// body.
    pub fn admit<'d>(
        &self,
        posted: &PostedDelivery<'d>,
        now: Timestamp,
    ) -> Result<Admitted<'d>, Refusal> {
        Self::check_url_type(posted.url_type)?;
        let verdict = self
            .signature_required
            .then(|| self.verifier.verify_any(&posted.headers, posted.forms(), now));
        let scheme = verdict.transpose().map_err(Refusal::Signature)?;
        self.read(posted, scheme).map_err(|error| Refusal::Body { error, scheme })
    }

    /// Decides about a delivery as [`admit`](Self::admit) does, and reports on its signature
    /// and body even where the decision does not depend on them.
    ///
    /// # Performance
    ///
    /// Costs a handful of verifications for each key, and two passes over the body.
    pub fn examine<'d>(&self, posted: &PostedDelivery<'d>, now: Timestamp) -> Examined<'d> {
        let diagnosis = diagnose(self.verifier, &posted.headers, posted.forms(), now);
        let (reading, refusal) = match self.admit(posted, now) {
            Ok(admitted) => (Ok(admitted), None),
            Err(Refusal::Body { error, scheme }) => {
                (Err(error.clone()), Some(Refusal::Body { error, scheme }))
            }
            Err(refusal) => (self.read(posted, None), Some(refusal)),
        };
        Examined { diagnosis, reading, refusal }
    }

    /// Returns the id of a delivery from its headers where that counts: where the sender has
    /// signed it, or where signatures are not required.
    pub fn outer_id<'d>(
        &self,
        headers: &SignatureHeaders<'d>,
        scheme: Option<Scheme>,
    ) -> Option<&'d str> {
        let id = headers.delivery_id(scheme, self.signature_required);
        id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
    }

    fn read<'d>(
        &self,
        posted: &PostedDelivery<'d>,
        scheme: Option<Scheme>,
    ) -> Result<Admitted<'d>, DecodeError> {
        let body = match posted.unpacked {
            None => posted.received,
            Some(Ok(unpacked)) => unpacked,
            Some(Err(error)) => return Err(DecodeError::Packed { reason: error.to_string() }),
        };
        let (text, mut decoded) = decode_text(body, posted.url_type, self.url_types)?;
        if let (Decoded::Event(event), Some(id)) =
            (&mut decoded, self.outer_id(&posted.headers, scheme))
            && event.webhook_id.is_none()
        {
            event.webhook_id = Some(WebhookId::from(id));
        }
        Ok(Admitted { text, decoded, scheme })
    }
}

impl<'d> PostedDelivery<'d> {
    /// Returns the forms that the sender may have signed: the received one counts first;
    /// many senders sign before they pack.
    fn forms(&self) -> impl Iterator<Item = &'d [u8]> + use<'d> {
        [Some(self.received), self.unpacked.and_then(Result::ok)].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"type":"ContactDelete","id":"emqf","locationId":"L"}"#;

    /// The status that the sender is answered with.
    fn status(refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::UrlType => 404,
            Refusal::Signature(_) => 401,
            Refusal::Body { error: DecodeError::Invalid { .. }, .. } => 422,
            Refusal::Body { .. } => 400,
        }
    }

    fn headers<'h>(pairs: &[(&'h str, &'h [u8])]) -> SignatureHeaders<'h> {
        SignatureHeaders::pick(pairs.iter().copied())
    }

    /// The doctors once took the id of the header that a signature covers, the door that of
    /// the header that comes first.
    #[test]
    fn the_door_and_the_doctors_decide_alike() {
        let verifier = Verifier::default();
        let unsigned = [("webhook-id", &b"outer"[..]), ("svix-id", b"other")];
        let bad = br#"{"type":"ContactDelete"}"#;
        let long = "x".repeat(MAX_ID_BYTES + 1);
        let broken = UnpackError::TooLarge { limit: 1 };
        for signature_required in [true, false] {
            let rules = AdmissionRules {
                verifier: &verifier,
                signature_required,
                url_types: UrlTypes::Untrusted,
            };
            let check = |received, url_type, unpacked, open| {
                let posted =
                    PostedDelivery { headers: headers(&unsigned), url_type, received, unpacked };
                let now = Timestamp::from_millis(0);
                let (door, doctor) = (rules.admit(&posted, now), rules.examine(&posted, now));
                assert_eq!(door.as_ref().err(), doctor.refusal.as_ref());
                let status = door.as_ref().map_or_else(status, |_| 200);
                let is_late = signature_required && open != 404;
                assert_eq!(status, if is_late { 401 } else { open });
                if let Ok(admitted) = &door {
                    assert_eq!(Ok(admitted), doctor.reading.as_ref());
                    let Decoded::Event(event) = &admitted.decoded else { return };
                    let id = (!signature_required).then(|| WebhookId::from("outer"));
                    assert_eq!(event.webhook_id, id);
                }
            };
            check(BODY, None, None, 200);
            check(BODY, Some("ContactDelete"), None, 200);
            check(b"?", None, Some(Ok(BODY)), 200);
            check(bad, None, None, 422);
            check(b"{", None, None, 400);
            check(BODY, None, Some(Err(&broken)), 400);
            check(BODY, Some(&long), None, 404);
        }
    }

    #[test]
    fn an_id_counts_only_where_it_is_signed_or_need_not_be() {
        let verifier = Verifier::default();
        let rules = AdmissionRules {
            verifier: &verifier,
            signature_required: true,
            url_types: UrlTypes::Untrusted,
        };
        let headers = headers(&[("webhook-id", b"a"), ("svix-id", b"b")]);
        assert_eq!(rules.outer_id(&headers, Some(Scheme::Ghl)), None);
        assert_eq!(rules.outer_id(&headers, Some(Scheme::Standard)), Some("a"));
        assert_eq!(rules.outer_id(&headers, Some(Scheme::Svix)), Some("b"));
        let open = AdmissionRules { signature_required: false, ..rules };
        assert_eq!(open.outer_id(&headers, None), Some("a"));
    }
}
