//! The codes of problems.

use warp::http::StatusCode;

use crate::store::LimitedName;

/// What is wrong with a request, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    MalformedJson,
    MalformedEncoding,
    IncompleteBody,
    InvalidEvent,
    TooManyLocations,
    TooManyObjectKeys,
    TooManyAssociations,
    TooManyEdgeTypes,
    BadSignature,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    InvalidRequest,
    InvalidParameter,
    BodyTooLarge,
    TooLarge,
    RequestTimeout,
    UnsupportedMediaType,
    Overloaded,
    Pruned,
    Restored,
    Unavailable,
}

impl Code {
    /// Returns the code as answers and logs show it.
    pub(crate) const fn as_str(self) -> &'static str {
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
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson
            | Self::MalformedEncoding
            | Self::IncompleteBody
            | Self::InvalidRequest
            | Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::BadSignature | Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Pruned | Self::Restored => StatusCode::GONE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidEvent
            | Self::TooManyLocations
            | Self::TooManyObjectKeys
            | Self::TooManyAssociations
            | Self::TooManyEdgeTypes
            | Self::TooLarge => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<LimitedName> for Code {
    fn from(name: LimitedName) -> Self {
        match name {
            LimitedName::Location => Self::TooManyLocations,
            LimitedName::ObjectKey => Self::TooManyObjectKeys,
            LimitedName::Association => Self::TooManyAssociations,
            LimitedName::EdgeType => Self::TooManyEdgeTypes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LimitReached;

    const ALL: [Code; 23] = [
        Code::MalformedJson,
        Code::MalformedEncoding,
        Code::IncompleteBody,
        Code::InvalidEvent,
        Code::TooManyLocations,
        Code::TooManyObjectKeys,
        Code::TooManyAssociations,
        Code::TooManyEdgeTypes,
        Code::BadSignature,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::InvalidRequest,
        Code::InvalidParameter,
        Code::BodyTooLarge,
        Code::TooLarge,
        Code::RequestTimeout,
        Code::UnsupportedMediaType,
        Code::Overloaded,
        Code::Pruned,
        Code::Restored,
        Code::Unavailable,
    ];

    #[test]
    fn the_openapi_document_lists_every_code_with_its_status() {
        let document = include_str!("../handlers/openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let listed = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
        assert_eq!(*listed, serde_json::json!(ALL.map(Code::as_str)));
        for response in document["components"]["responses"].as_object().unwrap().values() {
            let schema = &response["content"]["application/problem+json"]["schema"]["properties"];
            let (Some(status), Some(codes)) =
                (schema["status"]["const"].as_u64(), schema["code"]["enum"].as_array())
            else {
                continue;
            };
            for code in codes {
                let code = ALL.iter().find(|known| code == known.as_str()).unwrap();
                assert_eq!(u64::from(code.status().as_u16()), status, "{}", code.as_str());
            }
        }
    }

    #[test]
    fn limits_have_the_codes_that_the_store_gives_them() {
        for name in [
            LimitedName::Location,
            LimitedName::ObjectKey,
            LimitedName::Association,
            LimitedName::EdgeType,
        ] {
            let reached = LimitReached { name, limit: 1, field: None };
            assert_eq!(Code::from(name).as_str(), reached.code());
        }
    }
}
