//! Signature schemes.

/// How a delivery was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `X-GHL-Signature`.
    Ghl,
    /// `X-WH-Signature`.
    Wh,
    /// `webhook-signature`, of Standard Webhooks.
    Standard,
    /// `svix-signature`: the same under its former name.
    Svix,
}

impl Scheme {
    /// Returns the header that holds the signature.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Ghl => "X-GHL-Signature",
            Self::Wh => "X-WH-Signature",
            Self::Standard => "webhook-signature",
            Self::Svix => "svix-signature",
        }
    }

    /// Returns the headers that are signed with the body: those of the id and the time.
    pub(super) const fn signed_headers(self) -> [&'static str; 2] {
        match self {
            Self::Svix => ["svix-id", "svix-timestamp"],
            _ => ["webhook-id", "webhook-timestamp"],
        }
    }
}
