//! Showing all that a file holds.

use rusqlite::Connection;

use crate::journal::copy_row::{
    CopyRow, CopySink, put_checkpoint, put_entry, put_or_keep, put_summary,
};
use crate::journal::error::JournalError;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::checkpoint::load::{self, Layout, Wanted};
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::sqlite::{
    compactions, dead_letters, epochs, events, history, import_marks, location_blocks, prune,
    schema, tokens,
};
use crate::model::Seq;

/// Number of dead letters that are listed at a time.
const LETTERS: usize = 256;

/// Shows a store as of one moment.
pub(in crate::journal) fn read(
    journal: &mut SqliteJournal,
    put: CopySink<'_>,
) -> Result<(), JournalError> {
    if journal.format < schema::known_version() || journal.unnamed_upto()? > 0 {
        return Err(JournalError::NotUpgraded);
    }
    // One snapshot for everything, as a backup has it: the write-ahead log grows meanwhile.
    let connection = journal.connection().unchecked_transaction()?;
    let (pruned, head) = (events::pruned(&connection)?, events::head(&connection)?);
    put(CopyRow::Entries { pruned, head })?;
    epochs::each(&connection, &mut |epoch| put(CopyRow::Epoch(epoch)))?;
    show_pruned(&connection, pruned, put)?;
    show_checkpoint(&connection, put)?;
    for compaction in compactions::load(&connection, 0)? {
        put(CopyRow::Compaction(&compaction))?;
    }
    let mut kept = Ok(());
    import_marks::marks(&connection, 0, &mut |_, mark| {
        put_or_keep(&mut kept, put, CopyRow::ImportMark(mark));
    })?;
    kept?;
    for token in tokens::list(&connection)? {
        put(CopyRow::Token(&token))?;
    }
    show_letters(&connection, put)?;
    let mut kept = Ok(());
    events::read(&connection, pruned, head, &mut |seq, entry| {
        put_entry(&mut kept, put, (seq, entry))
    })?;
    kept
}

fn show_pruned(
    connection: &Connection,
    pruned: Seq,
    put: CopySink<'_>,
) -> Result<(), JournalError> {
    for (before, seq) in compactions::pruned_times(connection)? {
        put(CopyRow::PrunedBefore(before, seq))?;
    }
    let mut kept = Ok(());
    prune::pruned_ids(connection, 0, pruned, &mut |delivery| {
        put_or_keep(&mut kept, put, CopyRow::PrunedDelivery(delivery));
    })?;
    kept
}

fn show_checkpoint(connection: &Connection, put: CopySink<'_>) -> Result<(), JournalError> {
    let layout = Layout::of_format(schema::known_version());
    let come = load::load(connection, layout, Wanted::All, &mut |row| put_checkpoint(put, row))?;
    load::list_locations(connection, layout, &mut |row| put_summary(put, row))?;
    history::show_notes(connection, &mut |row| put_checkpoint(put, row))?;
    location_blocks::show_all(connection, &mut |row| put_checkpoint(put, row))?;
    put(CopyRow::CheckpointSeq(come))
}

fn show_letters(connection: &Connection, put: CopySink<'_>) -> Result<(), JournalError> {
    let mut last = 0;
    loop {
        let listed = dead_letters::list(connection, last, LETTERS)?;
        for summary in &listed {
            last = summary.id;
            if let Some(letter) = dead_letters::one(connection, last)? {
                put(CopyRow::DeadLetter(&letter))?;
            }
        }
        if listed.is_empty() {
            break;
        }
    }
    let (last_id, totals) = (dead_letters::last_id(connection)?, dead_letters::totals(connection)?);
    put(CopyRow::DeadLetterCounters { last_id, dropped: totals.dropped })
}
