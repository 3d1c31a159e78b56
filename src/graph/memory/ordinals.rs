//! The places of rows in every order that an answer shows, kept for as long as the rows
//! are there.

use std::sync::Arc;

use crate::graph::memory::number::Number;
use crate::model::address;

/// The places of the rows of a [`CowTable`](crate::graph::memory::table::CowTable). A row keeps its place
/// when others before it are taken out, and its number does not: lists keep their order
/// and cursors their meaning.
///
/// Until a row was taken out, a place is a number. From then on each row that was there
/// takes four bytes more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Of the rows up to the last gap, ascending; takes no allocation while there is none.
    before: Option<Arc<Vec<u32>>>,
    /// The place of the first row after those.
    base: u32,
}

impl Places {
    /// Returns the bytes of memory that they take beside this.
    pub(crate) fn bytes(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.capacity() * size_of::<u32>())
    }

    /// Returns the place of a row.
    pub(crate) fn of<N: Number>(&self, number: N) -> u32 {
        let number = number.as_u32();
        match self.before().get(number as usize) {
            Some(place) => *place,
            None => self.base + (number - self.gapped()),
        }
    }

    /// Returns the number of the first row after a place, whether there is one or not.
    pub(crate) fn behind(&self, place: u32) -> u64 {
        if place >= self.base {
            return u64::from(self.gapped()) + u64::from(place - self.base) + 1;
        }
        self.before().partition_point(|known| *known <= place) as u64
    }

    /// Says that the next row, which will get this number, has a place. Returns
    /// `false` if a row before it has that place or a later one.
    pub(crate) fn begin<N: Number>(&mut self, next: N, place: u32) -> bool {
        let expected = self.of(next);
        if place > expected {
            let from = self.gapped();
            let dense = (from..next.as_u32()).map(|number| self.base + (number - from));
            let dense: Vec<u32> = dense.collect();
            Arc::make_mut(self.before.get_or_insert_default()).extend(dense);
            self.base = place;
        }
        place >= expected
    }

    fn before(&self) -> &[u32] {
        self.before.as_deref().map_or(&[], Vec::as_slice)
    }

    fn gapped(&self) -> u32 {
        address(self.before().len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::memory::table::RelationNo;

    proptest! {
        #[test]
        fn rows_keep_the_places_that_they_were_given(gaps in prop::collection::vec(0u32..3, 0..60)) {
            let mut places = Places::default();
            let mut given = Vec::new();
            let mut next = 0;
            for (number, gap) in (0..).zip(gaps) {
                next += gap;
                prop_assert!(places.begin(RelationNo(number), next));
                prop_assert!(next == 0 || !places.clone().begin(RelationNo(number), next - 1));
                given.push(next);
                next += 1;
            }
            for (number, place) in (0..).zip(&given) {
                prop_assert_eq!(places.of(RelationNo(number)), *place);
            }
            for place in 0..next + 3 {
                let before = given.iter().filter(|given| **given <= place).count() as u64;
                let behind = places.behind(place).min(given.len() as u64);
                prop_assert_eq!(behind, before);
            }
        }
    }
}
