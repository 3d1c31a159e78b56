//! How many links each record has, counted over the edge types of an association.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::graph::layers::record_data::{RecordRows, RelationRow};
use crate::graph::memory::adjacency::Slot;
use crate::graph::memory::allocation::map_bytes;
use crate::graph::memory::degrees::Degrees;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, RecordNo, RelationNo};
use crate::model::Side;

const BOTH: [Side; 2] = [Side::First, Side::Second];

/// What happened to a link.
#[derive(Debug, Clone, Copy)]
pub(super) enum LinkChange {
    Added,
    Removed,
}

impl LinkChange {
    fn apply(self, degrees: &mut Degrees, links: u32) {
        match self {
            Self::Added => degrees.grow(links),
            Self::Removed => degrees.shrink(links),
        }
    }
}

/// Number of links of a record on each end.
#[derive(Debug, Clone, Copy)]
struct Totals {
    first: u32,
    second: u32,
}

impl Totals {
    fn of(self, side: Side) -> u32 {
        if side == Side::First { self.first } else { self.second }
    }

    fn change(&mut self, side: Side, change: LinkChange) {
        let total = if side == Side::First { &mut self.first } else { &mut self.second };
        match change {
            LinkChange::Added => *total += 1,
            LinkChange::Removed => *total -= 1,
        }
    }

    fn is_zero(self) -> bool {
        self.first + self.second == 0
    }
}

/// Number of links of each record under each association.
///
/// While all links of a record under an association are of the association's first edge
/// type, the slots of that type say how many. With the first link of another type they are
/// counted here. Each link costs the same, however many edge types the association and
/// slots the record has.
#[derive(Debug, Default, Clone)]
pub(super) struct LinkCounts {
    /// Records of which some links are, or were, not of the association's first edge type.
    mixed: HashMap<(RecordNo, AssociationNo), Totals, RandomState>,
}

impl LinkCounts {
    /// Returns the bytes of memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        map_bytes(&self.mixed)
    }

    /// Counts the links of both ends of a relation that was linked or unlinked.
    pub(super) fn count(&mut self, rows: &mut RecordRows, number: RelationNo, change: LinkChange) {
        let RelationRow { kind, first, second, .. } = rows.relations[number];
        let association = rows.kinds[kind].kind.association;
        if first == second {
            self.note(rows, first, kind, &BOTH, change);
        } else {
            self.note(rows, first, kind, &[Side::First], change);
            self.note(rows, second, kind, &[Side::Second], change);
        }
        for (near, side) in [(first, Side::First), (second, Side::Second)] {
            let (here, there) = (
                self.links_on(rows, near, kind, side),
                self.links_on(rows, near, kind, side.other()),
            );
            let either = here + there - rows.loops_under(near, association);
            let degrees = &mut rows.joined[association].degrees;
            change.apply(degrees.of_mut(side), here);
            if side == Side::First || first != second {
                change.apply(&mut degrees.either, either);
            }
        }
    }

    /// Notes that a record has one link more or fewer of an edge type, on these ends.
    fn note(
        &mut self,
        rows: &RecordRows,
        near: RecordNo,
        kind: EdgeTypeNo,
        ends: &[Side],
        change: LinkChange,
    ) {
        let association = rows.kinds[kind].kind.association;
        let [oldest, _, ..] = *rows.kinds_under(association) else { return };
        let key = (near, association);
        if let Some(totals) = self.mixed.get_mut(&key) {
            for &end in ends {
                totals.change(end, change);
            }
            if totals.is_zero() {
                self.mixed.remove(&key);
            }
        } else if kind != oldest {
            let total =
                |side| slot_links(rows, near, oldest, side) + slot_links(rows, near, kind, side);
            let [first, second] = BOTH.map(total);
            self.mixed.insert(key, Totals { first, second });
        }
    }

    /// Returns how many links under the association of an edge type a record has on one
    /// end.
    fn links_on(&self, rows: &RecordRows, near: RecordNo, kind: EdgeTypeNo, side: Side) -> u32 {
        let association = rows.kinds[kind].kind.association;
        let [oldest, _, ..] = *rows.kinds_under(association) else {
            return slot_links(rows, near, kind, side);
        };
        let mixed = self.mixed.get(&(near, association));
        mixed.map_or_else(|| slot_links(rows, near, oldest, side), |totals| totals.of(side))
    }
}

fn slot_links(rows: &RecordRows, near: RecordNo, kind: EdgeTypeNo, side: Side) -> u32 {
    rows.adjacency[near].live(Slot::new(kind, side))
}
