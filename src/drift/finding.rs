//! A difference, and how certain it is.

use crate::drift::difference::Difference;
use crate::model::{Stamp, Timestamp};

/// How certain a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The sender was asked for this very thing a while later, and the difference was the same.
    Confirmed {
        /// When that was, by the sender's clock.
        at: Timestamp,
    },
    /// It was seen once: in a dump, or beyond the limit of what is confirmed.
    Unconfirmed,
    /// The thing was another one each time it was read.
    Moving,
}

/// A difference, and how certain it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What differs.
    pub difference: Difference,
    /// How certain it is.
    pub verdict: Verdict,
    /// The greatest event that the store has of the thing, if it has one.
    pub newest: Option<Stamp>,
}

impl Finding {
    /// Returns when the sender confirmed it, if it did.
    pub const fn confirmed_at(&self) -> Option<Timestamp> {
        match self.verdict {
            Verdict::Confirmed { at } => Some(at),
            Verdict::Unconfirmed | Verdict::Moving => None,
        }
    }
}
