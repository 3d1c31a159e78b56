//! Loading the graph of a location from its rows in the checkpoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::graph::LocationGraph;
use crate::journal::{CheckpointRow, CheckpointSeq, JournalError, JournalReader};
use crate::model::{LocationId, Seq};

/// Where the rows of a location are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Under the number that it has here.
    Own,
    /// Under any number, since another process may count otherwise, or nowhere, since it may
    /// have erased them.
    Shared,
}

/// The graph of a location as its rows in the checkpoint are.
#[derive(Debug)]
pub(crate) struct LoadedGraph {
    pub(crate) graph: LocationGraph,
    /// The event that all rows cover, where known.
    pub(crate) covers: Option<Seq>,
    /// How far the checkpoint has come: some rows may be as new.
    pub(crate) come: CheckpointSeq,
}

/// Loads the graph of a location from its rows in the checkpoint.
pub(crate) fn load_graph(
    journal: &mut dyn JournalReader,
    id: &LocationId,
    number: u32,
    rows: Rows,
) -> Result<LoadedGraph, JournalError> {
    let load = AssertUnwindSafe(|| read_graph(journal, id, number, rows));
    let loaded = catch_unwind(load)
        .unwrap_or_else(|_| Err(damaged("its rows cannot be restored".to_owned())))?;
    match loaded {
        Some(loaded) => Ok(loaded),
        // This process will learn of it.
        None if rows == Rows::Shared => Ok(LoadedGraph {
            graph: LocationGraph::new(),
            covers: None,
            come: CheckpointSeq::default(),
        }),
        None => Err(damaged(format!("location {id} is not there"))),
    }
}

/// Reads a location, unless it is not there.
fn read_graph(
    journal: &mut dyn JournalReader,
    id: &LocationId,
    number: u32,
    rows: Rows,
) -> Result<Option<LoadedGraph>, JournalError> {
    let mut graph = LocationGraph::new();
    let (mut saved, mut covers, mut newest): (Option<u64>, Option<Seq>, Seq) = (None, None, 0);
    let mut is_there = false;
    let mut restore = |row: &CheckpointRow<'_>| match row {
        CheckpointRow::Location { id: found, rows, seq, .. } => {
            is_there = *found == id.as_str();
            (saved, covers) = (*rows, *seq);
            Ok(())
        }
        CheckpointRow::State { row, .. } if is_there => {
            newest = newest.max(row.newest());
            graph.restore(row).map_err(|reason| damaged(format!("{reason}: {row:?}")))
        }
        CheckpointRow::Damaged { reason, .. } if is_there => Err(damaged((*reason).to_owned())),
        _ => Ok(()),
    };
    let come = match rows {
        Rows::Own => journal.load_numbered(number, &mut restore)?,
        Rows::Shared => journal.load_location(id.as_str(), &mut restore)?,
    };
    if !is_there {
        return Ok(None);
    }
    let found = graph.row_count();
    if let Some(saved) = saved.filter(|saved| *saved != found) {
        return Err(damaged(format!("it has {found} rows, {saved} were saved")));
    }
    if newest > come.newest {
        let upto = come.newest;
        return Err(damaged(format!("it names event {newest}, after its own {upto}")));
    }
    Ok(Some(LoadedGraph { graph, covers, come }))
}

fn damaged(reason: String) -> JournalError {
    JournalError::DamagedCheckpoint { reason }
}
