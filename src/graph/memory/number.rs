//! Numbers that address rows.

/// A number that addresses one kind of table, assigned in ascending order.
pub(crate) trait Number: Copy {
    fn from_u32(number: u32) -> Self;
    fn as_u32(self) -> u32;
}
