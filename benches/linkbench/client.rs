//! What every store is asked through.

use super::requests::Request;

/// Links of a list at most. LinkBench's own limit is 10,000; a page of Relata holds 1,000.
pub(crate) const LIST_LIMIT: usize = 1_000;

/// One client, which waits for each answer.
pub(crate) trait Client: Send {
    /// Executes a request and reads the answer to its end. Returns how many rows or links it
    /// has, or the count that was asked for.
    fn perform(&mut self, request: &Request) -> u64;
}

/// Lists that were cut short, and where each continues.
pub(crate) struct CutShort<P> {
    lists: Vec<(u64, u64, P)>,
    next: usize,
}

impl<P> Default for CutShort<P> {
    fn default() -> Self {
        Self { lists: Vec::new(), next: 0 }
    }
}

impl<P: Clone> CutShort<P> {
    /// LinkBench remembers as many.
    const MOST: usize = 2_048;

    pub(crate) fn remember(&mut self, id1: u64, kind: u64, from: P) {
        if self.lists.len() < Self::MOST {
            self.lists.push((id1, kind, from));
        } else if let Some(oldest) = self.lists.get_mut(self.next) {
            *oldest = (id1, kind, from);
            self.next = (self.next + 1) % Self::MOST;
        }
    }

    pub(crate) fn choose(&self, number: u64) -> Option<(u64, u64, P)> {
        let length = u64::try_from(self.lists.len()).ok().filter(|length| *length > 0)?;
        self.lists.get(usize::try_from(number % length).unwrap_or(0)).cloned()
    }
}
