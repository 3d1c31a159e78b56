//! Finding records by what people call them, or by the beginning of their id.
//!
//! Knows records by number alone; whoever uses it says what these are.

pub(crate) mod bit_set;
pub(crate) mod fold;
pub(crate) mod folded_query;
pub(crate) mod lookup;
pub(crate) mod name_index;
pub(crate) mod rank;
pub(crate) mod records;
pub(crate) mod segment;
#[cfg(test)]
mod tests;
