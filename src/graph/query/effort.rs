//! How much work a question may cost, and the memory that it works in.

use std::fmt;

/// Links visited between two looks at whether to stop.
const LOOK_EVERY: u64 = 1_024;

/// Bounds the work of questions and keeps their working memory.
///
/// Every link that a question visits is counted. Once the bound is reached, or
/// `stop` says so, the question ends with what it has found and says that it is
/// not complete. One that is used for many questions in turn allocates only for
/// the first; [`Effort::renew`] counts anew.
///
/// ```
/// use relata::graph::Effort;
///
/// let effort = Effort::of_links(5_000_000);
/// assert!(!effort.is_spent());
/// ```
pub struct Effort<'s> {
    bound: u64,
    left: u64,
    look_at: u64,
    stop: Option<&'s dyn Fn() -> bool>,
    spent: bool,
    pub(super) memory: Memory,
}

impl fmt::Debug for Effort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effort").field("left", &self.left).field("spent", &self.spent).finish()
    }
}

impl<'s> Effort<'s> {
    /// At most this many links visited.
    pub fn of_links(links: u64) -> Self {
        Self {
            bound: links,
            left: links,
            look_at: links.saturating_sub(LOOK_EVERY),
            stop: None,
            spent: false,
            memory: Memory::default(),
        }
    }

    /// As much as it takes.
    pub fn unbounded() -> Self {
        Self::of_links(u64::MAX)
    }

    /// Also ends once this answers yes; asked every thousand links or so.
    #[must_use]
    pub fn until(self, stop: &'s dyn Fn() -> bool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Whether a bound was reached.
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    /// Links visited so far.
    pub fn links(&self) -> u64 {
        self.bound - self.left
    }

    /// Starts counting anew, with the same bound.
    pub fn renew(&mut self) {
        self.left = self.bound;
        self.look_at = self.bound.saturating_sub(LOOK_EVERY);
        self.spent = false;
    }

    /// Counts links that are about to be visited; false if they must not be.
    #[inline]
    pub(super) fn spend(&mut self, links: usize) -> bool {
        let links = links as u64;
        if self.spent || links > self.left {
            self.spent = true;
            return false;
        }
        self.left -= links;
        if self.left <= self.look_at {
            return self.look();
        }
        true
    }

    #[cold]
    fn look(&mut self) -> bool {
        self.look_at = self.left.saturating_sub(LOOK_EVERY);
        self.spent = self.stop.is_some_and(|stop| stop());
        !self.spent
    }
}

/// What questions note about nodes, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) seen: NodeMap<()>,
    pub(super) near: NodeMap<u32>,
    pub(super) far: NodeMap<u32>,
    pub(super) reached: Vec<(u32, u32)>,
    pub(super) frontiers: [Vec<u32>; 2],
    pub(super) next: Vec<u32>,
    pub(super) counts: NodeMap<u64>,
    pub(super) marks: NodeMap<super::matches::Mark>,
}

/// A map from the numbers of nodes that is emptied at no cost.
#[derive(Debug)]
pub(super) struct NodeMap<T> {
    /// A value counts if its round is the present one.
    cells: Vec<(u32, T)>,
    round: u32,
}

impl<T> Default for NodeMap<T> {
    fn default() -> Self {
        Self { cells: Vec::new(), round: 1 }
    }
}

impl<T: Copy + Default> NodeMap<T> {
    /// Forgets everything; then there is room for numbers below `nodes`.
    pub(super) fn clear(&mut self, nodes: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.cells.clear();
            self.round = 1;
        }
        let nodes = nodes as usize;
        if self.cells.is_empty() {
            // Zeroed memory comes from the system untouched.
            self.cells = vec![(0, T::default()); nodes];
        } else if self.cells.len() < nodes {
            self.cells.resize(nodes, (0, T::default()));
        }
    }

    #[inline]
    pub(super) fn get(&self, node: u32) -> Option<T> {
        self.cells.get(node as usize).filter(|(round, _)| *round == self.round).map(|cell| cell.1)
    }

    #[inline]
    pub(super) fn has(&self, node: u32) -> bool {
        self.get(node).is_some()
    }

    /// Notes a value for a node that has none; tells whether it had none.
    #[inline]
    pub(super) fn insert(&mut self, node: u32, value: T) -> bool {
        match self.cells.get_mut(node as usize) {
            Some(cell) if cell.0 != self.round => {
                *cell = (self.round, value);
                true
            }
            _ => false,
        }
    }

    /// Forgets a node.
    pub(super) fn remove(&mut self, node: u32) {
        if let Some(cell) = self.cells.get_mut(node as usize) {
            *cell = (0, T::default());
        }
    }

    /// Changes the value of a node that has one.
    #[inline]
    pub(super) fn change(&mut self, node: u32, change: impl FnOnce(&mut T)) {
        let round = self.round;
        if let Some(cell) = self.cells.get_mut(node as usize).filter(|cell| cell.0 == round) {
            change(&mut cell.1);
        }
    }

    /// The value of a node, the default if it had none, and whether it had none.
    #[inline]
    pub(super) fn entry(&mut self, node: u32) -> Option<(&mut T, bool)> {
        let round = self.round;
        let cell = self.cells.get_mut(node as usize)?;
        let new = cell.0 != round;
        if new {
            *cell = (round, T::default());
        }
        Some((&mut cell.1, new))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn effort_ends_at_its_bound_or_when_told() {
        let mut effort = Effort::of_links(10);
        assert!(effort.spend(6) && effort.spend(4) && effort.spend(0));
        assert!(!effort.spend(1) && effort.is_spent() && !effort.spend(0));
        effort.renew();
        assert!(!effort.is_spent() && effort.spend(10));

        let (told, asked) = (Cell::new(false), Cell::new(0));
        let stop = || {
            asked.set(asked.get() + 1);
            told.get()
        };
        let mut effort = Effort::unbounded().until(&stop);
        assert!((0..10_240).all(|_| effort.spend(1)));
        assert_eq!(asked.get(), 10);
        told.set(true);
        assert!((0..2_048).any(|_| !effort.spend(1)) && effort.is_spent());
    }

    #[test]
    fn a_node_map_forgets_when_it_is_cleared() {
        let mut map = NodeMap::default();
        for round in 0..3_u32 {
            map.clear(4 + round);
            assert!((0..4).all(|node| !map.has(node)));
            assert!(map.insert(2, round) && !map.insert(2, 9));
            assert_eq!(map.get(2), Some(round));
            assert!(!map.insert(40, 1) && !map.has(40));
            map.insert(1, 5);
            map.remove(1);
            assert!(!map.has(1));
            *map.entry(3).unwrap().0 += 7;
            assert_eq!((map.get(3), map.entry(3).unwrap().1), (Some(7), false));
        }
        map.round = u32::MAX;
        map.insert(1, 1);
        map.clear(4);
        assert!((0..4).all(|node| !map.has(node)), "also when the rounds begin anew");
    }
}
