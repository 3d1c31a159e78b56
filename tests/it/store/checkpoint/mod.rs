//! Checkpoints: saved in parts, checked, and rebuilt from the journal.

pub(crate) mod checksums;
mod damage;
mod parts;
