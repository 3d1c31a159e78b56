//! The least that anybody could do to answer the questions: a label-grouped
//! adjacency under plain node numbers, loops over it, and arrays of epochs for
//! what was visited. No names, filters, bounds on effort, or answers to build.

/// A link as seen from one end: its association, the far end, its number.
pub(crate) type Entry = (u32, u32, u32);

/// How many associations there are.
pub(crate) const SLOTS: usize = 6;

/// The links of a node, sorted by association, and where each begins. (A node of
/// the workload stands on one side of all its links.)
struct Node {
    entries: Vec<Entry>,
    offsets: [u32; SLOTS + 1],
}

/// The adjacency of one location.
#[derive(Default)]
pub(crate) struct Bare {
    nodes: Vec<Node>,
}

impl Bare {
    /// From associations and ends, in the order of the relations' numbers.
    pub(crate) fn of(nodes: u32, relations: &[(u32, u32, u32)]) -> Self {
        let mut lists: Vec<Vec<Entry>> = vec![Vec::new(); nodes as usize];
        for (number, &(slot, first, second)) in (0..).zip(relations) {
            lists[first as usize].push((slot, second, number));
            lists[second as usize].push((slot, first, number));
        }
        let node = |mut list: Vec<Entry>| {
            list.sort_by_key(|entry| entry.0);
            let mut offsets = [0; SLOTS + 1];
            for (slot, offset) in (0..).zip(&mut offsets) {
                *offset = u32::try_from(list.partition_point(|e| e.0 < slot)).expect("few links");
            }
            Node { entries: list.as_slice().to_vec(), offsets }
        };
        Self { nodes: lists.into_iter().map(node).collect() }
    }

    pub(crate) fn of_slot(&self, node: u32, slot: u32) -> &[Entry] {
        let node = &self.nodes[node as usize];
        let slot = slot as usize;
        &node.entries[node.offsets[slot] as usize..node.offsets[slot + 1] as usize]
    }

    pub(crate) fn entries(&self, node: u32) -> &[Entry] {
        &self.nodes[node as usize].entries
    }

    /// How many links a node has under each label; tells how many labels.
    pub(crate) fn labels(&self, node: u32, counts: &mut [u32; SLOTS]) -> usize {
        let offsets = &self.nodes[node as usize].offsets;
        for (count, ends) in counts.iter_mut().zip(offsets.windows(2)) {
            *count = ends[1] - ends[0];
        }
        counts.iter().filter(|count| **count > 0).count()
    }

    /// How many nodes are within some hops.
    pub(crate) fn reach(&self, from: u32, depth: u32, space: &mut Space) -> usize {
        self.around(from, depth, usize::MAX, space);
        space.queue.len() - 1
    }

    /// Finds the nodes within some hops, up to a limit.
    pub(crate) fn around(&self, from: u32, depth: u32, limit: usize, space: &mut Space) {
        space.near.begin(self.nodes.len());
        space.near.insert(from);
        space.queue.clear();
        space.queue.push(from);
        let mut level = 0..1;
        for _ in 0..depth {
            for at in level.clone() {
                for &(_, far, _) in self.entries(space.queue[at]) {
                    if space.queue.len() == limit && !space.near.has(far) {
                        return;
                    }
                    if space.near.insert(far) {
                        space.queue.push(far);
                    }
                }
            }
            level = level.end..space.queue.len();
        }
    }

    /// How many nodes are within some hops, up to a limit, and how many links
    /// are between them.
    pub(crate) fn neighborhood(
        &self,
        from: u32,
        depth: u32,
        limit: usize,
        space: &mut Space,
    ) -> (usize, usize) {
        self.around(from, depth, limit, space);
        let mut ends = 0;
        for &node in &space.queue {
            ends += self.entries(node).iter().filter(|entry| space.near.has(entry.1)).count();
        }
        (space.queue.len(), ends / 2)
    }

    /// Finds the links among the nodes found last, each once: both ends and its number. (A link
    /// of the workload joins two sorts of nodes, and none to itself.)
    pub(crate) fn among<'a>(
        &'a self,
        space: &'a Space,
    ) -> impl Iterator<Item = (u32, u32, u32)> + use<'a> {
        let links = |&node: &'a u32| {
            let inner = self.entries(node).iter().filter(|entry| space.near.has(entry.1));
            inner.filter(move |entry| node < entry.1).map(move |entry| (node, entry.1, entry.2))
        };
        space.queue.iter().flat_map(links)
    }

    /// Finds a shortest way, as links from its middle to both ends; tells how many
    /// it has.
    pub(crate) fn path(&self, from: u32, to: u32, most: u32, space: &mut Space) -> Option<u32> {
        space.way.clear();
        if from == to {
            return Some(0);
        }
        let Space { near, far, queue, other, next, way, .. } = space;
        near.begin(self.nodes.len());
        far.begin(self.nodes.len());
        near.insert(from);
        far.insert(to);
        queue.clear();
        queue.push(from);
        other.clear();
        other.push(to);
        for hops in 1..=most {
            let forward = queue.len() <= other.len();
            let (own, across) = if forward { (&mut *near, &*far) } else { (&mut *far, &*near) };
            let frontier = if forward { &mut *queue } else { &mut *other };
            next.clear();
            for &node in &*frontier {
                for &(_, reached, link) in self.entries(node) {
                    if own.insert(reached) {
                        own.parents[reached as usize] = (node, link);
                        if across.has(reached) {
                            near.way(reached, from, way);
                            far.way(reached, to, way);
                            return Some(hops);
                        }
                        next.push(reached);
                    }
                }
            }
            std::mem::swap(frontier, next);
            if frontier.is_empty() {
                return None;
            }
        }
        None
    }

    /// How many nodes are linked to both of these.
    pub(crate) fn both(&self, [one, two]: [u32; 2], space: &mut Space) -> usize {
        let (mut few, mut many) = (self.entries(one), self.entries(two));
        if few.len() > many.len() {
            (few, many) = (many, few);
        }
        space.near.begin(self.nodes.len());
        space.far.begin(self.nodes.len());
        for entry in few {
            space.near.insert(entry.1);
        }
        space.queue.clear();
        for entry in many {
            if space.near.has(entry.1) && space.far.insert(entry.1) {
                space.queue.push(entry.1);
            }
        }
        space.queue.len()
    }

    /// Counts the walks of two links under one association; tells how many ends.
    pub(crate) fn walk(&self, from: u32, slot: u32, space: &mut Space) -> usize {
        space.near.begin(self.nodes.len());
        space.counts.resize(space.counts.len().max(self.nodes.len()), 0);
        space.queue.clear();
        for &(_, middle, _) in self.of_slot(from, slot) {
            for &(_, end, _) in self.of_slot(middle, slot) {
                if space.near.insert(end) {
                    space.counts[end as usize] = 0;
                    space.queue.push(end);
                }
                space.counts[end as usize] += 1;
            }
        }
        space.queue.len()
    }

    /// Everything, once more.
    pub(crate) fn copy(&self) -> usize {
        let copy: Vec<Vec<Entry>> = self.nodes.iter().map(|node| node.entries.clone()).collect();
        std::hint::black_box(&copy).len()
    }
}

impl Space {
    /// Returns the nodes found last.
    pub(crate) fn found(&self) -> &[u32] {
        &self.queue
    }

    /// Returns how many walks end at a node found last.
    pub(crate) fn walks(&self, node: u32) -> u64 {
        self.counts[node as usize]
    }

    /// Returns the links of the way found last.
    pub(crate) fn way(&self) -> &[(u32, u32)] {
        &self.way
    }
}

/// What loops work in, reused.
#[derive(Default)]
pub(crate) struct Space {
    near: Visited,
    far: Visited,
    queue: Vec<u32>,
    other: Vec<u32>,
    next: Vec<u32>,
    counts: Vec<u64>,
    way: Vec<(u32, u32)>,
}

/// Nodes visited in the present epoch.
#[derive(Default)]
struct Visited {
    epochs: Vec<u32>,
    /// From where a node was reached, and along which link.
    parents: Vec<(u32, u32)>,
    epoch: u32,
}

impl Visited {
    fn begin(&mut self, nodes: usize) {
        self.epoch += 1;
        self.epochs.resize(self.epochs.len().max(nodes), 0);
        self.parents.resize(self.epochs.len(), (0, 0));
    }

    fn way(&self, mut node: u32, to: u32, way: &mut Vec<(u32, u32)>) {
        while node != to {
            let parent = self.parents[node as usize];
            way.push(parent);
            node = parent.0;
        }
    }

    fn has(&self, node: u32) -> bool {
        self.epochs[node as usize] == self.epoch
    }

    fn insert(&mut self, node: u32) -> bool {
        let epoch = &mut self.epochs[node as usize];
        let new = *epoch != self.epoch;
        *epoch = self.epoch;
        new
    }
}
