//! Running a query on the current graph of a location, or on a past state.

use anyhow::Context;
use relata::graph::{Budget, View};
use relata::{AsOf, Location, Seq, Store};

/// Runs a query on one location, with an unlimited budget.
pub(super) fn query_graph<T>(
    store: &Store,
    location: &Location,
    as_of: Option<AsOf>,
    query: impl FnOnce(View<'_>, &mut Budget<'_>, Seq) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (id, mut budget) = (location.id().as_str(), Budget::unbounded());
    let past = as_of.map(|moment| store.seq_as_of(moment)).transpose()?.flatten();
    let Some(seq) = past else {
        let seq = store.head();
        return query(location.read().view(), &mut budget, seq).with_context(|| id.to_owned());
    };
    let past = store.past(id, seq)?;
    query(past.graph.view(), &mut budget, seq).with_context(|| format!("{id} as of event {seq}"))
}
