//! What became of mutations.

use crate::model::{Association, RecordRef, Relation, Seq};
use crate::store::delivery::Status;
use crate::store::mutation::refusal::MutationRefusal;

/// What became of mutations that were committed together. All that was done is on disk, and
/// every query sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutated {
    /// The outcome of each, in the order of the request.
    pub outcomes: Vec<Result<Done, MutationRefusal>>,
    /// The last event of the store after them.
    pub head: Seq,
}

/// A mutation that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The thing as it stands now, or stood when it was deleted.
    pub thing: Thing,
    /// The event of it; `None` if none was needed.
    pub seq: Option<Seq>,
}

/// The thing that a mutation was of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An association.
    Association(Association),
    /// A relation.
    Relation(Relation),
    /// A record.
    Record(RecordRef),
    /// What a given event is of, and the outcome of the event.
    Event(Status),
}
