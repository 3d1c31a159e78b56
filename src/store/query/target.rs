//! What a request is run on, and how much of it under the lock.

use crate::graph::{Budget, LocationGraph, NamesNodes, View};
use crate::store::location::Location;
use crate::store::past::replay::Past;

/// Maximum number of links that a query visits while it holds a location's lock: some tens
/// of microseconds.
const TRY_LINKS: u64 = 4_096;

/// Maximum number of bytes of the answer to such a query: a few thousand links.
const TRY_BYTES: usize = 1 << 20;

/// Answers a query that needs a small budget, or returns `None` if it needs more. Holds the
/// writer up for some tens of microseconds at most. The answer takes at most this many
/// bytes.
pub(crate) fn answer_at_once<T>(
    graph: &LocationGraph,
    bytes: usize,
    run: impl FnOnce(View<'_>, &mut Budget<'_>) -> T,
) -> Option<T> {
    let mut budget = Budget::of_links(TRY_LINKS).of_bytes(bytes.min(TRY_BYTES)).trial();
    let answer = run(graph.view(), &mut budget);
    (!budget.is_exhausted()).then_some(answer)
}

/// What a request is run on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'l> {
    Now(&'l Location),
    Then(&'l Past),
}

impl Target<'_> {
    /// Answers a query within as large a budget as it takes, without holding the writer up
    /// for long.
    pub(super) fn answer<T>(
        self,
        query: &impl NamesNodes,
        run: impl Fn(View<'_>, &mut Budget<'_>) -> T,
    ) -> T {
        match self {
            Self::Now(location) => {
                // Each in a statement of its own, at whose end the lock is released: who takes
                // it twice waits for a writer that waits for them.
                let at_once = answer_at_once(&location.read(), usize::MAX, &run);
                at_once.unwrap_or_else(|| {
                    let copy = location.read().snapshot_for(query);
                    run(copy.view(), &mut Budget::unbounded())
                })
            }
            Self::Then(past) => run(past.graph.view(), &mut Budget::unbounded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use super::*;
    use crate::store::store::Store;

    /// A long query kept the lock from its trial to its end, and took it once more to copy
    /// the graph: with a writer waiting in between, both waited for good.
    #[test]
    fn a_long_query_holds_no_lock() {
        let store = Store::in_memory().unwrap();
        let relation = br#"{"id":"r","associationId":"A","locationId":"L",
            "firstObjectKey":"contact","firstRecordId":"c",
            "secondObjectKey":"house","secondRecordId":"h"}"#;
        store.ingest(relation).unwrap();
        let location = store.location("L").unwrap().unwrap();
        let runs = Cell::new(0);
        let written = Target::Now(&location).answer(&(), |_, budget| {
            runs.set(runs.get() + 1);
            if !budget.charge(10_000) {
                return false;
            }
            let (location, (sender, receiver)) = (Arc::clone(&location), mpsc::channel());
            std::thread::spawn(move || {
                drop(location.write());
                sender.send(()).ok();
            });
            receiver.recv_timeout(Duration::from_secs(20)).is_ok()
        });
        assert_eq!((runs.get(), written), (2, true));
    }
}
