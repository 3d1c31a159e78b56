//! How a command asks its question: of the graph as it stands, or as it stood.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::graph::{Budget, View};
use relata::{AsOf, Location, Seq, Store};

use crate::cli::output::open_location;
use crate::config::Asking;

/// Asks the location that the command line names.
pub(super) fn ask(
    db: &Path,
    asking: &Asking,
    question: impl FnOnce(View<'_>, &mut Budget<'_>, Seq) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let (store, location) = open_location(db, &asking.place)?;
    of(&store, &location, asking.as_of, question)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks one location, with as large a budget as it takes.
pub(super) fn of<T>(
    store: &Store,
    location: &Location,
    as_of: Option<AsOf>,
    question: impl FnOnce(View<'_>, &mut Budget<'_>, Seq) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (id, mut budget) = (location.id().as_str(), Budget::unbounded());
    let past = as_of.map(|moment| store.seq_as_of(moment)).transpose()?.flatten();
    let Some(seq) = past else {
        let seq = store.head();
        return question(location.read().view(), &mut budget, seq).with_context(|| id.to_owned());
    };
    let past = store.past(id, seq)?;
    question(past.graph.view(), &mut budget, seq).with_context(|| format!("{id} as of event {seq}"))
}
