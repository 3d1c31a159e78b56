//! Where the next page of links begins.

use std::fmt;
use std::str::FromStr;

use crate::graph::query::order::Order;
use crate::model::Side;

/// Where a page ended. It stays good while the graph changes: no link that was
/// there all along is skipped or repeated by continuing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) order: Order,
    /// The place of the relation, or on the object layer of the association.
    pub(super) place: u32,
    pub(super) side: Side,
}

/// A text is no cursor that Relata has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that an answer gave out")]
pub struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.order == Order::Oldest { 'o' } else { 'n' };
        let side = if self.side == Side::First { 'f' } else { 's' };
        write!(f, "{order}{side}{:08x}", self.place)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (order, rest) = match text.split_at_checked(1) {
            Some(("o", rest)) => (Order::Oldest, rest),
            Some(("n", rest)) => (Order::Newest, rest),
            _ => return Err(ParseCursorError),
        };
        let (side, number) = match rest.split_at_checked(1) {
            Some(("f", rest)) => (Side::First, rest),
            Some(("s", rest)) => (Side::Second, rest),
            _ => return Err(ParseCursorError),
        };
        if number.len() != 8
            || !number.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            return Err(ParseCursorError);
        }
        let place = u32::from_str_radix(number, 16).map_err(|_| ParseCursorError)?;
        Ok(Self { order, place, side })
    }
}

impl Cursor {
    /// Returns the order of the list that the cursor belongs to.
    pub fn order(&self) -> Order {
        self.order
    }
}
