//! Relations: the links between two records.

use crate::model::association::Side;
use crate::model::ids::{AssociationId, ObjectKey, RecordId, RelationId};

/// A record: its object key and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordRef {
    /// The type of the record.
    pub object: ObjectKey,
    /// Its id.
    pub id: RecordId,
}

/// One link between two records under an association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The sender's id.
    pub id: RelationId,
    /// The association that gives the link its labels; it may be unknown yet.
    pub association: AssociationId,
    /// The record on the first end.
    pub first: RecordRef,
    /// The record on the second end.
    pub second: RecordRef,
}

impl Relation {
    /// Returns the record on this side.
    pub fn end(&self, side: Side) -> &RecordRef {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }
}
