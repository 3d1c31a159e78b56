//! How large the parts of a body may be.

/// Maximum size of an id, key or label, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// Maximum nesting of a body, the body itself being level 1; an envelope around it is not
/// counted.
pub const MAX_DEPTH: usize = 64;
