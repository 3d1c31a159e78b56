//! Copying a whole store out of a file and into one.

pub(in crate::journal) mod read;
pub(in crate::journal) mod write;
