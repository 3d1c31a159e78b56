//! Texts that are a part of the program.

use std::io::Write;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use warp::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{Response as HttpResponse, StatusCode};
use warp::reply::Response;

use crate::http::respond::chunks::accepts_gzip;

/// A text, which is compressed and hashed when it is first asked for.
#[derive(Debug)]
pub(crate) struct FixedText {
    text: &'static str,
    media_type: &'static str,
    compressed: OnceLock<Option<Vec<u8>>>,
    /// The same for both encodings, hence weak.
    tag: OnceLock<String>,
}

impl FixedText {
    /// Creates it; nothing is computed yet.
    pub(crate) const fn new(text: &'static str, media_type: &'static str) -> Self {
        Self { text, media_type, compressed: OnceLock::new(), tag: OnceLock::new() }
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    /// Answers a request with these headers: with the text, compressed where that is accepted,
    /// or with 304 if the client has it already.
    pub(crate) fn respond(&'static self, request: &HeaderMap) -> Response {
        let tag = self.tag();
        let mut response = HttpResponse::new("".into());
        let headers = response.headers_mut();
        // Another release may have another text.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(tag) = HeaderValue::from_str(tag) {
            headers.insert(ETAG, tag);
        }
        if is_known(request, tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        let compressed = if accepts_gzip(request) { self.compressed() } else { None };
        if compressed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = compressed.unwrap_or(self.text.as_bytes()).into();
        response
    }

    /// Returns the text in gzip, or `None` if that cannot be made.
    fn compressed(&self) -> Option<&[u8]> {
        let compressed = self.compressed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(self.text.as_bytes()).ok()?;
            encoder.finish().ok()
        });
        compressed.as_deref()
    }

    fn tag(&self) -> &str {
        self.tag.get_or_init(|| {
            let hash = digest(&SHA256, self.text.as_bytes());
            let start = hash.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
            format!("W/\"{start:016x}\"")
        })
    }
}

/// Returns whether a client says that it has the text with this tag.
fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let listed = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|value| value.split(','))
        .any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use warp::http::header::ACCEPT_ENCODING;

    use super::*;

    #[test]
    fn a_text_is_compressed_for_those_who_accept_it() {
        static TEXT: FixedText = FixedText::new("once and again and again", "text/plain");
        let plain = TEXT.respond(&HeaderMap::new());
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
        assert!(TEXT.compressed.get().is_none(), "nobody has asked for it");
        let accepts = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let compressed = TEXT.respond(&accepts);
        assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip");
        assert!(TEXT.compressed.get().is_some());
    }
}
