//! How large the parts of a body may be.

/// Maximum size of an id, key or label, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// Maximum nesting of a body, the body itself being level 1; an envelope around it is not
/// counted.
pub const MAX_DEPTH: usize = 64;

/// Why a text cannot be a member.
pub(super) const EMPTY: &str = "is empty";

/// Why an object key cannot be one: it would be ambiguous in a node reference.
pub(super) const HOLDS_SLASH: &str = "holds a `/`, which ends an object key in `contact/ID`";

/// Returns why a text of more than [`MAX_ID_BYTES`] cannot be a member.
pub(super) fn too_long() -> String {
    format!("is longer than {MAX_ID_BYTES} bytes")
}
