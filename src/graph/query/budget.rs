//! How much work a query may cost, and the memory that it works in.

use std::fmt;

/// Links visited between two looks at whether to stop.
const LOOK_EVERY: u64 = 1_024;

/// Bounds the work of queries and the size of their answers.
///
/// Every link that a query visits is counted, and the bytes of every row that it
/// answers with. Once a bound is reached, or `stop` says so, the query ends with
/// what it has found and says that it is not complete. [`Budget::reset`] starts
/// counting again.
///
/// Working memory is borrowed from the thread and given back when this is dropped,
/// so that a query allocates only where none on its thread has needed as much.
///
/// ```
/// use relata::graph::Budget;
///
/// let budget = Budget::of_links(5_000_000);
/// assert!(!budget.is_exhausted());
/// ```
pub struct Budget<'s> {
    bound: u64,
    left: u64,
    look_at: u64,
    stop: Option<&'s dyn Fn() -> bool>,
    spent: bool,
    /// Bytes that the answer may take.
    bytes: usize,
    written: usize,
    /// There was no room for a row.
    full: bool,
    /// An answer that is not complete is of no use.
    trial: bool,
    pub(super) memory: QueryMemory,
}

/// An answer of less than this part of its bound is within it however its texts are
/// escaped: no byte becomes more than six.
const UNESCAPED_PART: usize = 16;

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("left", &self.left).field("spent", &self.spent).finish()
    }
}

impl<'s> Budget<'s> {
    /// Returns a budget of at most this many visited links.
    pub fn of_links(links: u64) -> Self {
        Self {
            bound: links,
            left: links,
            look_at: links.saturating_sub(LOOK_EVERY),
            stop: None,
            spent: false,
            bytes: usize::MAX,
            written: 0,
            full: false,
            trial: false,
            memory: pool::take(),
        }
    }

    /// Returns a budget without limits.
    pub fn unbounded() -> Self {
        Self::of_links(u64::MAX)
    }

    /// Ends the budget once this returns `true`, too; called every thousand links or so.
    #[must_use]
    pub fn until(mut self, stop: &'s dyn Fn() -> bool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Ends the budget once the rows of the answer take about this many bytes as JSON, too.
    /// The first row always fits.
    #[must_use]
    pub fn of_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Marks an incomplete answer as one that will not be used, so that none needs to be
    /// made of what was found.
    #[must_use]
    pub fn trial(mut self) -> Self {
        self.trial = true;
        self
    }

    /// Returns whether the answer will not be used.
    pub fn is_in_vain(&self) -> bool {
        self.trial && self.spent
    }

    /// Counts a row of the answer: members of so many bytes and these texts; false
    /// if it must be left out.
    pub(crate) fn write<'t>(
        &mut self,
        members: usize,
        texts: impl IntoIterator<Item = Option<&'t str>>,
    ) -> bool {
        if self.full {
            return false;
        }
        let exact = self.written > self.bytes / UNESCAPED_PART;
        let length = |text: &str| if exact { escaped_len(text) } else { text.len() };
        let row = members + texts.into_iter().flatten().map(length).sum::<usize>();
        if self.written > 0 && row > self.bytes.saturating_sub(self.written) {
            (self.full, self.spent) = (true, true);
            return false;
        }
        self.written = self.written.saturating_add(row);
        true
    }

    /// Rows with members of so many bytes for which there is room.
    pub(super) fn room_for(&self, members: usize) -> usize {
        self.bytes.saturating_sub(self.written) / members + 1
    }

    /// Returns whether a bound was reached.
    pub fn is_exhausted(&self) -> bool {
        self.spent
    }

    /// Returns the number of links visited so far.
    pub fn links(&self) -> u64 {
        self.bound - self.left
    }

    /// Starts counting again, with the same bound.
    pub fn reset(&mut self) {
        self.left = self.bound;
        self.look_at = self.bound.saturating_sub(LOOK_EVERY);
        (self.spent, self.full, self.written) = (false, false, 0);
    }

    /// Counts links that are about to be visited; false if they must not be.
    #[inline]
    pub(crate) fn charge(&mut self, links: usize) -> bool {
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

impl Drop for Budget<'_> {
    fn drop(&mut self) {
        pool::give(std::mem::take(&mut self.memory));
    }
}

/// Returns the number of bytes of a text as JSON, without its quotation marks.
pub(crate) fn escaped_len(text: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// The working memory of each thread, at rest.
mod pool {
    use std::cell::Cell;

    use super::QueryMemory;

    /// What a thread keeps at most, in bytes: enough for a location of some 400,000
    /// records.
    const KEPT_BYTES: usize = 16 << 20;

    thread_local! {
        static AT_REST: Cell<QueryMemory> = Cell::default();
    }

    /// Returns the memory of this thread, or a new one while another query uses it.
    pub(super) fn take() -> QueryMemory {
        AT_REST.try_with(Cell::take).unwrap_or_default()
    }

    pub(super) fn give(memory: QueryMemory) {
        if memory.bytes() > 0 && memory.bytes() <= KEPT_BYTES {
            // Fails only while the thread ends.
            AT_REST.try_with(|at_rest| at_rest.set(memory)).ok();
        }
    }
}

/// What queries note about nodes, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct QueryMemory {
    pub(super) seen: GenerationMap<()>,
    pub(super) near: GenerationMap<u32>,
    pub(super) far: GenerationMap<u32>,
    pub(super) reached: Vec<(u32, u32)>,
    pub(super) frontiers: [Vec<u32>; 2],
    pub(super) next: Vec<u32>,
    pub(super) counts: GenerationMap<u64>,
    pub(super) marks: GenerationMap<Mark>,
}

impl QueryMemory {
    fn bytes(&self) -> usize {
        let lists = self.frontiers.iter().chain([&self.next]).map(Vec::capacity).sum::<usize>();
        self.seen.bytes()
            + self.near.bytes()
            + self.far.bytes()
            + self.counts.bytes()
            + self.marks.bytes()
            + self.reached.capacity() * size_of::<(u32, u32)>()
            + lists * size_of::<u32>()
    }
}

/// A map from the numbers of nodes that is emptied at no cost.
#[derive(Debug)]
pub(super) struct GenerationMap<T> {
    /// A value counts if its round is the present one.
    cells: Vec<(u32, T)>,
    round: u32,
}

impl<T> Default for GenerationMap<T> {
    fn default() -> Self {
        Self { cells: Vec::new(), round: 1 }
    }
}

impl<T> GenerationMap<T> {
    fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<(u32, T)>()
    }
}

impl<T: Copy + Default> GenerationMap<T> {
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

    /// Notes a value for a node that has none. Returns whether it had none.
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

    /// Returns the value of a node, the default if it had none, and whether it had none.
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

/// What is known of a candidate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) met: u32,
    /// The last condition that it was seen to meet, so that parallel links count
    /// once; conditions count from 1.
    pub(super) last: u32,
}

impl Mark {
    /// Notes that this condition is met.
    pub(super) fn meet(&mut self, condition: u32) {
        if self.last != condition {
            *self = Self { met: self.met + 1, last: condition };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_budget_ends_at_its_bound_or_when_told() {
        let mut budget = Budget::of_links(10);
        assert!(budget.charge(6) && budget.charge(4) && budget.charge(0));
        assert!(!budget.charge(1) && budget.is_exhausted() && !budget.charge(0));
        budget.reset();
        assert!(!budget.is_exhausted() && budget.charge(10));

        let (told, asked) = (Cell::new(false), Cell::new(0));
        let stop = || {
            asked.set(asked.get() + 1);
            told.get()
        };
        let mut budget = Budget::unbounded().until(&stop);
        assert!((0..10_240).all(|_| budget.charge(1)));
        assert_eq!(asked.get(), 10);
        told.set(true);
        assert!((0..2_048).any(|_| !budget.charge(1)) && budget.is_exhausted());
    }

    #[test]
    fn a_node_map_forgets_when_it_is_cleared() {
        let mut map = GenerationMap::default();
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
        assert!((0..4).all(|node| !map.has(node)), "also when the rounds start over");
    }
}
