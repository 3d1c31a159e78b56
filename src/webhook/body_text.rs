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

/// Returns the text of a body, and how deep it nests.
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

/// Returns how deep the brackets nest, not counting those inside strings.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
