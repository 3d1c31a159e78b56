//! Showing all that a database holds.

use crate::journal::copy_row::{
    CopyRow, CopySink, put_checkpoint, put_entry, put_or_keep, put_summary,
};
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::load::{self, Wanted};
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::journal::PostgresJournal;
use crate::journal::postgres::{
    compactions, dead_letters, epochs, erase, events, import_marks, location_blocks, notes, prune,
    tokens,
};
use crate::model::Seq;

/// Number of dead letters that are listed at a time.
const LETTERS: usize = 256;

/// What a snapshot has said.
struct Moment {
    pruned: Seq,
    head: Seq,
    /// How often a location had been erased.
    erasures: u64,
}

/// Shows a store as of one moment.
///
/// The entries, which may take long, are read after the snapshot of everything else: while
/// one is open, the server cannot tidy up any of its tables. Entries change by being pruned
/// and erased alone, and either is noticed.
pub(in crate::journal) fn read(
    journal: &mut PostgresJournal,
    put: CopySink<'_>,
) -> Result<(), JournalError> {
    let session = journal.session()?;
    session.begin(load::BEGIN)?;
    let shown = show_snapshot(session, put);
    let ended = session.end("COMMIT");
    let Moment { pruned, head, erasures } = shown.and_then(|it| ended.map(|()| it))?;
    let mut kept = Ok(());
    events::read(session, pruned, head, &mut |seq, entry| put_entry(&mut kept, put, (seq, entry)))?;
    kept?;
    if erase::erasures(session)? != erasures {
        return Err(JournalError::ErasedWhileReading);
    }
    Ok(())
}

fn show_snapshot(session: &mut Session, put: CopySink<'_>) -> Result<Moment, JournalError> {
    let (pruned, head) = (events::pruned(session)?, events::head(session)?);
    let erasures = erase::erasures(session)?;
    put(CopyRow::Entries { pruned, head })?;
    for epoch in epochs::list(session)? {
        put(CopyRow::Epoch(epoch))?;
    }
    show_pruned(session, pruned, put)?;
    let come =
        load::load(session, Wanted::Some(&mut |_, _| true), &mut |row| put_checkpoint(put, row))?;
    load::list(session, &mut |row| put_summary(put, row))?;
    notes::show_all(session, &mut |row| put_checkpoint(put, row))?;
    location_blocks::show_all(session, &mut |row| put_checkpoint(put, row))?;
    put(CopyRow::CheckpointSeq(come))?;
    for compaction in compactions::load(session, 0)? {
        put(CopyRow::Compaction(&compaction))?;
    }
    let mut kept = Ok(());
    import_marks::show(session, 0, &mut |_, mark| {
        put_or_keep(&mut kept, put, CopyRow::ImportMark(mark));
    })?;
    kept?;
    for token in tokens::list(session)? {
        put(CopyRow::Token(&token))?;
    }
    show_letters(session, put)?;
    Ok(Moment { pruned, head, erasures })
}

fn show_pruned(session: &mut Session, pruned: Seq, put: CopySink<'_>) -> Result<(), JournalError> {
    for (before, seq) in compactions::pruned_times(session)? {
        put(CopyRow::PrunedBefore(before, seq))?;
    }
    let mut kept = Ok(());
    prune::pruned_ids(session, 0, pruned, &mut |delivery| {
        put_or_keep(&mut kept, put, CopyRow::PrunedDelivery(delivery));
    })?;
    kept
}

fn show_letters(session: &mut Session, put: CopySink<'_>) -> Result<(), JournalError> {
    let mut last = 0;
    loop {
        let listed = dead_letters::list(session, last, LETTERS)?;
        for summary in &listed {
            last = summary.id;
            if let Some(letter) = dead_letters::one(session, last)? {
                put(CopyRow::DeadLetter(&letter))?;
            }
        }
        if listed.is_empty() {
            break;
        }
    }
    let (last_id, totals) = (dead_letters::last_id(session)?, dead_letters::totals(session)?);
    put(CopyRow::DeadLetterCounters { last_id, dropped: totals.dropped })
}
