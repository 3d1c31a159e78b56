//! Reading a request's body within its limits.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt, TryStreamExt};
use hyper::body::Bytes;
use warp::Buf;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use crate::http::app::App;
use crate::http::limits::receive_budget::{FREE_BYTES, Reservation};
use crate::http::respond::problem::Problem;
use crate::signature::SignatureHeaders;
use crate::webhook::{ContentEncoding, PostedDelivery, UnpackError};

/// Maximum size of a body that is unpacked, checked and decoded on the thread that received
/// it, in bytes; the usual size is a tenth of that.
const INLINE_BYTES: usize = 16 << 10;

/// The body of a request, as it arrives.
pub(crate) struct Body(Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>);

impl Body {
    pub(crate) fn new<S, B>(body: S) -> Self
    where
        S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
        B: Buf,
    {
        // Moves the bytes, since they are one chunk already.
        Self(Box::pin(body.map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, warp::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

/// Refuses a content type that is given and not JSON.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim();
    let is_json = ["application/json", "text/json"]
        .iter()
        .any(|it| essence.eq_ignore_ascii_case(it))
        || essence.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"));
    if is_json { Ok(()) } else { Err(Problem::unsupported_media_type()) }
}

/// Refuses a body that declares itself too large. Returns the declared length.
pub(crate) fn check_length(headers: &HeaderMap, limit: usize) -> Result<Option<u64>, Problem> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(Problem::body_too_large(limit));
    }
    Ok(declared)
}

/// Returns how the body is packed, or `None` if it is not.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Option<ContentEncoding>, Problem> {
    let values = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    ContentEncoding::of(values).map_err(Problem::from)
}

/// The body of a delivery.
#[derive(Debug)]
pub(crate) struct Posted {
    /// The unpacked body; as it was received if it was not packed or cannot be unpacked.
    pub(crate) body: Vec<u8>,
    /// The body as it was received, if `body` is unpacked.
    packed: Option<Vec<u8>>,
    /// Why it could not be unpacked.
    broken: Option<UnpackError>,
    _reservation: Reservation,
}

impl Posted {
    /// Unpacks a delivery. One that cannot be unpacked is no problem yet: like every other
    /// that cannot be used, it is refused once it is known who sent it.
    pub(crate) fn unpack(mut received: Received, limit: usize) -> Result<Self, Problem> {
        let unpacked = received.unpack(limit)?;
        let Received { bytes, reservation, .. } = received;
        let (body, packed, broken) = match unpacked {
            None => (bytes, None, None),
            Some(Ok(body)) => (body, Some(bytes), None),
            Some(Err(error @ UnpackError::TooLarge { .. })) => return Err(error.into()),
            Some(Err(error)) => (bytes, None, Some(error)),
        };
        Ok(Self { body, packed, broken, _reservation: reservation })
    }

    /// Returns the delivery that it is the body of.
    pub(crate) fn delivery<'d>(
        &'d self,
        headers: SignatureHeaders<'d>,
        url_type: Option<&'d str>,
    ) -> PostedDelivery<'d> {
        let unpacked = match (&self.packed, &self.broken) {
            (_, Some(error)) => Some(Err(error)),
            (Some(_), None) => Some(Ok(&*self.body)),
            (None, None) => None,
        };
        let received = self.packed.as_deref().unwrap_or(&self.body);
        PostedDelivery { headers, url_type, received, unpacked }
    }

    /// Returns whether it could not be unpacked.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }
}

/// A body as it was received, and its encoding.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    encoding: Option<ContentEncoding>,
    reservation: Reservation,
}

impl Received {
    /// Reads the whole body, chunked or not. Fails as soon as it is known to be too large,
    /// too slow or not JSON, or while other bodies hold too much.
    pub(crate) async fn read(
        app: &App,
        headers: &HeaderMap,
        mut body: Body,
        limit: usize,
    ) -> Result<Self, Problem> {
        check_content_type(headers)?;
        let encoding = encoding(headers)?;
        let declared = check_length(headers, limit)?.and_then(|it| usize::try_from(it).ok());
        let whole = async {
            let mut received =
                Self { bytes: Vec::new(), encoding, reservation: app.receiving.reserve() };
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|_| Problem::incomplete_body())?;
                let length = received.bytes.len() + chunk.len();
                if length > limit {
                    return Err(Problem::body_too_large(limit));
                }
                received.make_room(length, declared.unwrap_or(limit))?;
                received.bytes.extend_from_slice(&chunk);
            }
            Ok(received)
        };
        let whole = tokio::time::timeout(app.limits.body_timeout, whole).await;
        whole.unwrap_or_else(|_| Err(Problem::body_timeout()))
    }

    /// Makes room for a body of `length` bytes. Doubles the capacity each time, but not past
    /// the expected length.
    fn make_room(&mut self, length: usize, expected: usize) -> Result<(), Problem> {
        let capacity = self.bytes.capacity();
        if length > capacity {
            let wanted = expected.min(FREE_BYTES.max(2 * capacity)).max(length);
            self.reservation.grow(wanted - capacity)?;
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        Ok(())
    }

    /// Returns whether processing it may take a thread longer than other requests can wait.
    pub(crate) fn is_large(&self) -> bool {
        self.bytes.len() > INLINE_BYTES || self.encoding.is_some()
    }

    /// Returns the body, unpacked if it is packed, and its reservation.
    pub(crate) fn into_unpacked(mut self, limit: usize) -> Result<(Vec<u8>, Reservation), Problem> {
        let bytes = match self.unpack(limit)? {
            None => self.bytes,
            Some(unpacked) => unpacked?,
        };
        Ok((bytes, self.reservation))
    }

    /// Unpacks the body, if it is packed.
    fn unpack(&mut self, limit: usize) -> Result<Option<Result<Vec<u8>, UnpackError>>, Problem> {
        let Some(encoding) = self.encoding else { return Ok(None) };
        let unpacked = encoding.unpack(&self.bytes, limit);
        if let Ok(unpacked) = &unpacked {
            self.reservation.grow(unpacked.len())?;
        }
        Ok(Some(unpacked))
    }
}
