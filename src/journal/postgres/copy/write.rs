//! Writing a whole store into a new database.

use crate::journal::copy_row::{CopyRow, FillCopy};
use crate::journal::entry::{JournalEntry, StoredEntry};
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::save::{Rows, save_seq};
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::database_url::PostgresUrl;
use crate::journal::postgres::{
    compactions, dead_letters, epochs, events, import_marks, prune, schema, tokens,
};
use crate::model::Seq;

/// Nobody waits for this transaction but those who want the same store, and a vanished host
/// is noticed by the connection: the source may be slow, or the process be stopped for a
/// while.
const BEGIN: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Maximum number of entries, of deliveries and of marks that are written by one statement.
const ROWS: usize = 2_048;

/// Maximum number of bytes of entries that are written by one statement, except for the last.
const BYTES: usize = 1 << 20;

/// Writes what `fill` puts into a schema without a store: tables and all, in one transaction.
pub(in crate::journal) fn write(url: &PostgresUrl, fill: FillCopy<'_>) -> Result<(), JournalError> {
    let mut session = Session::connect(url)?;
    session.begin(BEGIN)?;
    let written = schema::create(&mut session).and_then(|()| {
        let mut writer = Writer::new(&mut session)?;
        fill(&mut |row| writer.put(row))?;
        writer.finish()
    });
    match written {
        Ok(()) => session.commit(),
        Err(error) => {
            // The connection may be lost: then there is nothing left to undo.
            session.end("ROLLBACK").unwrap_or_default();
            Err(error)
        }
    }
}

struct Writer<'s> {
    session: &'s mut Session,
    head: Seq,
    checkpoint: Rows,
    deliveries: prune::Deliveries,
    marks: Vec<Vec<u8>>,
    /// Those after `last`.
    entries: Vec<StoredEntry>,
    entry_bytes: usize,
    last: Seq,
}

impl<'s> Writer<'s> {
    fn new(session: &'s mut Session) -> Result<Self, JournalError> {
        // A new store has an epoch of its own.
        session.execute("DELETE FROM epoch", &[])?;
        Ok(Self {
            session,
            head: 0,
            checkpoint: Rows::default(),
            deliveries: prune::Deliveries::default(),
            marks: Vec::new(),
            entries: Vec::new(),
            entry_bytes: 0,
            last: 0,
        })
    }

    fn put(&mut self, row: CopyRow<'_>) -> Result<(), JournalError> {
        let session = &mut *self.session;
        match row {
            CopyRow::Entries { pruned, head } => {
                (self.last, self.head) = (pruned, head);
                prune::set_pruned(session, pruned)
            }
            CopyRow::Epoch(epoch) => epochs::insert(session, epoch),
            CopyRow::PrunedBefore(before, seq) => compactions::note_pruned(session, before, seq),
            CopyRow::PrunedDelivery(delivery) => {
                self.deliveries.push(delivery);
                if self.deliveries.len() < ROWS { Ok(()) } else { self.deliveries.insert(session) }
            }
            CopyRow::Checkpoint(row) => self.checkpoint.put(session, row),
            CopyRow::CheckpointSeq(come) => save_seq(session, come),
            CopyRow::Compaction(compaction) => compactions::record(session, compaction),
            CopyRow::ImportMark(mark) => {
                self.marks.push(mark.into());
                Ok(())
            }
            CopyRow::Token(token) => tokens::insert(session, token),
            CopyRow::DeadLetter(letter) => dead_letters::insert(session, letter),
            CopyRow::DeadLetterCounters { last_id, dropped } => {
                dead_letters::set_counters(session, last_id, dropped)
            }
            CopyRow::Entry(_, entry) => self.put_entry(&entry),
        }
    }

    fn put_entry(&mut self, entry: &JournalEntry<'_>) -> Result<(), JournalError> {
        self.entry_bytes += entry.body.len();
        self.entries.push(StoredEntry::new(entry));
        if self.entries.len() < ROWS && self.entry_bytes < BYTES {
            return Ok(());
        }
        self.flush_entries()
    }

    fn flush_entries(&mut self) -> Result<(), JournalError> {
        let batch: Vec<_> = self.entries.iter().map(StoredEntry::entry).collect();
        self.last = events::append(self.session, self.last, &batch)?;
        self.entries.clear();
        self.entry_bytes = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<(), JournalError> {
        self.flush_entries()?;
        self.checkpoint.flush(self.session)?;
        self.deliveries.insert(self.session)?;
        import_marks::insert(self.session, &self.marks)?;
        if self.head == 0 {
            return Ok(());
        }
        // The store that this was copied from may be written to from now on, and the same
        // seqs will belong to other events there. Positions up to here stay good.
        epochs::begin(self.session, self.head)
    }
}
