//! How many nodes have how many links.

use crate::model::Side;

/// The degrees of all nodes that have links on one end of an association, kept
/// up to date with each link, so that the greatest is known without a
/// scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Degrees {
    /// How many nodes have how many links, ascending by links, from two links on. Only
    /// numbers of links that some node has: a hub of a million is one entry to copy, and a
    /// million links are 1,414 entries at most.
    nodes: Vec<(u32, u32)>,
    /// How many nodes have one link; apart, since many associations have no others.
    with_one: u32,
    distinct: u32,
}

impl Degrees {
    /// Notes that a node has one link more, and this many now.
    pub(crate) fn grow(&mut self, links: u32) {
        if links <= 1 {
            self.distinct += 1;
        }
        self.add(links, 1);
        self.add(links.saturating_sub(1), -1);
    }

    /// Notes that a node has one link fewer, and this many left.
    pub(crate) fn shrink(&mut self, links: u32) {
        if links == 0 {
            self.distinct -= 1;
        }
        self.add(links, 1);
        self.add(links + 1, -1);
    }

    fn add(&mut self, links: u32, change: i32) {
        if links <= 1 {
            self.with_one =
                self.with_one.saturating_add_signed(if links == 1 { change } else { 0 });
            return;
        }
        let at = self.nodes.partition_point(|&(of, _)| of < links);
        match self.nodes.get_mut(at) {
            Some((of, nodes)) if *of == links => {
                *nodes = nodes.saturating_add_signed(change);
                if *nodes == 0 {
                    self.nodes.remove(at);
                }
            }
            _ if change > 0 => self.nodes.insert(at, (links, 1)),
            _ => {}
        }
    }

    /// Returns the number of nodes with at least one link.
    pub(crate) fn distinct(&self) -> u64 {
        u64::from(self.distinct)
    }

    /// Returns the greatest number of links of one node.
    pub(crate) fn greatest(&self) -> u64 {
        let several = self.nodes.last().map(|&(links, _)| u64::from(links));
        several.unwrap_or_else(|| u64::from(self.with_one.min(1)))
    }

    /// Returns the number of nodes with more than one link.
    pub(crate) fn with_several(&self) -> u64 {
        u64::from(self.distinct - self.with_one)
    }
}

/// The degrees of the records that one association joins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AssociationDegrees {
    first: Degrees,
    second: Degrees,
    /// By the links on both ends together, one from a record to itself counted
    /// once.
    pub(crate) either: Degrees,
}

impl AssociationDegrees {
    /// Returns the degrees by the links in which a record is on this end.
    pub(crate) fn of(&self, side: Side) -> &Degrees {
        if side == Side::First { &self.first } else { &self.second }
    }

    pub(crate) fn of_mut(&mut self, side: Side) -> &mut Degrees {
        if side == Side::First { &mut self.first } else { &mut self.second }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_what_a_map_of_nodes_counts(
            steps in prop::collection::vec((any::<bool>(), 0u8..6), 0..200),
        ) {
            let mut links: BTreeMap<u8, u32> = BTreeMap::new();
            let mut degrees = Degrees::default();
            for (add, node) in steps {
                let held = links.entry(node).or_default();
                if add {
                    *held += 1;
                    degrees.grow(*held);
                } else if *held > 0 {
                    *held -= 1;
                    degrees.shrink(*held);
                }
            }
            let counted = |least: u32| links.values().filter(|held| **held >= least).count();
            prop_assert_eq!(degrees.distinct(), counted(1) as u64);
            prop_assert_eq!(degrees.with_several(), counted(2) as u64);
            let greatest = links.values().max().copied().unwrap_or(0);
            prop_assert_eq!(degrees.greatest(), u64::from(greatest));
        }
    }

    /// The first event after a copy once copied as many counts as the greatest hub
    /// of the association had links.
    #[test]
    fn a_hub_is_one_count_to_copy() {
        let mut degrees = Degrees::default();
        for links in 1..=100_000 {
            degrees.grow(links);
        }
        assert_eq!(degrees.greatest(), 100_000);
        assert_eq!(degrees.nodes.len(), 1);
    }
}
