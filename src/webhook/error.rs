//! Why a delivery could not be decoded.

/// Why a delivery could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not a JSON text: send one.
    #[error("the body is not JSON: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The body cannot be unpacked: pack it as its headers say.
    #[error("{reason}")]
    Packed {
        /// What is wrong with it.
        reason: String,
    },
    /// The body is JSON, but not a usable event: correct the member named.
    #[error("{reason}")]
    Invalid {
        /// The member to blame, if there is one.
        field: Option<&'static str>,
        /// What is wrong with it.
        reason: String,
        /// The sender's id for tracing, if the body has one.
        trace_id: Option<Box<str>>,
    },
}

impl DecodeError {
    /// Returns the member to blame, if there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Malformed { .. } | Self::Packed { .. } => None,
            Self::Invalid { field, .. } => *field,
        }
    }

    /// Returns the sender's id for tracing, if the body has one.
    pub fn trace_id(&self) -> Option<&str> {
        match self {
            Self::Malformed { .. } | Self::Packed { .. } => None,
            Self::Invalid { trace_id, .. } => trace_id.as_deref(),
        }
    }
}
