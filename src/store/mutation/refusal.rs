//! Why a mutation was refused.

use crate::model::Seq;
use crate::store::name_limits::LimitReached;
use crate::webhook::DecodeError;

/// Why a mutation was refused. Nothing of it was written; the others of the same call are not
/// affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MutationRefusal {
    /// A text in it cannot be part of an event: fix it.
    #[error(transparent)]
    Invalid(#[from] DecodeError),
    /// An association of the location has this key.
    #[error("an association has this key")]
    DuplicateAssociationKey,
    /// There is no such association, or it was deleted.
    #[error("association not found")]
    AssociationNotFound,
    /// The association is one of the sender's own, which cannot be changed.
    #[error("system defined associations cannot be changed")]
    SystemAssociation,
    /// A relation under this association links these records already.
    #[error("a relation under this association links these records")]
    DuplicateRelation,
    /// There is no such relation, or it was deleted or is hidden by the delete of a record or
    /// an association.
    #[error("relation not found")]
    RelationNotFound,
    /// A record of this object key and id was created before.
    #[error("the record exists")]
    DuplicateRecord,
    /// There is no such record, or it was deleted.
    #[error("record not found")]
    RecordNotFound,
    /// It names more than the store may hold.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The thing is not as the [`Condition`](crate::mutation::Condition) says.
    #[error("the thing has changed")]
    ConditionFailed {
        /// The newest event of the thing, `None` if there is none.
        newest: Option<Seq>,
    },
    /// An event about the thing is dated so late that no time is left after it.
    #[error("an event of the thing is dated so late that none can follow it")]
    NoLaterTime,
}
