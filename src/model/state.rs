//! The state of things as a checkpoint keeps it, one row a thing.
//!
//! Rows of one location arrive in the order objects, associations, records,
//! relations, names, each by ascending number, so that a row refers only to rows
//! before it. Numbers only grow, and what is dropped leaves a gap: they give lists their
//! order and cursors their meaning, and survive a restart.

use crate::model::association::Association;
use crate::model::event::ObjectSchema;
use crate::model::properties::Properties;
use crate::model::stamp::{Seq, Stamp};

/// What is known of a record from its own events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordState {
    /// Its greatest event.
    pub last: Option<Stamp>,
    /// Its greatest delete: links older than it are hidden, even if the record
    /// came back later.
    pub deleted: Option<Stamp>,
}

impl RecordState {
    /// Returns the state after one more event.
    #[must_use]
    pub fn with(self, stamp: Stamp) -> Self {
        Self {
            last: self.last.max(Some(stamp)),
            deleted: if stamp.is_delete() { self.deleted.max(Some(stamp)) } else { self.deleted },
        }
    }

    /// Returns the state after the events of both.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self { last: self.last.max(other.last), deleted: self.deleted.max(other.deleted) }
    }

    /// Returns whether its greatest event is a delete.
    pub fn is_deleted(self) -> bool {
        self.last.is_some_and(Stamp::is_delete)
    }
}

/// One thing of one location.
#[derive(Debug, Clone, PartialEq)]
pub enum StateRow<'a> {
    /// A type of things.
    Object {
        /// Its number within the location.
        number: u32,
        /// The object key.
        key: &'a str,
        /// The schema and the event that declared it, if one did.
        schema: Option<(&'a ObjectSchema, Stamp)>,
    },
    /// An association; one that only relations have named has no stamp.
    Association {
        /// Its number within the location.
        number: u32,
        /// The sender's id.
        id: &'a str,
        /// The event that gave it its state.
        stamp: Option<Stamp>,
        /// Its definition; absent when it is deleted or only named.
        definition: Option<&'a Association>,
    },
    /// What record events without an object key have said of an id.
    UnkeyedRecord {
        /// The record id.
        id: &'a str,
        /// What they said.
        state: RecordState,
    },
    /// A record.
    Record {
        /// Its number within the location.
        number: u32,
        /// The number of its object key.
        object: u32,
        /// The record id.
        id: &'a str,
        /// What its own events have said.
        state: RecordState,
    },
    /// A relation; deleted when its stamp is a delete's.
    Relation {
        /// Its number within the location.
        number: u32,
        /// The sender's id.
        id: &'a str,
        /// The number of its association.
        association: u32,
        /// The number of its first record.
        first: u32,
        /// The number of its second record.
        second: u32,
        /// The event that gave it its state.
        stamp: Stamp,
    },
    /// What names a thing, or can.
    Name {
        /// The thing.
        of: NamedThing<'a>,
        /// Its properties: `singular`, `plural` and `primary` of a type of things, `name` of
        /// a location. Of a record whose schema says which property names it, or that is of
        /// a built-in object, the name alone, under an empty key.
        properties: &'a Properties,
    },
}

/// A thing that can have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedThing<'a> {
    /// The location.
    Location,
    /// A type of things, by its number.
    Object(u32),
    /// A record, by its number.
    Record(u32),
    /// Every record of this id, by events without an object key.
    UnkeyedRecord(&'a str),
}

/// Which row of one location it is that is no longer there. Object keys stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKey<'a> {
    /// An association, by its number.
    Association(u32),
    /// What record events without an object key have said of this id.
    UnkeyedRecord(&'a str),
    /// A record, by its number.
    Record(u32),
    /// A relation, by its number.
    Relation(u32),
}

/// A thing of a location by its id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThingId<'i> {
    /// An association.
    Association(&'i str),
    /// A relation.
    Relation(&'i str),
}

impl StateRow<'_> {
    /// Returns whether it is the row of this thing.
    pub(crate) fn is_of(&self, thing: ThingId<'_>) -> bool {
        match (self, thing) {
            (Self::Association { id, .. }, ThingId::Association(of))
            | (Self::Relation { id, .. }, ThingId::Relation(of)) => *id == of,
            _ => false,
        }
    }

    /// Returns the last event that the row covers, 0 if none.
    pub(crate) fn newest(&self) -> Seq {
        let seq = |stamp: Option<Stamp>| stamp.map_or(0, Stamp::seq);
        match *self {
            Self::Object { schema, .. } => seq(schema.map(|(_, stamp)| stamp)),
            Self::Association { stamp, .. } => seq(stamp),
            Self::UnkeyedRecord { state, .. } | Self::Record { state, .. } => {
                seq(state.last).max(seq(state.deleted))
            }
            Self::Relation { stamp, .. } => stamp.seq(),
            Self::Name { properties, .. } => properties.newest(),
        }
    }
}
