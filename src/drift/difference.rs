//! One thing that the sender and the store do not have alike.

use std::fmt;
use std::str::FromStr;

use crate::model::{Association, ParseNameError, RecordRef, Relation};
use crate::pull::ObjectRow;

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A type of objects.
    Object,
    /// An association.
    Association,
    /// A record.
    Record,
    /// A relation.
    Relation,
}

impl What {
    /// All kinds of things, each behind what it needs.
    pub const ALL: [Self; 4] = [Self::Object, Self::Association, Self::Record, Self::Relation];

    /// Returns the name, as reports have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Association => "association",
            Self::Record => "record",
            Self::Relation => "relation",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for What {
    type Err = ParseNameError;

    /// Parses the plural: `objects`, `associations`, `records` or `relations`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_named = |what: &Self| name.strip_suffix('s') == Some(what.as_str());
        Self::ALL.into_iter().find(is_named).ok_or_else(|| {
            ParseNameError::none_of(&["objects", "associations", "records", "relations"])
        })
    }
}

/// How the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The sender has it, the store does not.
    Missing,
    /// The store has it, the sender does not.
    Extra,
    /// Both have it, and not alike.
    Different,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Extra, Self::Different];

    /// Returns the name, as reports have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A thing as one side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A type of objects.
    Object(ObjectRow),
    /// An association.
    Association(Association),
    /// A record.
    Record(RecordRef),
    /// A relation.
    Relation(Relation),
}

impl Thing {
    /// Returns what kind of thing it is.
    pub const fn what(&self) -> What {
        match self {
            Self::Object(_) => What::Object,
            Self::Association(_) => What::Association,
            Self::Record(_) => What::Record,
            Self::Relation(_) => What::Relation,
        }
    }

    /// Returns its id; of a type of objects, the object key.
    pub fn id(&self) -> &str {
        match self {
            Self::Object(object) => object.key.as_str(),
            Self::Association(association) => association.id.as_str(),
            Self::Record(record) => record.id.as_str(),
            Self::Relation(relation) => relation.id.as_str(),
        }
    }

    /// Returns whether the sender's side and the store's say the same. What only one of them
    /// says is no difference: cardinalities, and labels of objects.
    fn agrees(&self, local: &Self) -> bool {
        match (self, local) {
            (Self::Object(one), Self::Object(other)) => {
                says_same(one.singular.as_deref(), other.singular.as_deref())
                    && says_same(one.plural.as_deref(), other.plural.as_deref())
            }
            (Self::Association(one), Self::Association(other)) => {
                one.key == other.key
                    && one.association_type == other.association_type
                    && one.first == other.first
                    && one.second == other.second
                    && (one.first_to_second.is_none()
                        || other.first_to_second.is_none()
                        || one.first_to_second == other.first_to_second)
                    && (one.second_to_first.is_none()
                        || other.second_to_first.is_none()
                        || one.second_to_first == other.second_to_first)
            }
            _ => self == local,
        }
    }
}

/// Returns whether a label that the sender gives is what the store shows.
fn says_same(upstream: Option<&str>, local: Option<&str>) -> bool {
    upstream.is_none() || upstream == local
}

/// One thing that the two sides do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    upstream: Option<Thing>,
    local: Option<Thing>,
}

impl Difference {
    /// Compares what the sender and the store have of one thing.
    pub fn of(upstream: Option<Thing>, local: Option<Thing>) -> Option<Self> {
        let agrees = match (&upstream, &local) {
            (None, None) => true,
            (Some(upstream), Some(local)) => upstream.agrees(local),
            _ => false,
        };
        (!agrees).then_some(Self { upstream, local })
    }

    /// Returns the thing as the sender has it.
    pub const fn upstream(&self) -> Option<&Thing> {
        self.upstream.as_ref()
    }

    /// Returns the thing as the store has it.
    pub const fn local(&self) -> Option<&Thing> {
        self.local.as_ref()
    }

    /// Returns the thing as the sender has it, else as the store has it.
    pub fn thing(&self) -> Option<&Thing> {
        self.upstream.as_ref().or(self.local.as_ref())
    }

    /// Returns what kind of thing it is.
    pub fn what(&self) -> What {
        self.thing().map_or(What::Record, Thing::what)
    }

    /// Returns how the two sides differ.
    pub const fn kind(&self) -> Kind {
        match (&self.upstream, &self.local) {
            (Some(_), Some(_)) => Kind::Different,
            (Some(_), None) => Kind::Missing,
            (None, _) => Kind::Extra,
        }
    }

    /// Returns the id of the thing.
    pub fn id(&self) -> &str {
        self.thing().map_or("", Thing::id)
    }
}
