//! LinkBench's mix of operations, drawn at random: the same seed gives the same requests.

use std::sync::Arc;

use relata::Timestamp;

use super::distributions::{Random, Shuffle, Zipf};
use super::graph::{BY_LINKS, Graph, Link, TYPES, link_data, node_data};

/// Names of the operations, and how many in a hundred each is (`FBWorkload.properties`).
pub(crate) const MIX: [(&str, f64); 10] = [
    ("addlink", 8.988_660_1),
    ("deletelink", 2.990_766_4),
    ("updatelink", 8.012_212_5),
    ("countlink", 4.886_356_7),
    ("getlink", 0.526_114_2),
    ("getlinklist", 50.711_914_5),
    ("addnode", 2.573_278_9),
    ("updatenode", 7.366_437),
    ("deletenode", 1.011_591_4),
    ("getnode", 12.932_668_3),
];

/// How many lists in a hundred continue behind the end of one that was cut short. LinkBench
/// reads its `getlinklist_history` as a percentage, too.
const OLDER: f64 = 0.3;

/// Of a hundred requests for links, and of a hundred writes of links, so many go to nodes
/// without regard to how many links they have.
const READS_UNCORRELATED: f64 = 99.5;
const WRITES_UNCORRELATED: f64 = 95.0;

/// How probable it is that the link of a request was there at the start (LinkBench's
/// `ID2Chooser`).
const ADDED_EXISTS: f64 = 0.05;
const READ_EXISTS: f64 = 0.5;
const CHANGED_EXISTS: f64 = 0.9;

#[derive(Debug, Clone)]
pub(crate) enum Request {
    AddLink(Link),
    DeleteLink {
        id1: u64,
        kind: u64,
        id2: u64,
        time: i64,
    },
    UpdateLink(Link),
    CountLink {
        id1: u64,
        kind: u64,
    },
    GetLink {
        id1: u64,
        kind: u64,
        id2s: Vec<u64>,
    },
    /// With `older`, what follows a list that was cut short, if there was one: this number
    /// chooses which.
    GetLinkList {
        id1: u64,
        kind: u64,
        older: Option<u64>,
    },
    /// `id` is for stores that do not choose the id themselves.
    AddNode {
        id: u64,
        data: String,
        time: i64,
    },
    UpdateNode {
        id: u64,
        data: String,
        time: i64,
    },
    DeleteNode {
        id: u64,
        time: i64,
    },
    GetNode {
        id: u64,
    },
}

impl Request {
    /// Returns the place of the operation in [`MIX`].
    pub(crate) fn operation(&self) -> usize {
        match self {
            Self::AddLink(_) => 0,
            Self::DeleteLink { .. } => 1,
            Self::UpdateLink(_) => 2,
            Self::CountLink { .. } => 3,
            Self::GetLink { .. } => 4,
            Self::GetLinkList { .. } => 5,
            Self::AddNode { .. } => 6,
            Self::UpdateNode { .. } => 7,
            Self::DeleteNode { .. } => 8,
            Self::GetNode { .. } => 9,
        }
    }
}

/// Which node a request is about.
pub(crate) struct Access {
    reads: Zipf,
    writes: Zipf,
    node_reads: Zipf,
    node_updates: Zipf,
    by_links: Shuffle,
    uncorrelated: Shuffle,
    of_nodes: Shuffle,
}

impl Access {
    pub(crate) fn new(nodes: u64) -> Self {
        Self {
            reads: Zipf::new(nodes, 0.8),
            writes: Zipf::new(nodes, 0.741),
            node_reads: Zipf::new(nodes, 0.625),
            node_updates: Zipf::new(nodes, 0.606),
            by_links: Shuffle::new(BY_LINKS, nodes),
            uncorrelated: Shuffle::new(53_238_253_823_453, nodes),
            of_nodes: Shuffle::new(4_766_565_305_853_767_165, nodes),
        }
    }
}

pub(crate) struct Requests {
    random: Random,
    graph: Arc<Graph>,
    access: Arc<Access>,
    /// Ids of nodes that no other generator adds.
    next_node: u64,
}

impl Requests {
    /// `turn` numbers the generators of a run: each has its own seed.
    pub(crate) fn new(graph: &Arc<Graph>, access: &Arc<Access>, turn: u64) -> Self {
        Self {
            random: Random::new(turn.wrapping_mul(0x2545_f491_4f6c_dd1d)),
            graph: Arc::clone(graph),
            access: Arc::clone(access),
            next_node: (1 << 40) + (turn << 24),
        }
    }

    fn below_percent(&mut self, percent: f64) -> bool {
        self.random.unit() * 100.0 < percent
    }

    fn kind(&mut self) -> u64 {
        self.random.below(TYPES)
    }

    fn read(&mut self) -> u64 {
        let access = Arc::clone(&self.access);
        let is_uncorrelated = self.below_percent(READS_UNCORRELATED);
        let order = if is_uncorrelated { access.uncorrelated } else { access.by_links };
        1 + order.place(access.reads.rank(&mut self.random))
    }

    fn written(&mut self) -> u64 {
        let access = Arc::clone(&self.access);
        let is_uncorrelated = self.below_percent(WRITES_UNCORRELATED);
        let order = if is_uncorrelated { access.uncorrelated } else { access.by_links };
        1 + order.place(access.writes.rank(&mut self.random))
    }

    fn node(&mut self, of: impl Fn(&Access) -> &Zipf) -> u64 {
        let access = Arc::clone(&self.access);
        1 + access.of_nodes.place(of(&access).rank(&mut self.random))
    }

    /// Returns among how many nodes the far end is drawn, for it to be linked already with this
    /// probability.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is drawn at random need not be exact"
    )]
    fn range(&self, id1: u64, kind: u64, exists: f64) -> u64 {
        ((self.graph.degree(id1, kind) as f64 / exists).ceil() as u64).max(1)
    }

    fn link(&mut self, exists: f64) -> Link {
        let (id1, kind) = (self.written(), self.kind());
        let range = self.range(id1, kind, exists);
        let id2 = id1 + self.random.below(range);
        let (data, time) = (link_data(&mut self.random), Timestamp::now().as_millis());
        Link { id1, kind, id2, data, time }
    }

    fn several(&mut self) -> Request {
        let (id1, kind) = (self.read(), self.kind());
        let (number, range) = (self.random.links_of_multiget(), self.range(id1, kind, READ_EXISTS));
        let mut id2s: Vec<u64> = Vec::new();
        if range <= number {
            id2s.extend(id1..id1 + range);
        }
        while id2s.len() as u64 != number.min(range) {
            let id2 = id1 + self.random.below(range);
            if !id2s.contains(&id2) {
                id2s.push(id2);
            }
        }
        Request::GetLink { id1, kind, id2s }
    }

    pub(crate) fn next(&mut self) -> Request {
        let mut drawn = self.random.unit() * 100.0;
        let chosen = MIX.iter().position(|(_, percent)| {
            drawn -= percent;
            drawn < 0.0
        });
        let time = Timestamp::now().as_millis();
        match chosen {
            Some(0) => Request::AddLink(self.link(ADDED_EXISTS)),
            Some(1) => {
                let Link { id1, kind, id2, time, .. } = self.link(CHANGED_EXISTS);
                Request::DeleteLink { id1, kind, id2, time }
            }
            Some(2) => Request::UpdateLink(self.link(CHANGED_EXISTS)),
            Some(3) => Request::CountLink { id1: self.read(), kind: self.kind() },
            Some(4) => self.several(),
            Some(5) => {
                let older = self.below_percent(OLDER).then(|| self.random.next());
                Request::GetLinkList { id1: self.read(), kind: self.kind(), older }
            }
            Some(6) => {
                self.next_node += 1;
                Request::AddNode { id: self.next_node, data: node_data(&mut self.random), time }
            }
            Some(7) => {
                let id = self.node(|access| &access.node_updates);
                Request::UpdateNode { id, data: node_data(&mut self.random), time }
            }
            Some(8) => Request::DeleteNode { id: 1 + self.random.below(self.graph.nodes()), time },
            _ => Request::GetNode { id: self.node(|access| &access.node_reads) },
        }
    }
}
