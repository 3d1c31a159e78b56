//! The total order of events: what the merge rule takes the maximum over.

use crate::model::event::Rank;
use crate::model::timestamp::Timestamp;

/// The position of an accepted event in the journal: 1, 2, 3 … across all
/// locations; 0 is "before the first".
pub type Seq = u64;

/// The greatest position that a journal can have.
pub(crate) const SEQ_MAX: Seq = i64::MAX.unsigned_abs();

/// The rank of an event in the order of the merge rule: timestamp
/// (absent is oldest), then create < update < delete, then seq.
///
/// Packed into 16 bytes, since every relation carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    at: i64,
    rank_and_seq: u64,
}

const UNDATED: i64 = i64::MIN;
const SEQ_BITS: u32 = 62;
const SEQ_MASK: u64 = (1 << SEQ_BITS) - 1;

impl Stamp {
    /// Creates the stamp of an event of this rank, timestamp and journal position.
    pub fn new(at: Option<Timestamp>, rank: Rank, seq: Seq) -> Self {
        Self {
            at: at.map_or(UNDATED, |at| at.as_millis().max(UNDATED + 1)),
            rank_and_seq: (rank as u64) << SEQ_BITS | (seq & SEQ_MASK),
        }
    }

    /// Returns the event's own time, or `None` if it had none.
    pub fn at(self) -> Option<Timestamp> {
        (self.at != UNDATED).then_some(Timestamp::from_millis(self.at))
    }

    /// Returns whether it was a create, an update or a delete.
    pub fn rank(self) -> Rank {
        match self.rank_and_seq >> SEQ_BITS {
            0 => Rank::Create,
            1 => Rank::Update,
            _ => Rank::Delete,
        }
    }

    /// Returns the event's position in the journal.
    pub fn seq(self) -> Seq {
        self.rank_and_seq & SEQ_MASK
    }

    /// Returns whether the event was a delete.
    pub fn is_delete(self) -> bool {
        self.rank() == Rank::Delete
    }

    /// Returns whether both differ in seq alone: the same event delivered twice, or two
    /// events that only their order of delivery distinguishes.
    pub fn same_but_seq(self, other: Self) -> bool {
        self.at == other.at && self.rank() == other.rank()
    }
}
