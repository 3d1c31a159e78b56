//! From an outside id to a number, at 8 bytes an id.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::graph::memory::number::Number;

/// The keyed hash of an outside id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashed(u32);

impl Hashed {
    fn spread(self) -> u64 {
        // The table takes its bits from both ends of the word.
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

/// Numbers by the hash of their id; the ids themselves stay with the caller,
/// who compares them. The hash is kept, so that growing touches no text.
#[derive(Debug, Default, Clone)]
pub(crate) struct IdIndex {
    state: RandomState,
    table: HashTable<(u32, u32)>,
}

impl IdIndex {
    /// Returns the bytes of memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }

    pub(crate) fn hash(&self, id: impl Hash) -> Hashed {
        // Half of a good hash is a good hash.
        Hashed((self.state.hash_one(id) >> 32) as u32)
    }

    pub(crate) fn find<N: Number>(
        &self,
        hashed: Hashed,
        mut is: impl FnMut(N) -> bool,
    ) -> Option<N> {
        self.table
            .find(hashed.spread(), |&(hash, number)| hash == hashed.0 && is(N::from_u32(number)))
            .map(|&(_, number)| N::from_u32(number))
    }

    pub(crate) fn insert<N: Number>(&mut self, hashed: Hashed, number: N) {
        self.table.insert_unique(hashed.spread(), (hashed.0, number.as_u32()), |&(hash, _)| {
            Hashed(hash).spread()
        });
    }
}
