//! The codes of problems: the one place that decides with which one an error is answered.

use serde::{Serialize, Serializer};

use crate::store::{LimitReached, LimitedName, LineError};
use crate::webhook::{DecodeError, Refusal};

/// What is wrong with a request, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// The body is not JSON.
    MalformedJson,
    /// The body cannot be unpacked.
    MalformedEncoding,
    /// The body did not arrive completely.
    IncompleteBody,
    /// The body is JSON, but not a usable event.
    InvalidEvent,
    /// The store may not hold another location.
    TooManyLocations,
    /// The location may not have another object key.
    TooManyObjectKeys,
    /// The location may not have another association.
    TooManyAssociations,
    /// The location may not have another edge type.
    TooManyEdgeTypes,
    /// No valid signature shows who sent the delivery.
    BadSignature,
    /// The request has no valid token.
    Unauthorized,
    /// The token, or a limit of the request, does not allow it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path does not answer to the method.
    MethodNotAllowed,
    /// The request violates HTTP.
    InvalidRequest,
    /// A parameter or member has a value that is not allowed.
    InvalidParameter,
    /// The body is too large.
    BodyTooLarge,
    /// The answer would be too large for its format.
    TooLarge,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body has a type or encoding that is not accepted.
    UnsupportedMediaType,
    /// There is too much to do: try again soon.
    Overloaded,
    /// The events that are needed were pruned.
    Pruned,
    /// The request is for another epoch of the store.
    Restored,
    /// The store cannot do it now: try again later.
    Unavailable,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 23] = [
        Self::MalformedJson,
        Self::MalformedEncoding,
        Self::IncompleteBody,
        Self::InvalidEvent,
        Self::TooManyLocations,
        Self::TooManyObjectKeys,
        Self::TooManyAssociations,
        Self::TooManyEdgeTypes,
        Self::BadSignature,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::InvalidRequest,
        Self::InvalidParameter,
        Self::BodyTooLarge,
        Self::TooLarge,
        Self::RequestTimeout,
        Self::UnsupportedMediaType,
        Self::Overloaded,
        Self::Pruned,
        Self::Restored,
        Self::Unavailable,
    ];

    /// Returns the code as answers and logs show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::MalformedEncoding => "malformed_encoding",
            Self::IncompleteBody => "incomplete_body",
            Self::InvalidEvent => "invalid_event",
            Self::TooManyLocations => "too_many_locations",
            Self::TooManyObjectKeys => "too_many_object_keys",
            Self::TooManyAssociations => "too_many_associations",
            Self::TooManyEdgeTypes => "too_many_edge_types",
            Self::BadSignature => "bad_signature",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidParameter => "invalid_parameter",
            Self::BodyTooLarge => "body_too_large",
            Self::TooLarge => "too_large",
            Self::RequestTimeout => "request_timeout",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Overloaded => "overloaded",
            Self::Pruned => "pruned",
            Self::Restored => "restored",
            Self::Unavailable => "unavailable",
        }
    }

    /// Returns the status of an answer with this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedJson
            | Self::MalformedEncoding
            | Self::IncompleteBody
            | Self::InvalidRequest
            | Self::InvalidParameter => 400,
            Self::BadSignature | Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Pruned | Self::Restored => 410,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidEvent
            | Self::TooManyLocations
            | Self::TooManyObjectKeys
            | Self::TooManyAssociations
            | Self::TooManyEdgeTypes
            | Self::TooLarge => 422,
            Self::Overloaded => 429,
            Self::Unavailable => 503,
        }
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<&DecodeError> for ProblemCode {
    fn from(error: &DecodeError) -> Self {
        match error {
            DecodeError::Malformed { .. } => Self::MalformedJson,
            DecodeError::Packed { .. } => Self::MalformedEncoding,
            DecodeError::Invalid { .. } => Self::InvalidEvent,
        }
    }
}

impl From<&Refusal> for ProblemCode {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::UrlType => Self::NotFound,
            Refusal::Signature(_) => Self::BadSignature,
            Refusal::Body { error, .. } => error.into(),
        }
    }
}

impl From<&LimitReached> for ProblemCode {
    fn from(reached: &LimitReached) -> Self {
        match reached.name {
            LimitedName::Location => Self::TooManyLocations,
            LimitedName::ObjectKey => Self::TooManyObjectKeys,
            LimitedName::Association => Self::TooManyAssociations,
            LimitedName::EdgeType => Self::TooManyEdgeTypes,
        }
    }
}

/// A line is refused with the code that a delivery of it would be refused with.
impl From<&LineError> for ProblemCode {
    fn from(error: &LineError) -> Self {
        match error {
            LineError::Unreadable(error) => error.into(),
            LineError::TooLong { .. } => Self::BodyTooLarge,
            LineError::NotAdmitted => Self::Forbidden,
            LineError::LimitReached(reached) => reached.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_of_names_has_its_code() {
        for (name, code) in [
            (LimitedName::Location, "too_many_locations"),
            (LimitedName::ObjectKey, "too_many_object_keys"),
            (LimitedName::Association, "too_many_associations"),
            (LimitedName::EdgeType, "too_many_edge_types"),
        ] {
            let reached = LimitReached { name, limit: 1, field: None };
            assert_eq!(ProblemCode::from(&reached).as_str(), code);
            assert_eq!(ProblemCode::from(&LineError::from(reached)).status(), 422);
        }
    }

    #[test]
    fn the_openapi_document_lists_every_code_with_its_status() {
        let document = include_str!("../http/handlers/openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let listed = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
        assert_eq!(*listed, serde_json::json!(ProblemCode::ALL));
        for response in document["components"]["responses"].as_object().unwrap().values() {
            let schema = &response["content"]["application/problem+json"]["schema"]["properties"];
            let (Some(status), Some(codes)) =
                (schema["status"]["const"].as_u64(), schema["code"]["enum"].as_array())
            else {
                continue;
            };
            for code in codes {
                let code = ProblemCode::ALL.iter().find(|known| code == known.as_str()).unwrap();
                assert_eq!(u64::from(code.status()), status, "{}", code.as_str());
            }
        }
    }
}
