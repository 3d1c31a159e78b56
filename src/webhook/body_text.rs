//! The text of a body, before it is parsed.

use crate::webhook::encoding::strip_bom;
use crate::webhook::error::DecodeError;
use crate::webhook::limits::MAX_DEPTH;

pub(super) fn malformed(reason: impl Into<String>) -> DecodeError {
    DecodeError::Malformed { reason: reason.into() }
}

pub(super) fn too_deep() -> DecodeError {
    malformed(format!("nested deeper than {MAX_DEPTH}"))
}

/// Returns the text of a body, and how deep it nests at most; exactly if that may be too deep.
pub(super) fn checked_text(body: &[u8]) -> Result<(&str, usize), DecodeError> {
    let body = strip_bom(body);
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(malformed("UTF-16; send UTF-8"));
    }
    let text =
        std::str::from_utf8(body).map_err(|error| malformed(format!("not UTF-8: {error}")))?;
    if text.trim_ascii().is_empty() {
        return Err(malformed("empty"));
    }
    let depth = depth(body);
    let envelope = usize::from(text.trim_ascii_start().starts_with('{'));
    if depth > MAX_DEPTH + envelope {
        return Err(too_deep());
    }
    Ok((text, depth))
}

/// Why a body cannot be JSON.
#[cfg(feature = "server")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoJson {
    pub(crate) reason: String,
    /// Where that was found, in bytes.
    pub(crate) position: usize,
}

/// Returns the text of a body that is neither empty nor nested too deep.
#[cfg(feature = "server")]
pub(crate) fn json_text(body: &[u8]) -> Result<&str, NoJson> {
    let body = strip_bom(body);
    let no = |reason: &str, position| NoJson { reason: reason.to_owned(), position };
    let text = std::str::from_utf8(body).map_err(|error| no("not UTF-8", error.valid_up_to()))?;
    if text.trim_ascii().is_empty() {
        return Err(no("the body is empty", 0));
    }
    let (depth, position) = deepest(body);
    if depth > MAX_DEPTH {
        return Err(no(&format!("nested deeper than {MAX_DEPTH}"), position));
    }
    Ok(text)
}

/// Returns how deep the brackets nest at most, not counting those inside strings; exactly if
/// that may be too deep.
fn depth(body: &[u8]) -> usize {
    // Few bodies have as many: to count brackets takes a tenth of the time of pairing them.
    let opening = body.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if opening <= MAX_DEPTH { opening } else { deepest(body).0 }
}

/// Returns how deep the brackets nest, and where they do so first.
fn deepest(body: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest) = (0usize, (0, 0));
    let mut bytes = body.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                while let Some((_, inner)) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > deepest.0 {
                    deepest = (depth, at);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
