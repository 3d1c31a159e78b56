//! What a program wants to change.

use crate::model::{AssociationId, End, LocationId, ObjectKey, RecordId, RelationId, Seq};
use crate::store::delivery::Delivery;

/// Mutations of one location that are committed together, in order: all of those that are
/// not refused are on disk with consecutive sequence numbers, or none is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutations {
    /// The location. A first write creates it.
    pub location: LocationId,
    /// An id for tracing, which the journal keeps.
    pub trace_id: Option<Box<str>>,
    /// What to change. Each sees those before it. The writer does nothing else meanwhile, some
    /// tens of microseconds for each: a thousand at once are reasonable.
    pub mutations: Vec<Mutation>,
}

/// One change of an association, a relation or a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// Creates an association.
    CreateAssociation(NewAssociation),
    /// Gives an association other labels. Without a difference nothing is written.
    UpdateAssociation {
        /// Which association.
        id: AssociationId,
        /// The label of its first end.
        first_label: Box<str>,
        /// The label of its second end.
        second_label: Box<str>,
    },
    /// Deletes an association, which hides its relations.
    DeleteAssociation {
        /// Which association.
        id: AssociationId,
    },
    /// Links two records under an association, whose object keys they get. They need not be
    /// known.
    CreateRelation {
        /// The association.
        association: AssociationId,
        /// The record on its first end.
        first: RecordId,
        /// The record on its second end.
        second: RecordId,
    },
    /// Deletes a relation.
    DeleteRelation {
        /// Which relation.
        id: RelationId,
    },
    /// Creates a record.
    CreateRecord {
        /// Its object key.
        object: ObjectKey,
        /// Its id; `None` for a new one.
        id: Option<RecordId>,
        /// Its properties: a JSON object, or a list of such as
        /// `{"key":"pet_name","valueString":"Buddy"}`. How much is kept of them is for
        /// [`Options::keep`](crate::Options::keep).
        properties: Option<Box<str>>,
    },
    /// Changes the properties of a record.
    UpdateRecord {
        /// Its object key.
        object: ObjectKey,
        /// Its id.
        id: RecordId,
        /// Its properties, as of a new one.
        properties: Option<Box<str>>,
    },
    /// Deletes a record, which hides its relations.
    DeleteRecord {
        /// Its object key.
        object: ObjectKey,
        /// Its id.
        id: RecordId,
    },
    /// Writes a given event of the location if a condition holds.
    Append {
        /// The event.
        delivery: Box<Delivery>,
        /// What must be true of the thing that it concerns.
        condition: Condition,
    },
}

/// An association to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssociation {
    /// Its key, which no other association of the location may have.
    pub key: Box<str>,
    /// Its first end.
    pub first: End,
    /// Its second end.
    pub second: End,
    /// How many seconds one first may have, such as `MANY_TO_MANY`.
    pub first_to_second: Option<Box<str>>,
    /// The same, seen from the second end.
    pub second_to_first: Option<Box<str>>,
}

/// What must be true of a thing for an event to be written. Its newest event is the greatest
/// by the merge rule: the one that made it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its newest event is this one.
    NewestIs(Seq),
    /// There is no event of it.
    Unknown,
}
