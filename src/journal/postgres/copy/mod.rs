//! Copying a whole store out of a database server and into one.

pub(in crate::journal) mod read;
pub(in crate::journal) mod write;
