//! API tokens, as stored.

use std::str::FromStr;

use crate::model::{ParseNameError, Timestamp};

/// The rights of a token; each scope includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Query and export.
    Read,
    /// Replay and delete dead letters, import.
    Write,
    /// Everything.
    Admin,
}

impl Scope {
    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = ParseNameError;

    /// Parses `read`, `write` or `admin`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "admin" => Ok(Self::Admin),
            _ => Err(ParseNameError::none_of(&["read", "write", "admin"])),
        }
    }
}

/// One token; only its holder knows its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id: the part of the token that is not secret.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its rights.
    pub scope: Scope,
    /// The locations it is limited to; empty for all.
    pub locations: Vec<String>,
    /// SHA-256 of the whole token.
    pub hash: [u8; 32],
    /// When it was created.
    pub created_at: Timestamp,
}
