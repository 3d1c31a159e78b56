//! Reading a request's body within its limits.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use warp::Buf;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::problem::Problem;

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
