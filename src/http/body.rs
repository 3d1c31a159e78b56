//! Reading a request's body within its limits.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use warp::Buf;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use super::app::Limits;
use super::problem::Problem;
use crate::store::Delivery;
use crate::webhook::{ContentEncoding, DecodeError, UnpackError, UrlTypes};

/// Refuses a content type that is given and not JSON.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let is_json =
        essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
    if is_json { Ok(()) } else { Err(Problem::unsupported_media_type()) }
}

/// Refuses a body that says itself that it is too large. Answers with the length
/// that it declares.
pub(super) fn check_length(headers: &HeaderMap, limit: usize) -> Result<Option<u64>, Problem> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(Problem::body_too_large(limit));
    }
    Ok(declared)
}

/// Returns how the body is packed, if it is.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Option<ContentEncoding>, Problem> {
    let values = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    ContentEncoding::of(values).map_err(Problem::from)
}

/// Reads and unpacks a whole body of JSON.
pub(super) async fn read_json<S, B>(
    headers: &HeaderMap,
    body: S,
    limit: usize,
    timeout: Duration,
) -> Result<Vec<u8>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    check_content_type(headers)?;
    let encoding = encoding(headers)?;
    let received = read(headers, body, limit, timeout).await?;
    match encoding {
        None => Ok(received),
        Some(encoding) => Ok(encoding.unpack(&received, limit)?),
    }
}

/// The body of a delivery.
#[derive(Debug)]
pub(super) struct Posted {
    /// As it was before it was packed, if it was packed and could be unpacked; else as
    /// it was received.
    pub(super) body: Vec<u8>,
    /// As it was received, where that is something else.
    packed: Option<Vec<u8>>,
    /// Why it could not be unpacked.
    broken: Option<UnpackError>,
}

impl Posted {
    /// Reads a delivery, and unpacks it. One that cannot be unpacked is no problem here:
    /// like every other that cannot be used it is refused once it is known who sent it.
    pub(super) async fn read<S, B>(
        headers: &HeaderMap,
        body: S,
        limits: &Limits,
    ) -> Result<Self, Problem>
    where
        S: Stream<Item = Result<B, warp::Error>>,
        B: Buf,
    {
        check_content_type(headers)?;
        let encoding = encoding(headers)?;
        let limit = limits.webhook_bytes;
        let received = read(headers, body, limit, limits.body_timeout).await?;
        let Some(encoding) = encoding else {
            return Ok(Self { body: received, packed: None, broken: None });
        };
        match encoding.unpack(&received, limit) {
            Ok(body) => Ok(Self { body, packed: Some(received), broken: None }),
            Err(error @ UnpackError::TooLarge { .. }) => Err(error.into()),
            Err(error) => Ok(Self { body: received, packed: None, broken: Some(error) }),
        }
    }

    /// Returns the forms that the sender may have signed: what was received counts
    /// first; many sign before they pack.
    pub(super) fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.packed.as_deref().into_iter().chain([&*self.body])
    }

    /// Reads it as an event.
    pub(super) fn delivery(
        &self,
        url_type: Option<&str>,
        url_types: UrlTypes,
    ) -> Result<Delivery, DecodeError> {
        match &self.broken {
            Some(error) => Err(DecodeError::Malformed { reason: error.to_string() }),
            None => Delivery::read_with(&self.body, url_type, url_types, None),
        }
    }

    /// Whether it could not be unpacked.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }
}

/// Reads the whole body, chunked or not, or gives up as soon as it is known to
/// be too large or too slow.
pub(super) async fn read<S, B>(
    headers: &HeaderMap,
    body: S,
    limit: usize,
    timeout: Duration,
) -> Result<Vec<u8>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let declared = check_length(headers, limit)?;
    let whole = async {
        let mut body = std::pin::pin!(body);
        let mut bytes = Vec::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0));
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk.map_err(|_| Problem::body_broken())?;
            while chunk.has_remaining() {
                let part = chunk.chunk();
                if bytes.len() + part.len() > limit {
                    return Err(Problem::body_too_large(limit));
                }
                bytes.extend_from_slice(part);
                let read = part.len();
                chunk.advance(read);
            }
        }
        Ok(bytes)
    };
    tokio::time::timeout(timeout, whole).await.unwrap_or_else(|_| Err(Problem::body_timeout()))
}
