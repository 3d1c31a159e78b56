//! Associations: the declared links between two object keys.

use crate::model::ids::{AssociationId, ObjectKey};

/// Which end of an association or relation something stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The first object.
    First,
    /// The second object.
    Second,
}

impl Side {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// `first` or `second`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// One end of an association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The type of the things on this end.
    pub object: ObjectKey,
    /// Their readable role, which may be empty.
    pub label: Box<str>,
}

/// A declared link between two object keys, with a label for each end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The sender's id.
    pub id: AssociationId,
    /// The unique key that people use, such as `buyer_property_interest`.
    pub key: Box<str>,
    /// `USER_DEFINED` or `SYSTEM_DEFINED`; other words are kept as they are.
    pub association_type: Box<str>,
    /// The first end.
    pub first: End,
    /// The second end.
    pub second: End,
    /// How many seconds one first may have, such as `MANY_TO_MANY`; the sender
    /// tells it only in updates.
    pub first_to_second: Option<Box<str>>,
    /// The same, seen from the second end.
    pub second_to_first: Option<Box<str>>,
}

impl Association {
    /// The end on this side.
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    /// Whether both ends carry the same label, so that a link reads alike from
    /// either end.
    pub fn is_symmetric(&self) -> bool {
        self.first.label == self.second.label
    }

    /// Whether both ends are of one object key, too, so that nothing tells them
    /// apart.
    pub fn is_mutual(&self) -> bool {
        self.is_symmetric() && self.first.object == self.second.object
    }
}
