//! The graph that all stores are filled with: nodes numbered from 1, and the links of each to
//! those that follow it.

use super::distributions::{Random, Shuffle, degree};

/// Links have one of two types, as `link_type_count` has it.
pub(crate) const TYPES: u64 = 2;

/// What a node carries at most. LinkBench has no such limit; Relata answers names, which hold
/// the payload here, up to this length.
const NODE_BYTES: usize = 256;
const LINK_BYTES: usize = 255;

/// When the first link was made, in milliseconds since 1970; each that follows is later.
const LOADED_AT: i64 = 1_700_000_000_000;

/// Seed of the order of the nodes by their links. Requests that prefer nodes with many links
/// use the same; it is that of LinkBench, as are the other seeds of orders.
pub(crate) const BY_LINKS: u64 = 20_343_988_438_726_021;

#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id1: u64,
    pub(crate) kind: u64,
    pub(crate) id2: u64,
    pub(crate) data: String,
    /// In milliseconds since 1970.
    pub(crate) time: i64,
}

pub(crate) struct Graph {
    /// Links of each node, of both types together; the first is that of node 1.
    degrees: Vec<u32>,
    pub(crate) links: u64,
}

impl Graph {
    /// Makes a graph with about so many links. LinkBench's data is that of a graph with ten
    /// million nodes and more; in a smaller one its greatest hubs would hold most of the links.
    /// So none has more than the greatest has there: one link of 43.
    pub(crate) fn of_links(links: u64) -> Self {
        let most = (links / 43).max(1);
        let total = |nodes: u64| (0..nodes).map(|rank| degree(rank, nodes, most)).sum::<u64>();
        let mut nodes = links / 4;
        for _ in 0..4 {
            nodes = (u128::from(nodes) * u128::from(links) / u128::from(total(nodes).max(1)))
                .try_into()
                .unwrap_or(nodes);
        }
        let shuffle = Shuffle::new(BY_LINKS, nodes);
        let mut degrees = vec![0; usize::try_from(nodes).unwrap_or(0)];
        for rank in 0..nodes {
            let place = usize::try_from(shuffle.place(rank)).unwrap_or(0);
            if let Some(kept) = degrees.get_mut(place) {
                *kept = u32::try_from(degree(rank, nodes, most)).unwrap_or(u32::MAX);
            }
        }
        let links = degrees.iter().map(|degree| u64::from(*degree)).sum();
        Self { degrees, links }
    }

    pub(crate) fn nodes(&self) -> u64 {
        self.degrees.len() as u64
    }

    /// Returns how many links of a type a node was given.
    pub(crate) fn degree(&self, id: u64, kind: u64) -> u64 {
        let at = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
        let all = self.degrees.get(at).copied().map_or(0, u64::from);
        all / TYPES + u64::from(kind < all % TYPES)
    }

    /// The payloads of all nodes.
    pub(crate) fn all_nodes(&self) -> impl Iterator<Item = (u64, String)> {
        (1..=self.nodes()).map(|id| (id, node_data(&mut Random::new(id))))
    }

    /// All links, those of a node together, with times that grow.
    pub(crate) fn all_links(&self) -> impl Iterator<Item = Link> {
        let mut random = Random::new(7);
        let mut time = LOADED_AT;
        let of_node = move |id: u64| {
            (0..TYPES).flat_map(move |kind| {
                // The first of each type leads back to the node itself, as in LinkBench.
                (0..self.degree(id, kind)).map(move |number| (id, kind, id + number))
            })
        };
        (1..=self.nodes()).flat_map(of_node).map(move |(id1, kind, id2)| {
            time += 1;
            Link { id1, kind, id2, data: link_data(&mut random), time }
        })
    }
}

pub(crate) fn node_data(random: &mut Random) -> String {
    let size = random.size(128.0, NODE_BYTES);
    random.text(size)
}

pub(crate) fn link_data(random: &mut Random) -> String {
    let size = random.size(8.0, LINK_BYTES);
    random.text(size)
}
