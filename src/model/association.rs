//! Associations: the declared links between two object keys.

use std::str::FromStr;

use crate::model::ids::{AssociationId, ObjectKey};
use crate::model::names::ParseNameError;

/// An end of an association or relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The first object.
    First,
    /// The second object.
    Second,
}

impl Side {
    /// Returns the opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// Returns `first` or `second`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

impl FromStr for Side {
    type Err = ParseNameError;

    /// Parses `first` or `second`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "first" => Ok(Self::First),
            "second" => Ok(Self::Second),
            _ => Err(ParseNameError::none_of(&["first", "second"])),
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
    /// sends it only in updates.
    pub first_to_second: Option<Box<str>>,
    /// The same, seen from the second end.
    pub second_to_first: Option<Box<str>>,
}

impl Association {
    /// Returns the end on this side.
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    /// Returns whether both ends carry the same label, so that a link reads alike from
    /// either end.
    pub fn is_symmetric(&self) -> bool {
        self.first.label == self.second.label
    }

    /// Returns whether both ends are of one object key, too, so that nothing sets them
    /// apart.
    pub fn is_mutual(&self) -> bool {
        self.is_symmetric() && self.first.object == self.second.object
    }

    /// Returns whether a record on this end may have one link at most, as the declared
    /// cardinalities say: `ONE_TO_MANY` from first to second allows a second one first.
    pub fn allows_one(&self, side: Side) -> bool {
        let says = |declared: &Option<Box<str>>, one: fn(&str) -> bool| {
            declared.as_deref().is_some_and(one)
        };
        let one_before: fn(&str) -> bool = |word| word.starts_with("ONE_TO_");
        let one_after: fn(&str) -> bool = |word| word.ends_with("_TO_ONE");
        let (there, back) = (&self.first_to_second, &self.second_to_first);
        match side {
            Side::First => says(there, one_after) || says(back, one_before),
            Side::Second => says(there, one_before) || says(back, one_after),
        }
    }
}
