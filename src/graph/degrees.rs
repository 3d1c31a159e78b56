//! How many nodes have how many links.

use crate::model::Side;

/// The degrees of all nodes that have links on one end of an association, kept
/// up to date at a constant cost a link, so that the greatest is known without a
/// scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Degrees {
    /// How many nodes have one link, two links, and so on; the last is not 0.
    nodes: Vec<u32>,
    distinct: u32,
}

impl Degrees {
    /// A node has one link more, and this many now.
    pub(crate) fn grow(&mut self, links: u32) {
        if links <= 1 {
            self.distinct += 1;
        }
        self.add(links, 1);
        self.add(links.saturating_sub(1), -1);
    }

    /// A node has one link fewer, and this many left.
    pub(crate) fn shrink(&mut self, links: u32) {
        if links == 0 {
            self.distinct -= 1;
        }
        self.add(links, 1);
        self.add(links + 1, -1);
    }

    fn add(&mut self, links: u32, change: i32) {
        let Some(at) = links.checked_sub(1) else { return };
        let at = at as usize;
        if at >= self.nodes.len() {
            self.nodes.resize(at + 1, 0);
        }
        if let Some(nodes) = self.nodes.get_mut(at) {
            *nodes = nodes.saturating_add_signed(change);
        }
        while self.nodes.last() == Some(&0) {
            self.nodes.pop();
        }
    }

    /// Nodes with at least one link.
    pub(crate) fn distinct(&self) -> u64 {
        u64::from(self.distinct)
    }

    /// The greatest number of links of one node.
    pub(crate) fn greatest(&self) -> u64 {
        self.nodes.len() as u64
    }

    /// Nodes with more than one link.
    pub(crate) fn with_several(&self) -> u64 {
        u64::from(self.distinct - self.nodes.first().copied().unwrap_or(0))
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
    /// By the links in which a record stands on this end.
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
}
