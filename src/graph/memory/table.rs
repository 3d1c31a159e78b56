//! A growing table addressed by a typed number, cheap to copy.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use crate::graph::memory::allocation::ALLOCATION_BYTES;
use crate::graph::memory::number::Number;
use crate::graph::memory::ordinals::Places;
use crate::model::address;

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub(crate) struct $name(pub(crate) u32);

            impl Number for $name {
                fn from_u32(number: u32) -> Self {
                    Self(number)
                }

                fn as_u32(self) -> u32 {
                    self.0
                }
            }
        )*
    };
}

numbers! {
    /// An object key of one location.
    ObjectNo,
    /// An association of one location.
    AssociationNo,
    /// An association between one pair of object keys.
    EdgeTypeNo,
    /// A record of one location.
    RecordNo,
    /// A relation of one location.
    RelationNo,
}

/// Rows that a table holds in one exact allocation. Many locations have no more of anything,
/// and what each takes counts.
const FEW: usize = 4;

/// Rows in chunks, of 4,096 unless said otherwise. Growing never moves what is
/// there, so no insert pays for the whole table; a copy shares all chunks, and a
/// row written after it costs a copy of that row's chunk once.
#[derive(Debug, Clone)]
pub(crate) struct CowTable<N, T, const CHUNK: usize = 4096> {
    /// Full ones, one hop from their rows.
    chunks: Vec<Arc<[T]>>,
    tail: Tail<T>,
    places: Places,
    numbers: PhantomData<N>,
}

/// The last chunk, not yet full.
#[derive(Debug, Clone)]
enum Tail<T> {
    /// Takes no allocation while it is empty.
    Few(Arc<[T]>),
    Many(Arc<Vec<T>>),
}

impl<T> Tail<T> {
    fn rows(&self) -> &[T] {
        match self {
            Self::Few(rows) => rows,
            Self::Many(rows) => rows,
        }
    }
}

impl<N, T, const CHUNK: usize> Default for CowTable<N, T, CHUNK> {
    fn default() -> Self {
        let (chunks, tail) = (Vec::new(), Tail::Few(Arc::default()));
        Self { chunks, tail, places: Places::default(), numbers: PhantomData }
    }
}

impl<N: Number, T: Clone, const CHUNK: usize> CowTable<N, T, CHUNK> {
    pub(crate) fn len(&self) -> u32 {
        address(self.chunks.len() * CHUNK + self.tail.rows().len())
    }

    pub(crate) fn push(&mut self, row: T) -> N {
        let number = N::from_u32(self.len());
        if CHUNK == 1 {
            self.push_chunk(Arc::new([row]));
            return number;
        }
        match &mut self.tail {
            Tail::Few(few) if few.len() < FEW && self.chunks.is_empty() => {
                *few = with(few, row);
                if few.len() == CHUNK {
                    let full = std::mem::take(few);
                    self.push_chunk(full);
                }
            }
            Tail::Few(few) => {
                // The first chunk grows from nothing: many locations are small.
                let room = if self.chunks.is_empty() { 2 * FEW } else { CHUNK };
                let mut rows = Vec::with_capacity(room);
                rows.extend(few.iter().cloned());
                rows.push(row);
                self.tail = Tail::Many(Arc::new(rows));
            }
            Tail::Many(many) => {
                let rows = Arc::make_mut(many);
                rows.push(row);
                if rows.len() == CHUNK {
                    let full = std::mem::take(rows).into();
                    self.tail = Tail::Few(Arc::default());
                    self.push_chunk(full);
                }
            }
        }
        number
    }

    fn push_chunk(&mut self, chunk: Arc<[T]>) {
        if self.chunks.len() == self.chunks.capacity() && self.chunks.len() < FEW {
            self.chunks.reserve_exact(1);
        }
        self.chunks.push(chunk);
    }

    /// Gives the next row a place after that of every row. Returns `false` if it is not.
    pub(crate) fn skip_to(&mut self, place: u32) -> bool {
        let next = N::from_u32(self.len());
        self.places.begin(next, place)
    }

    /// Returns the place of a row, which it keeps when rows before it are taken out.
    pub(crate) fn place(&self, number: N) -> u32 {
        self.places.of(number)
    }

    /// Returns the row at this place, if it is there.
    pub(crate) fn at(&self, place: u32) -> Option<N> {
        let behind = self.behind(place);
        let number = N::from_u32(behind.checked_sub(1)?);
        (self.place(number) == place).then_some(number)
    }

    /// Returns the number of the first row after this place, or how many there are.
    pub(crate) fn behind(&self, place: u32) -> u32 {
        // No more than there are, which fits.
        u32::try_from(self.places.behind(place)).map_or(self.len(), |row| row.min(self.len()))
    }

    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = N> + use<N, T, CHUNK> {
        (0..self.len()).map(N::from_u32)
    }

    /// Returns the rows that may differ from those of an earlier copy: all of each chunk
    /// that they do not share, and those that are new. Costs the chunks, and what it returns.
    pub(crate) fn changed_since(&self, copy: &Self) -> impl Iterator<Item = N> {
        let is_shared = |(chunk, old): (&Arc<[T]>, &Arc<[T]>)| Arc::ptr_eq(chunk, old);
        let shared = self.chunks.iter().zip(&copy.chunks).map(is_shared);
        let is_tail_shared = self.chunks.len() == copy.chunks.len()
            && match (&self.tail, &copy.tail) {
                (Tail::Few(rows), Tail::Few(old)) => Arc::ptr_eq(rows, old),
                (Tail::Many(rows), Tail::Many(old)) => Arc::ptr_eq(rows, old),
                _ => false,
            };
        let rest = self.chunks.len() - self.chunks.len().min(copy.chunks.len());
        let shared = shared.chain(std::iter::repeat_n(false, rest)).chain([is_tail_shared]);
        let chunks = shared.enumerate().filter(|(_, is_shared)| !is_shared);
        let len = self.len();
        chunks.flat_map(move |(at, _)| {
            let (from, to) = (address::<u32>(at * CHUNK), address::<u32>((at + 1) * CHUNK));
            (from..to.min(len)).map(N::from_u32)
        })
    }

    /// Returns the bytes of memory that its rows take, without what they point to.
    pub(crate) fn bytes(&self) -> usize {
        let tail = match &self.tail {
            Tail::Few(rows) => rows.len(),
            Tail::Many(rows) => rows.capacity(),
        };
        let rows = (self.chunks.len() * CHUNK + tail) * size_of::<T>();
        rows + self.chunks.capacity() * size_of::<Arc<[T]>>()
            + (self.chunks.len() + 1) * ALLOCATION_BYTES
            + self.places.bytes()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (N, &T)> {
        let full = self.chunks.iter().flat_map(|chunk| chunk.iter());
        self.numbers().zip(full.chain(self.tail.rows()))
    }
}

impl<N: Number, T, const CHUNK: usize> Index<N> for CowTable<N, T, CHUNK> {
    type Output = T;

    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are given out by push and never taken back"
    )]
    #[inline]
    fn index(&self, number: N) -> &T {
        let row = number.as_u32() as usize;
        match self.chunks.get(row / CHUNK) {
            Some(chunk) => &chunk[row % CHUNK],
            None => &self.tail.rows()[row % CHUNK],
        }
    }
}

impl<N: Number, T: Clone, const CHUNK: usize> IndexMut<N> for CowTable<N, T, CHUNK> {
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are given out by push and never taken back"
    )]
    fn index_mut(&mut self, number: N) -> &mut T {
        let row = number.as_u32() as usize;
        match self.chunks.get_mut(row / CHUNK) {
            Some(chunk) => &mut Arc::make_mut(chunk)[row % CHUNK],
            None => match &mut self.tail {
                Tail::Few(rows) => &mut Arc::make_mut(rows)[row % CHUNK],
                Tail::Many(rows) => &mut Arc::make_mut(rows)[row % CHUNK],
            },
        }
    }
}

/// These rows and one more. Rows that no copy shares are moved, not cloned.
fn with<T: Clone>(rows: &Arc<[T]>, row: T) -> Arc<[T]> {
    rows.iter().cloned().chain(std::iter::once(row)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::memory::table::RecordNo;

    proptest! {
        #[test]
        fn a_copy_shows_which_rows_changed(
            before in 0..20_u32,
            steps in prop::collection::vec((0..30_u32, any::<bool>()), 0..8),
        ) {
            let mut table: CowTable<RecordNo, u32, 4> = CowTable::default();
            for row in 0..before {
                table.push(row);
            }
            let copy = table.clone();
            for (row, is_new) in steps {
                if is_new {
                    table.push(100 + row);
                } else if row < table.len() {
                    table[RecordNo(row)] += 100;
                }
            }
            let changed: Vec<RecordNo> = table.changed_since(&copy).collect();
            prop_assert!(changed.is_sorted_by(|a, b| a < b));
            for (number, row) in table.iter() {
                let is_same = number.0 < copy.len() && copy[number] == *row;
                prop_assert!(is_same || changed.contains(&number), "{:?}", number);
            }
            // Chunks that were not written are shared.
            prop_assert!(table.clone().changed_since(&table).next().is_none());
        }
    }
}
