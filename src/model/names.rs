//! Names of the few values that a type has.

use std::fmt;

/// A text is none of the names that a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseNameError {
    names: &'static [&'static str],
}

impl ParseNameError {
    /// Returns the error of a text that is none of these names.
    pub const fn none_of(names: &'static [&'static str]) -> Self {
        Self { names }
    }
}

impl fmt::Display for ParseNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is none of {}", self.names.join(", "))
    }
}

impl std::error::Error for ParseNameError {}
