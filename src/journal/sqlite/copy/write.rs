//! Writing a whole store into a new file.

use std::path::Path;

use rusqlite::{CachedStatement, Transaction};

use crate::journal::checkpoint::CheckpointSeq;
use crate::journal::copy_row::{CopyRow, FillCopy};
use crate::journal::error::JournalError;
use crate::journal::sqlite::checkpoint::save::{SAVE_SEQ, Statements};
use crate::journal::sqlite::connection::{PAGE_BYTES, connect_for_writing};
use crate::journal::sqlite::{
    compactions, dead_letters, epochs, events, import_marks, new_file, prune, schema, state_table,
    tokens,
};

/// Writes what `fill` puts into the new file `to`.
///
/// The next to open the file for writing begins an epoch, as with every file that comes
/// without its lock file: the store that it was copied from may be written to since, and the
/// same seqs belong to other events there.
pub(in crate::journal) fn write(to: &Path, fill: FillCopy<'_>) -> Result<(), JournalError> {
    new_file::write(to, |partial| {
        let mut connection = connect_for_writing(partial)?;
        state_table::define_checksum(&connection)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        // Whatever goes wrong, the file is thrown away; it is synced once it is complete.
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        schema::migrate(&mut connection)?;
        // Until all is there, it is no store that anybody can open.
        connection.pragma_update(None, "application_id", 0)?;
        let transaction = connection.transaction()?;
        let mut writer = Writer::new(&transaction)?;
        fill(&mut |row| writer.put(row))?;
        writer.finish()?;
        transaction.commit()?;
        connection.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(())
    })
}

struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    checkpoint: Statements<'t>,
    insert: CachedStatement<'t>,
    come: CheckpointSeq,
}

impl<'t> Writer<'t> {
    fn new(transaction: &'t Transaction<'t>) -> Result<Self, JournalError> {
        // A new file has an epoch of its own.
        transaction.execute("DELETE FROM epoch", [])?;
        Ok(Self {
            transaction,
            checkpoint: Statements::prepare(transaction)?,
            insert: transaction.prepare_cached(events::INSERT)?,
            come: CheckpointSeq::default(),
        })
    }

    fn put(&mut self, row: CopyRow<'_>) -> Result<(), JournalError> {
        let transaction = self.transaction;
        match row {
            CopyRow::Entries { pruned: 0, .. } => {}
            CopyRow::Entries { pruned, .. } => prune::set_pruned(transaction, pruned)?,
            CopyRow::Epoch(epoch) => epochs::insert(transaction, epoch)?,
            CopyRow::PrunedBefore(before, seq) => {
                compactions::note_pruned(transaction, before, seq)?;
            }
            CopyRow::PrunedDelivery(delivery) => prune::remember(transaction, delivery)?,
            CopyRow::Checkpoint(row) => self.checkpoint.put(row)?,
            CopyRow::CheckpointSeq(come) => self.come = come,
            CopyRow::Compaction(compaction) => compactions::insert(transaction, compaction)?,
            CopyRow::ImportMark(mark) => import_marks::mark(transaction, &mark)?,
            CopyRow::Token(token) => tokens::insert(transaction, token)?,
            CopyRow::DeadLetter(letter) => {
                dead_letters::insert(transaction, Some(letter.summary.id), letter)?;
            }
            CopyRow::DeadLetterCounters { last_id, dropped } => {
                dead_letters::set_counters(transaction, last_id, dropped)?;
            }
            CopyRow::Entry(seq, entry) => events::insert_one(&mut self.insert, seq, &entry)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), JournalError> {
        let CheckpointSeq { seq, newest } = self.come;
        let locations = self.checkpoint.new_locations;
        let columns = (seq.cast_signed(), locations, newest.cast_signed());
        self.transaction.prepare_cached(SAVE_SEQ)?.execute(columns)?;
        Ok(())
    }
}
