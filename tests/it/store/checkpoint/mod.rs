//! Checkpoints: saved in parts, checked, and rebuilt from the journal.

mod checksums;
mod damage;
mod parts;
