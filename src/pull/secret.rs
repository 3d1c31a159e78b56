//! A token that is never shown.

use std::fmt;

use zeroize::Zeroize;

/// A secret that is sent and nowhere else written: `Debug` prints an ellipsis, there is no
/// `Display`, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(String);

/// Why a text is no secret. The text itself is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Nothing but white space.
    #[error("the token is empty")]
    Empty,
    /// White space within it, or a control character.
    #[error("the token has white space or control characters within")]
    Unprintable,
    /// A character that no header can carry.
    #[error("the token has characters that are not ASCII")]
    NotAscii,
}

impl Secret {
    /// Reads a secret, without the white space around it.
    pub fn parse(mut text: String) -> Result<Self, SecretError> {
        let secret = Self::check(text.trim()).map(|secret| Self(secret.to_owned()));
        text.zeroize();
        secret
    }

    fn check(text: &str) -> Result<&str, SecretError> {
        if text.is_empty() {
            Err(SecretError::Empty)
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Err(SecretError::Unprintable)
        } else if !text.is_ascii() {
            Err(SecretError::NotAscii)
        } else {
            Ok(text)
        }
    }

    /// Returns the value of an `Authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Replaces the secret wherever a text from outside repeats it.
    pub(super) fn redacted(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        for (text, why) in [
            ("", SecretError::Empty),
            (" \n\t", SecretError::Empty),
            ("pit two", SecretError::Unprintable),
            ("pit\u{7f}two", SecretError::Unprintable),
            ("pit\0two", SecretError::Unprintable),
            ("pité", SecretError::NotAscii),
        ] {
            let refused = Secret::parse(text.to_owned()).unwrap_err();
            assert_eq!(refused, why, "{text:?}");
            assert!(!refused.to_string().contains("pit"));
        }
    }

    #[test]
    fn a_token_is_trimmed_and_never_printed() {
        let secret = Secret::parse("  pit-1234\r\n".to_owned()).unwrap();
        assert_eq!(secret.bearer(), "Bearer pit-1234");
        assert_eq!(format!("{secret:?}"), "…");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(…)");
        assert_eq!(secret.redacted("no pit-1234 here"), "no … here");
    }
}
