//! The checkpoint in the database.

pub(super) mod load;
pub(super) mod rows;
pub(super) mod save;
