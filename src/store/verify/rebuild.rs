//! Replacing a checkpoint by what the events give, in one transaction and some locations at a
//! time.

use crate::graph::Outcome;
use crate::journal::{
    CheckpointRow, Journal, JournalError, JournalReader, LocationBlocks, RowSink,
};
use crate::model::Seq;
use crate::store::history;
use crate::store::index::skip_index::SkipIndex;
use crate::store::verify::entries;
use crate::store::verify::pair::Pair;
use crate::store::verify::progress::Progress;
use crate::store::verify::round::{Round, Task};
use crate::store::verify::survey::Survey;

/// Number of events whose places are put at a time.
const PUT_EVENTS: u64 = 131_072;

/// Replaces the checkpoint of a journal of which nothing is pruned. Needs as much memory as a
/// round of a verification.
pub(super) fn rebuild(
    journal: &mut dyn Journal,
    survey: &Survey,
    bytes_max: u64,
    progress: &mut Progress<'_>,
) -> Result<(), JournalError> {
    let mut reader = journal.readers()()?;
    let reader = reader.as_mut();
    let rounds = survey.divided(survey.right(), bytes_max);
    progress.expect(survey.head * (rounds.len() as u64 + 1));
    journal.replace_checkpoint(survey.head, &mut |put| {
        put_places(reader, survey.head, progress, put)?;
        let mut number = 0;
        for ids in &rounds {
            let mut round = Round::without_checkpoint(reader, ids)?;
            for pair in &mut round.pairs.all {
                pair.right.keeps_notes = true;
            }
            round.merge(
                reader,
                &[1..=survey.head],
                Task::Right,
                progress,
                &mut |seq, outcome| {
                    let is_no_op = outcome != Outcome::Applied;
                    if is_no_op { put(&CheckpointRow::NoOp { seq }) } else { Ok(()) }
                },
            )?;
            for mut pair in round.pairs.all.drain(..) {
                put_location(number, &mut pair, survey.head, put)?;
                number += 1;
            }
        }
        Ok(())
    })
}

/// Puts what each run of events names, and where the events of each location are.
fn put_places(
    journal: &mut dyn JournalReader,
    head: Seq,
    progress: &mut Progress<'_>,
    put: RowSink<'_>,
) -> Result<(), JournalError> {
    let (mut skip_index, mut blocks) = (SkipIndex::default(), LocationBlocks::default());
    let count = &mut |_: &str| progress.count();
    entries::read(journal, &[1..=head], count, &mut |seq, entry| {
        match history::decode_entry(seq, entry)? {
            Some(event) => skip_index.add_event(seq, &event),
            None => skip_index.extend_run(seq),
        }
        blocks.add(entry.location, seq);
        if seq.is_multiple_of(PUT_EVENTS) {
            skip_index.put(put)?;
            skip_index.drop_saved();
            blocks.put(put)?;
            blocks.clear();
        }
        Ok(())
    })?;
    skip_index.put(put)?;
    blocks.put(put)
}

fn put_location(
    number: u32,
    pair: &mut Pair,
    head: Seq,
    put: RowSink<'_>,
) -> Result<(), JournalError> {
    let (id, graph) = (pair.id.as_str(), &mut pair.right.graph);
    let rows = Some(graph.row_count());
    put(&CheckpointRow::Location { number, id, rows, seq: Some(head) })?;
    let changed = graph.take_changed();
    graph.rows(&changed, |row| put(&CheckpointRow::State { location: number, row }))
}
