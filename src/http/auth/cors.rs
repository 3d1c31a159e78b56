//! Pages of other origins that may use the API from a browser (CORS).

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

/// Headers of an answer that a page may read besides those that every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Relata-Seq, Relata-Epoch, Relata-Nodes, Relata-Links, Retry-After, X-Request-Id, \
     Content-Disposition, ETag, Allow, WWW-Authenticate",
);

/// How long a browser may cache the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The origins whose pages may use the API; none by default. The API uses no cookies, so
/// there are no credentials that a page could send without knowing them.
#[derive(Debug, Clone, Default)]
pub struct CorsOrigins {
    any: bool,
    origins: Vec<HeaderValue>,
}

/// The error for a text that is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: write a scheme, a name and perhaps a port, as https://app.example, or *"
)]
pub struct InvalidOrigin(String);

impl CorsOrigins {
    /// Returns a list of these origins; `*` allows every origin.
    pub fn new<'o>(origins: impl IntoIterator<Item = &'o str>) -> Result<Self, InvalidOrigin> {
        let mut known = Self::default();
        for origin in origins {
            if origin == "*" {
                known.any = true;
            } else {
                let read = read(origin).ok_or_else(|| InvalidOrigin(origin.to_owned()))?;
                known.origins.push(read);
            }
        }
        Ok(known)
    }

    /// Returns whether every origin is allowed.
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Returns whether this origin is listed.
    pub(crate) fn lists(&self, origin: &HeaderValue) -> bool {
        self.origins.contains(origin)
    }

    /// Returns the origin to allow in an answer, if the request comes from a page that may
    /// use the API.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.origins.is_empty() && !self.any {
            return None;
        }
        let origin = headers.get(ORIGIN)?;
        if self.lists(origin) {
            Some(origin.clone())
        } else {
            self.any.then_some(HeaderValue::from_static("*"))
        }
    }

    /// Adds the headers by which the page may read an answer, and caches keep it apart.
    pub(crate) fn mark(&self, response: &mut Response, allowed: Option<HeaderValue>) {
        if self.origins.is_empty() && !self.any {
            return;
        }
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Parses an origin as browsers write it (RFC 6454).
fn read(text: &str) -> Option<HeaderValue> {
    let (scheme, authority) = text.split_once("://")?;
    let is_scheme = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_authority =
        authority.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    if scheme.is_empty() || authority.is_empty() || !is_scheme || !is_authority {
        return None;
    }
    HeaderValue::try_from(text.to_ascii_lowercase()).ok()
}

/// Returns whether a request is a preflight.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight: the page may use these methods, with the headers that it names.
/// Tokens and signatures decide about the request that follows.
pub(crate) fn allow(asked: &HeaderMap, methods: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(methods) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        let known = CorsOrigins::new(["https://App.example", "tauri://localhost"]).unwrap();
        for (origin, is_listed) in [
            ("https://app.example", true),
            ("tauri://localhost", true),
            ("http://app.example", false),
            ("https://app.example:444", false),
            ("https://app.example.evil", false),
            ("null", false),
        ] {
            let origin = HeaderValue::from_static(origin);
            assert_eq!(known.lists(&origin), is_listed, "{origin:?}");
        }
        for text in ["", "null", "app.example", "https://", "https://app.example/", "https://*.a b"]
        {
            assert!(CorsOrigins::new([text]).unwrap_err().to_string().contains("https://app"));
        }
    }
}
