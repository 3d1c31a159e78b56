//! The links of one node, grouped by label slot.

use crate::graph::memory::table::{EdgeTypeNo, RecordNo, RelationNo};
use crate::model::{Side, address};

/// One end of a kind of link: what a label is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u32);

impl Slot {
    pub(crate) fn new(kind: EdgeTypeNo, side: Side) -> Self {
        Self(kind.0 << 1 | u32::from(side == Side::Second))
    }

    pub(crate) fn kind(self) -> EdgeTypeNo {
        EdgeTypeNo(self.0 >> 1)
    }

    /// Returns the slot in which the far end has the same links.
    pub(crate) fn other(self) -> Self {
        Self(self.0 ^ 1)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the end that the node itself is on.
    pub(crate) fn side(self) -> Side {
        if self.0 & 1 == 0 { Side::First } else { Side::Second }
    }
}

/// One link as seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdjacencyEntry {
    pub(crate) slot: Slot,
    pub(crate) far: RecordNo,
    pub(crate) relation: RelationNo,
}

/// The number that no record has: it marks an entry that is gone.
const GONE: RecordNo = RecordNo(u32::MAX);

impl AdjacencyEntry {
    pub(crate) fn is_gone(self) -> bool {
        self.far == GONE
    }

    /// Returns the same link as seen from its far end, where `near` is far.
    pub(crate) fn seen_from_far(self, near: u32) -> Self {
        Self { slot: self.slot.other(), far: RecordNo(near), relation: self.relation }
    }
}

/// The links of one slot, by ascending relation number; some may be gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) slot: Slot,
    pub(crate) live: u32,
    pub(crate) entries: &'a [AdjacencyEntry],
}

/// The links of one node.
///
/// Invariants:
/// 1. Entries are sorted by slot, and within a slot by relation number, each
///    number once.
/// 2. A node of few links keeps them in one vector, without gone entries.
/// 3. A node of many keeps one vector a slot. There a removed entry is marked and
///    swept with others, so that removing a link of a hub does not move the others;
///    few are gone, or no more than one of nine, so that who reads from either end
///    passes over few.
#[derive(Debug, Clone)]
pub(crate) enum Adjacency {
    Few(Vec<AdjacencyEntry>),
    Many(Box<[Group]>),
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    slot: Slot,
    live: u32,
    entries: Vec<AdjacencyEntry>,
}

/// Where few becomes many: an insert into the one vector moves at most this
/// many entries of 12 bytes.
const FEW: usize = 48;

impl Default for Adjacency {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Adjacency {
    /// Adds a link and returns how many its slot has now.
    pub(crate) fn insert(&mut self, entry: AdjacencyEntry) -> u32 {
        match self {
            Self::Few(entries) if entries.len() < FEW => {
                let at = entries
                    .partition_point(|e| (e.slot, e.relation) < (entry.slot, entry.relation));
                if entries.len() == entries.capacity() {
                    // Half again, not double: most nodes stop growing soon.
                    entries.reserve_exact(1 + entries.len() / 2);
                }
                entries.insert(at, entry);
                count(entries, entry.slot)
            }
            Self::Few(entries) => {
                let mut groups: Vec<Group> = Vec::new();
                for entry in entries.drain(..) {
                    match groups.last_mut().filter(|group| group.slot == entry.slot) {
                        Some(group) => group.insert(entry),
                        None => groups.push(Group::of(entry)),
                    }
                }
                *self = Self::Many(groups.into());
                self.insert(entry)
            }
            Self::Many(groups) => {
                let at = match groups.binary_search_by_key(&entry.slot, |group| group.slot) {
                    Ok(at) => {
                        if let Some(group) = groups.get_mut(at) {
                            group.insert(entry);
                        }
                        at
                    }
                    Err(at) => {
                        let mut more = std::mem::take(groups).into_vec();
                        more.insert(at, Group::of(entry));
                        *groups = more.into();
                        at
                    }
                };
                groups.get(at).map_or(0, |group| group.live)
            }
        }
    }

    /// Removes a link and returns how many its slot has left.
    pub(crate) fn remove(&mut self, slot: Slot, relation: RelationNo) -> u32 {
        match self {
            Self::Few(entries) => {
                if let Ok(at) =
                    entries.binary_search_by_key(&(slot, relation), |e| (e.slot, e.relation))
                {
                    entries.remove(at);
                }
                count(entries, slot)
            }
            Self::Many(groups) => {
                let mut left = 0;
                if let Ok(at) = groups.binary_search_by_key(&slot, |group| group.slot)
                    && let Some(group) = groups.get_mut(at)
                {
                    group.remove(relation);
                    left = group.live;
                    if left == 0 {
                        let mut fewer = std::mem::take(groups).into_vec();
                        fewer.remove(at);
                        *groups = fewer.into();
                    }
                }
                left
            }
        }
    }

    /// Returns the slots of this node, ascending.
    #[inline]
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        let (mut few, many) = match self {
            Self::Few(entries) => (entries.as_slice(), [].as_slice()),
            Self::Many(groups) => ([].as_slice(), &**groups),
        };
        let few = std::iter::from_fn(move || {
            let slot = few.first()?.slot;
            let end = few.iter().position(|entry| entry.slot != slot);
            let (entries, rest) = few.split_at(end.unwrap_or(few.len()));
            few = rest;
            let live = address(entries.len());
            Some(Run { slot, live, entries })
        });
        let many = many.iter().map(|group| Run {
            slot: group.slot,
            live: group.live,
            entries: &group.entries,
        });
        few.chain(many)
    }

    /// Returns every link that is there.
    pub(crate) fn entries(&self) -> impl Iterator<Item = AdjacencyEntry> {
        self.runs().flat_map(|run| run.entries.iter().copied().filter(|entry| !entry.is_gone()))
    }

    /// Returns how many links of one slot there are.
    pub(crate) fn live(&self, slot: Slot) -> u32 {
        match self {
            Self::Few(entries) => count(entries, slot),
            Self::Many(groups) => {
                let at = groups.binary_search_by_key(&slot, |group| group.slot).ok();
                at.and_then(|at| groups.get(at)).map_or(0, |group| group.live)
            }
        }
    }

    /// Returns how many slots there are at most.
    pub(crate) fn slots_at_most(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(groups) => groups.len(),
        }
    }

    /// Returns how many links there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(groups) => groups.iter().map(|group| group.live as usize).sum(),
        }
    }

    /// Returns the bytes of memory that it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let of = |entries: &Vec<AdjacencyEntry>| {
            let bytes = entries.capacity() * size_of::<AdjacencyEntry>();
            if bytes > 0 { bytes.next_multiple_of(16) + 8 } else { 0 }
        };
        match self {
            Self::Few(entries) => of(entries),
            Self::Many(groups) => {
                let entries: usize = groups.iter().map(|group| of(&group.entries)).sum();
                entries + size_of_val(&**groups)
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few(entries) => entries.is_empty(),
            Self::Many(groups) => groups.is_empty(),
        }
    }
}

/// Returns how many of a few entries are of this slot.
fn count(entries: &[AdjacencyEntry], slot: Slot) -> u32 {
    let from = entries.partition_point(|entry| entry.slot < slot);
    let of_slot = entries.iter().skip(from).take_while(|entry| entry.slot == slot);
    address(of_slot.count())
}

impl Group {
    fn of(entry: AdjacencyEntry) -> Self {
        Self { slot: entry.slot, live: 1, entries: vec![entry] }
    }

    fn insert(&mut self, entry: AdjacencyEntry) {
        self.live += 1;
        if self.entries.last().is_none_or(|last| last.relation < entry.relation) {
            self.entries.push(entry);
            return;
        }
        // A relation that was seen before comes back to its place.
        match self.entries.binary_search_by_key(&entry.relation, |e| e.relation) {
            Ok(at) => {
                if let Some(gone) = self.entries.get_mut(at) {
                    *gone = entry;
                }
            }
            Err(at) => self.entries.insert(at, entry),
        }
    }

    fn remove(&mut self, relation: RelationNo) {
        let Ok(at) = self.entries.binary_search_by_key(&relation, |e| e.relation) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(at).filter(|entry| !entry.is_gone()) else {
            return;
        };
        entry.far = GONE;
        self.live -= 1;
        let gone = self.entries.len() - self.live as usize;
        if self.entries.len() > FEW && gone > self.live as usize / 8 {
            self.entries.retain(|entry| !entry.is_gone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn entry(slot: u32, far: u32, relation: u32) -> AdjacencyEntry {
        AdjacencyEntry { slot: Slot(slot), far: RecordNo(far), relation: RelationNo(relation) }
    }

    #[test]
    fn keeps_three_words() {
        assert_eq!(size_of::<Adjacency>(), 24);
        assert_eq!(size_of::<AdjacencyEntry>(), 12);
    }

    proptest! {
        #[test]
        fn holds_what_a_sorted_map_holds(
            steps in prop::collection::vec((any::<bool>(), 0u32..4, 0u32..400), 0..900),
        ) {
            let mut model = BTreeMap::new();
            let mut adjacency = Adjacency::default();
            for (insert, slot, relation) in steps {
                let key = (slot, relation);
                let told = if insert && !model.contains_key(&key) {
                    model.insert(key, entry(slot, relation * 7, relation));
                    adjacency.insert(entry(slot, relation * 7, relation))
                } else if !insert {
                    model.remove(&key);
                    adjacency.remove(Slot(slot), RelationNo(relation))
                } else {
                    continue;
                };
                let of_slot = model.keys().filter(|(of, _)| *of == slot).count();
                prop_assert_eq!(told as usize, of_slot);
            }
            let held: Vec<AdjacencyEntry> = adjacency.entries().collect();
            prop_assert_eq!(held, model.values().copied().collect::<Vec<_>>());
            let live: u32 = adjacency.runs().map(|run| run.live).sum();
            prop_assert_eq!(live as usize, model.len());
            prop_assert_eq!(adjacency.is_empty(), model.is_empty());
            // Who reads from either end passes over few that are gone.
            for run in adjacency.runs() {
                let (gone, live) = (run.entries.len() - run.live as usize, run.live as usize);
                prop_assert!(gone <= FEW.max(live / 8), "{gone} of {live}");
            }
        }
    }
}
