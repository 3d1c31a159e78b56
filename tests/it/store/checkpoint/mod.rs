//! Checkpoints: saved in parts, checked, and rebuilt from the journal.

pub(super) mod checksums;
mod damage;
mod parts;
