//! Errors as answers: the one place that turns them into statuses (RFC 9457).

use std::io;

use serde::Serialize;
use warp::http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use warp::http::{Response as HttpResponse, StatusCode};
use warp::reply::Response;

use crate::api::ProblemCode;
use crate::export::TooLarge;
use crate::graph::QueryError;
use crate::journal::JournalError;
use crate::model::{ForeignEpoch, NodeRef, Seq};
use crate::store::{
    ChangesError, ExportEventsError, ImportError, IngestError, LimitReached, PastError, Pruned,
    ReplayError,
};
use crate::webhook::{
    ContentEncoding, DecodeError, DeliverySummary, Refusal, UnknownEncoding, UnpackError,
};

/// One error answer, before it knows its trace id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: ProblemCode,
    pub(crate) detail: Box<str>,
    pub(crate) field: Option<Box<str>>,
    /// The sender's own trace id, if it gave one.
    pub(crate) trace_id: Option<Box<str>>,
    /// The summary of a refused delivery, for the log.
    pub(crate) summary: Option<Box<DeliverySummary>>,
    hint: Option<Hint>,
}

/// A header that tells the client what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hint {
    RetryAfterSeconds(u32),
    Allow(HeaderValue),
    Authenticate,
    AcceptEncoding,
}

impl Hint {
    fn header(self) -> (HeaderName, HeaderValue) {
        match self {
            Self::RetryAfterSeconds(seconds) => (RETRY_AFTER, seconds.into()),
            Self::Allow(methods) => (ALLOW, methods),
            Self::AcceptEncoding => {
                (ACCEPT_ENCODING, HeaderValue::from_static(ContentEncoding::ACCEPTED))
            }
            Self::Authenticate => (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    fn new(code: ProblemCode, detail: impl Into<Box<str>>) -> Self {
        let (status, detail) = (status_of(code), detail.into());
        Self { status, code, detail, field: None, trace_id: None, summary: None, hint: None }
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.hint = Some(Hint::RetryAfterSeconds(seconds));
        self
    }

    fn field(mut self, field: impl Into<Box<str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the summary of a delivery.
    pub(crate) fn with_summary(mut self, summary: DeliverySummary) -> Self {
        self.summary = Some(Box::new(summary));
        self
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        let mut problem = Self::new(ProblemCode::Unauthorized, detail);
        problem.hint = Some(Hint::Authenticate);
        problem
    }

    pub(crate) fn forbidden(detail: impl Into<Box<str>>) -> Self {
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// Refuses a request that violates HTTP (RFC 9112).
    pub(crate) fn invalid_request(detail: &str) -> Self {
        Self::new(ProblemCode::InvalidRequest, detail)
    }

    pub(crate) fn not_found(what: impl Into<Box<str>>) -> Self {
        Self::new(ProblemCode::NotFound, what)
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("this path answers to {allow}");
        let mut problem = Self::new(ProblemCode::MethodNotAllowed, detail);
        problem.hint = HeaderValue::from_str(allow).ok().map(Hint::Allow);
        problem
    }

    pub(crate) fn invalid_parameter(name: &str, why: impl std::fmt::Display) -> Self {
        let detail = format!("`{name}` {why}");
        Self::new(ProblemCode::InvalidParameter, detail).field(name)
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(ProblemCode::BodyTooLarge, detail)
    }

    pub(crate) fn unpacked_too_large(limit: u64) -> Self {
        let detail = format!(
            "unpacked, the body is larger than {limit} bytes: send it in parts; what was read of \
             it is kept"
        );
        Self::new(ProblemCode::BodyTooLarge, detail)
    }

    pub(crate) fn broken_encoding(error: io::Error) -> Self {
        UnpackError::Broken(error).into()
    }

    pub(crate) fn too_many_imports() -> Self {
        let detail = "too many imports are running: try again later";
        Self::new(ProblemCode::Overloaded, detail).retry_after(5)
    }

    /// Refuses a body while those being received hold as much as they may.
    pub(crate) fn too_many_bodies() -> Self {
        Self::overloaded("too many large bodies are arriving: try again later")
    }

    pub(crate) fn body_timeout() -> Self {
        let detail = "the body did not arrive in time";
        Self::new(ProblemCode::RequestTimeout, detail)
    }

    pub(crate) fn incomplete_body() -> Self {
        let detail = "the body did not arrive completely";
        Self::new(ProblemCode::IncompleteBody, detail)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "the content type is not JSON: send application/json";
        Self::new(ProblemCode::UnsupportedMediaType, detail)
    }

    pub(crate) fn unavailable(why: impl std::fmt::Display) -> Self {
        Self::new(ProblemCode::Unavailable, why.to_string()).retry_after(30)
    }

    pub(crate) fn overloaded(detail: impl Into<Box<str>>) -> Self {
        Self::new(ProblemCode::Overloaded, detail).retry_after(1)
    }

    pub(crate) fn pruned(upto: Seq) -> Self {
        Self::new(
            ProblemCode::Pruned,
            ExportEventsError::Pruned(Pruned { upto, asked: 0 }).to_string(),
        )
    }

    /// Refuses a request for another epoch than the store's.
    pub(crate) fn other_epoch() -> Self {
        let detail = "the store was restored from a copy, or is another one: its sequence numbers \
                      are not those of the epoch in Relata-Epoch";
        Self::new(ProblemCode::Restored, detail)
    }

    /// Refuses a parameter that names an event after the last one.
    pub(crate) fn ahead(name: &str, error: &PastError) -> Self {
        Self::invalid_parameter(name, format!("is too great: {error}"))
    }

    /// Reports that the event of `minSeq` did not become visible in time.
    pub(crate) fn not_visible_yet(seq: Seq, head: Seq) -> Self {
        let detail = format!("event {seq} is not visible yet; the last one is {head}");
        Self::new(ProblemCode::Unavailable, detail).field("minSeq").retry_after(1)
    }

    pub(crate) fn malformed_json(why: impl std::fmt::Display) -> Self {
        let detail = format!("the body is not JSON: {why}");
        Self::new(ProblemCode::MalformedJson, detail)
    }

    /// Describes a request that hyper has refused by itself.
    pub(crate) fn refused_by_hyper(status: StatusCode, detail: &str) -> Self {
        Self { status, ..Self::new(ProblemCode::InvalidRequest, detail) }
    }

    /// Returns the problem document.
    pub(crate) fn to_json(&self, fresh_trace_id: &str) -> Vec<u8> {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            trace_id: self.trace_id.as_deref().unwrap_or(fresh_trace_id),
            field: self.field.as_deref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    pub(crate) fn into_response(self, fresh_trace_id: &str) -> Response {
        let body = self.to_json(fresh_trace_id);
        let mut response: Response = HttpResponse::new(body.into());
        *response.status_mut() = self.status;
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, problem);
        if let Some(hint) = self.hint {
            let (name, value) = hint.header();
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Returns the status of an answer with a code.
fn status_of(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        let mut problem = Self::new((&error).into(), error.to_string());
        problem.field = error.field().map(Box::from);
        problem.trace_id = error.trace_id().map(Box::from);
        problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Body { error, .. } => error.into(),
            _ => Self::new((&refusal).into(), refusal.to_string()),
        }
    }
}

impl From<UnknownEncoding> for Problem {
    fn from(error: UnknownEncoding) -> Self {
        let mut problem = Self::new(ProblemCode::UnsupportedMediaType, error.to_string());
        problem.hint = Some(Hint::AcceptEncoding);
        problem
    }
}

impl From<UnpackError> for Problem {
    fn from(error: UnpackError) -> Self {
        let code = match error {
            UnpackError::TooLarge { .. } => ProblemCode::BodyTooLarge,
            UnpackError::Broken(_) => ProblemCode::MalformedEncoding,
        };
        Self::new(code, error.to_string())
    }
}

impl From<LimitReached> for Problem {
    fn from(reached: LimitReached) -> Self {
        let mut problem = Self::new((&reached).into(), reached.to_string());
        problem.field = reached.field.map(Box::from);
        problem
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Unreadable(error) => error.into(),
            IngestError::LimitReached { reached, .. } => reached.into(),
            IngestError::Overloaded => Self::overloaded(error.to_string()),
            IngestError::Unavailable { .. } => Self::unavailable(error),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Unknown(_) => Self::not_found(error.to_string()),
            // What has no node reference was refused with its parameter before.
            QueryError::OtherLayer(_) | QueryError::Nothing | QueryError::Reference(_) => {
                Self::new(ProblemCode::InvalidParameter, error.to_string())
            }
        }
    }
}

impl Problem {
    /// Returns the problem of a question; `field` returns the parameter or member
    /// that names a node.
    pub(crate) fn of_nodes(error: QueryError, field: impl Fn(&NodeRef) -> &'static str) -> Self {
        let blamed = match &error {
            QueryError::OtherLayer(node) => Some(field(node)),
            _ => None,
        };
        let problem = Self::from(error);
        match blamed {
            Some(blamed) => problem.field(blamed),
            None => problem,
        }
    }
}

impl From<TooLarge> for Problem {
    fn from(error: TooLarge) -> Self {
        Self::new(ProblemCode::TooLarge, error.to_string())
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { .. } => {
                Self::new(ProblemCode::Pruned, error.to_string())
            }
            _ => Self::unavailable(error),
        }
    }
}

impl From<ForeignEpoch> for Problem {
    fn from(error: ForeignEpoch) -> Self {
        Self::new(ProblemCode::Restored, error.to_string())
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Journal(error) => error.into(),
            ReplayError::Ingest(error) => error.into(),
        }
    }
}

impl From<ExportEventsError> for Problem {
    fn from(error: ExportEventsError) -> Self {
        match error {
            ExportEventsError::Journal(error) => error.into(),
            ExportEventsError::Pruned(_) => Self::new(ProblemCode::Pruned, error.to_string()),
            ExportEventsError::Write(_) | ExportEventsError::Stopped { .. } => {
                Self::unavailable(error)
            }
        }
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Journal(error) => error.into(),
            PastError::Pruned(_) => Self::new(ProblemCode::Pruned, error.to_string()),
            PastError::Ahead { .. } => Self::ahead("asOf", &error),
            PastError::Stopped { .. } | PastError::Load(_) => Self::unavailable(error),
        }
    }
}

impl From<ChangesError> for Problem {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::Journal(error) => error.into(),
            ChangesError::Load(_) => Self::unavailable(error),
            ChangesError::Pruned(_) => Self::new(ProblemCode::Pruned, error.to_string()),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Ingest(error) => error.into(),
            ImportError::TooLarge { limit } => Self::unpacked_too_large(limit),
            ImportError::Read(error) => Self::broken_encoding(error),
            ImportError::Report(_) => Self::unavailable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SignatureError;

    #[test]
    fn refusals_have_the_code_that_the_doctors_report() {
        let reason = String::new;
        let body = |error| Refusal::Body { error, scheme: None };
        let decoding = [
            DecodeError::Malformed { reason: reason() },
            DecodeError::Packed { reason: reason() },
            DecodeError::Invalid { field: None, reason: reason(), trace_id: None },
        ];
        let others =
            [Refusal::UrlType, Refusal::Signature(SignatureError::Missing { expected: "" })];
        let expected = [
            ("not_found", 404),
            ("bad_signature", 401),
            ("malformed_json", 400),
            ("malformed_encoding", 400),
            ("invalid_event", 422),
        ];
        for (refusal, expected) in others.into_iter().chain(decoding.map(body)).zip(expected) {
            let code = ProblemCode::from(&refusal);
            assert_eq!((code.as_str(), code.status()), expected);
            let problem = Problem::from(refusal);
            assert_eq!((problem.code.as_str(), problem.status.as_u16()), expected);
        }
    }
}
