//! Errors in the sender's form: `statusCode`, `message`, `error`, `traceId`.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;
use warp::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{Response as HttpResponse, StatusCode};
use warp::reply::Response;

use crate::http::extract::request::RequestLine;
use crate::http::respond::problem::Problem;

/// The content type of every answer.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The header that the sender's JavaScript client waits by; it does not read `Retry-After`.
const INTERVAL: HeaderName = HeaderName::from_static("x-ratelimit-interval-milliseconds");

/// What the sender calls a location that a token may not see.
const NO_ACCESS: &str = "The token does not have access to this location.";

/// One error, before it knows its trace id.
#[derive(Debug)]
pub(crate) struct CompatError {
    status: StatusCode,
    message: Message,
    /// The cause of a failure of the server, for the log.
    cause: Option<Box<str>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Message {
    One(Cow<'static, str>),
    All(Vec<String>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    status_code: u16,
    message: &'a Message,
    error: &'a str,
    trace_id: &'a str,
}

impl CompatError {
    fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: Message::One(message.into()), cause: None }
    }

    /// Refuses what contradicts the state of the store.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Refuses a body that is not JSON; `position` is in bytes.
    pub(crate) fn unexpected_token(reason: impl Display, position: usize) -> Self {
        Self::bad_request(format!("Unexpected token in JSON: {reason} at position {position}"))
    }

    /// Refuses a token that is not valid, with the sender's words for its kind.
    pub(crate) fn invalid_token(presented: Option<&str>) -> Self {
        let is_private = presented.is_some_and(|token| token.starts_with("pit-"));
        Self::new(
            StatusCode::UNAUTHORIZED,
            if is_private { "Invalid Private Integration token" } else { "Invalid JWT" },
        )
    }

    /// Refuses a token whose scope does not suffice: the sender answers 401, not 403.
    pub(crate) fn scope() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "The token is not authorized for this scope.")
    }

    /// Refuses a location that the token may not see.
    pub(crate) fn no_access() -> Self {
        Self::new(StatusCode::FORBIDDEN, NO_ACCESS)
    }

    /// Reports that there is no such thing.
    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Reports that a path does not answer to a method, or does not exist.
    pub(crate) fn cannot(line: &RequestLine<'_>) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Cannot {} {}", line.method, line.path))
    }

    /// Refuses parameters or members.
    pub(crate) fn unprocessable(findings: Vec<String>) -> Self {
        let (status, message) = (StatusCode::UNPROCESSABLE_ENTITY, Message::All(findings));
        Self { status, message, cause: None }
    }

    /// Reports that the server cannot do it now.
    pub(crate) fn unavailable(cause: impl Display) -> Self {
        let text = "Service temporarily unavailable";
        let cause = Some(cause.to_string().into());
        Self { cause, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    /// Answers with the error, and logs one line about it.
    pub(crate) fn into_response(self, line: &RequestLine<'_>) -> Response {
        let RequestLine { method, path, id: trace_id, .. } = *line;
        let status = self.status.as_u16();
        if let Some(detail) = &self.cause {
            tracing::error!(%method, path, status, trace_id, %detail, "request failed");
        } else {
            tracing::info!(%method, path, status, trace_id, "request refused");
        }
        let error = self.status.canonical_reason().unwrap_or("Error");
        let body = ErrorBody { status_code: status, message: &self.message, error, trace_id };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response: Response = HttpResponse::new(body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
                headers.insert(INTERVAL, HeaderValue::from_static("1000"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<Problem> for CompatError {
    fn from(problem: Problem) -> Self {
        let detail = problem.detail;
        match problem.status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(problem.status, "request entity too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(problem.status, "Unsupported media type")
            }
            StatusCode::UNPROCESSABLE_ENTITY => Self::unprocessable(vec![detail.into()]),
            StatusCode::TOO_MANY_REQUESTS => Self::new(problem.status, "Too Many Requests"),
            status if status.is_server_error() => Self::unavailable(detail),
            status => Self::new(status, String::from(detail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_have_the_senders_words() {
        for (problem, status, text) in [
            (Problem::body_too_large(9), 413, r#""request entity too large""#),
            (Problem::unsupported_media_type(), 415, r#""Unsupported media type""#),
            (Problem::overloaded("the queue is full"), 429, r#""Too Many Requests""#),
            (Problem::too_many_bodies(), 429, r#""Too Many Requests""#),
            (Problem::unavailable("a secret"), 503, r#""Service temporarily unavailable""#),
            (Problem::not_found("Object not found"), 404, r#""Object not found""#),
            (Problem::body_timeout(), 408, r#""the body did not arrive in time""#),
        ] {
            let error = CompatError::from(problem);
            let message = serde_json::to_string(&error.message).unwrap();
            assert_eq!((error.status.as_u16(), &*message), (status, text));
        }
    }
}
