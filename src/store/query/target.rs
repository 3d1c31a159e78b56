//! What a question is asked of, and how much at once.

use crate::graph::{Budget, LocationGraph, View};
use crate::model::NodeRef;
use crate::store::locations::Location;
use crate::store::past::cache::Past;

/// Links that a question may visit while it holds a location's lock: some tens of
/// microseconds.
const TRY_LINKS: u64 = 4_096;

/// Bytes of the answer to such a question: a few thousand links.
const TRY_BYTES: usize = 1 << 20;

/// Answers a question that needs a small budget from a graph; nothing if it needs more.
/// Holds the writer up for some tens of microseconds at most. The answer takes no more
/// than so many bytes.
pub(crate) fn answer_at_once<T>(
    graph: &LocationGraph,
    bytes: usize,
    ask: impl FnOnce(View<'_>, &mut Budget<'_>) -> T,
) -> Option<T> {
    let mut budget = Budget::of_links(TRY_LINKS).of_bytes(bytes.min(TRY_BYTES)).trial();
    let answer = ask(graph.view(), &mut budget);
    (!budget.is_exhausted()).then_some(answer)
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'l> {
    Now(&'l Location),
    Then(&'l Past),
}

impl Target<'_> {
    /// Answers within as large a budget as it takes, without holding the writer up
    /// for long.
    pub(super) fn answer<T>(
        self,
        named: &[&NodeRef],
        ask: impl Fn(View<'_>, &mut Budget<'_>) -> T,
    ) -> T {
        match self {
            Self::Now(location) => answer_at_once(&location.read(), usize::MAX, &ask)
                .unwrap_or_else(|| {
                    let copy = location.copy_for(named.iter().copied());
                    ask(copy.view(), &mut Budget::unbounded())
                }),
            Self::Then(past) => ask(past.graph.view(), &mut Budget::unbounded()),
        }
    }
}
