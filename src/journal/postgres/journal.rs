//! A journal in a database: opening it, taking turns, and its calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink};
use crate::journal::dead_letter::{DeadLetterBounds, Refused};
use crate::journal::delivery_blocks::before;
use crate::journal::entry::JournalEntry;
use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::postgres::checkpoint::save;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::database_url::PostgresUrl;
use crate::journal::postgres::delivery_blocks::{self, Next};
use crate::journal::postgres::{
    compactions, dead_letters, epochs, erase, events, import_marks, prune, schema,
};
use crate::journal::reader::OpenReader;
use crate::journal::writer::{Erased, ImportMark, Journal, Position, RecordedErasure};
use crate::model::{Seq, Timestamp};
use crate::sync::IgnorePoison;

/// Connections that are kept for the next reader.
const IDLE_READERS: usize = 4;

/// A journal in a PostgreSQL database, which several processes write by turns.
///
/// Each write is a transaction that first locks the one row of the table `store`, so seqs are
/// in the order of commits, without gaps. A process that ends gives up its turn with its
/// connection; one that hangs loses it after five seconds.
#[derive(Debug)]
pub struct PostgresJournal {
    url: PostgresUrl,
    /// `None` once it was given back.
    session: Option<Session>,
    /// `None` in a journal opened for reading.
    pub(super) writing: Option<Writing>,
    idle: Arc<Idle>,
}

/// Connections of readers that have ended.
type Idle = Mutex<Vec<Session>>;

/// What a writer knows.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// How far the journal has come, while it is this process's turn.
    pub(super) turn: Option<Position>,
    /// Whether this process saves checkpoints, as far as its connection knows.
    pub(super) maintains: bool,
    /// By number of a location here, that in the database, where it is known.
    pub(super) numbers: HashMap<u32, i32>,
    /// The number of the epoch that the journal was in when it was opened, once that is known.
    pub(super) epoch: Option<i64>,
    /// The version of the tables when the position was last read.
    pub(super) format: i64,
    /// The head when the position was last read: the journal has come that far.
    pub(super) head: Seq,
    /// The last entry that was seen or appended here, and its checksum.
    pub(super) last: Option<(Seq, i64)>,
    /// The head before an append whose outcome is unknown.
    pub(super) unsettled: Option<Seq>,
}

impl PostgresJournal {
    /// Opens the database for writing, creating or migrating the tables as needed.
    ///
    /// # Errors
    ///
    /// [`JournalError::BadUrl`], [`JournalError::Unsuited`] and [`JournalError::TooNew`] leave
    /// the database as it is.
    pub fn open(url: &PostgresUrl) -> Result<Self, JournalError> {
        let mut session = Session::connect(url)?;
        schema::migrate(&mut session)?;
        let mut journal = Self {
            url: url.clone(),
            session: Some(session),
            writing: Some(Writing::default()),
            idle: Arc::default(),
        };
        journal.write(epochs::follow_history)?;
        journal.remember_last()?;
        Ok(journal)
    }

    /// Opens the database for reading.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`JournalError::Unsuited`] if there is no store.
    pub fn open_read_only(url: &PostgresUrl) -> Result<Self, JournalError> {
        Self::reader(url, &Arc::default())
    }

    fn reader(url: &PostgresUrl, idle: &Arc<Idle>) -> Result<Self, JournalError> {
        // Those from before a restart of the database are of no use.
        let kept = std::iter::from_fn(|| idle.lock().ignore_poison().pop())
            .find_map(|mut session| (!session.is_lost()).then_some(session));
        let session = if let Some(session) = kept {
            session
        } else {
            let mut session = Session::connect(url)?;
            if schema::version(&mut session)? == 0 {
                let advice = "look at the URL, or let `relata serve` make a store there";
                let reason = "there is no store in it".to_owned();
                return Err(JournalError::Unsuited { reason, advice });
            }
            session
        };
        Ok(Self { url: url.clone(), session: Some(session), writing: None, idle: Arc::clone(idle) })
    }

    /// Returns the connection.
    pub(super) fn session(&mut self) -> Result<&mut Session, JournalError> {
        self.session.as_mut().ok_or_else(read_only)
    }

    /// Writes in a transaction of its own, or in that of the turn, which it ends.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.write_committing(|session| {
            let done = work(session)?;
            session.commit()?;
            Ok(done)
        })
    }

    /// Writes as [`write`](Self::write) does, by what commits itself.
    fn write_committing<T>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.take_turn()?;
        let session = self.session()?;
        let done = work(session);
        if done.is_err() && session.is_in_transaction() {
            // The connection may be lost: then there is nothing left to undo.
            session.end("ROLLBACK").unwrap_or_default();
        }
        if let Some(writing) = &mut self.writing {
            writing.turn = None;
        }
        done
    }

    /// Writes as [`write`](Self::write) does what a newer version may keep in another way.
    /// Fails once one has changed the tables; events are appended nevertheless.
    fn write_unless_outdated<T>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.take_turn()?;
        if let Err(error) = self.check_format() {
            self.end_turn()?;
            return Err(error);
        }
        self.write(work)
    }

    /// Writes rows of locations as [`write_unless_outdated`](Self::write_unless_outdated) does.
    fn write_numbered<T>(
        &mut self,
        work: impl FnOnce(&mut Session, &mut HashMap<u32, i32>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let writing = self.writing.as_mut().ok_or_else(read_only)?;
        let mut numbers = std::mem::take(&mut writing.numbers);
        let done = self.write_unless_outdated(|session| work(session, &mut numbers));
        // After a failure they may be those of rows that are not there.
        if let (Some(writing), Ok(_)) = (&mut self.writing, &done) {
            writing.numbers = numbers;
        }
        done
    }

    fn append_all(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: Option<&ImportMark>,
    ) -> Result<Seq, JournalError> {
        self.take_turn()?;
        let writing = self.writing.as_mut().ok_or_else(read_only)?;
        let head = writing.turn.map(|turn| turn.head).unwrap_or_default();
        let last = batch.last().map(|entry| {
            let seq = head + batch.len() as Seq;
            (seq, entry.checksum(seq))
        });
        writing.unsettled = Some(head);
        let head = self.write_committing(|session| {
            if let Some(mark) = mark {
                import_marks::add(session, mark)?;
            }
            if batch.is_empty() {
                return session.commit().map(|()| head);
            }
            events::append_and_commit(session, head, batch)
        })?;
        if let Some(writing) = &mut self.writing {
            writing.unsettled = None;
            writing.last = last.or(writing.last);
        }
        Ok(head)
    }

    /// Notes what the last entry and the epoch are, so that another history is noticed.
    fn remember_last(&mut self) -> Result<(), JournalError> {
        let session = self.session()?;
        let head = events::head(session)?;
        let checksum = events::stored_checksum(session, head)?;
        let epoch = session.one("SELECT max(number)::int8 FROM epoch", &[])?.try_get(0)?;
        if let Some(writing) = &mut self.writing {
            (writing.last, writing.epoch) =
                (checksum.map(|checksum| (head, checksum)), Some(epoch));
        }
        Ok(())
    }

    /// Fails if the last entry that was known here is not there any more.
    fn check_history(&mut self, head: Seq) -> Result<(), JournalError> {
        let known = self.writing.as_ref().and_then(|writing| writing.last);
        let Some((seq, checksum)) = known else { return Ok(()) };
        if self.is_there(seq, checksum)? { Ok(()) } else { Err(JournalError::Forked { seq, head }) }
    }

    /// Returns whether an entry of this checksum is there, or was until it was pruned or erased.
    fn is_there(&mut self, seq: Seq, checksum: i64) -> Result<bool, JournalError> {
        let session = self.session()?;
        let found = events::stored_checksum(session, seq)?;
        if found == Some(checksum) {
            return Ok(true);
        }
        if found.is_none() {
            return Ok(events::pruned(session)? >= seq);
        }
        let received_at = events::received_at(session, seq)?;
        Ok(found == received_at.map(|at| JournalEntry::erased(at).checksum(seq)))
    }
}

pub(super) fn read_only() -> JournalError {
    JournalError::Storage {
        source: "the journal is open for reading only".into(),
        advice: "open it for writing",
        outcome: WriteOutcome::NothingWritten,
    }
}

impl Drop for PostgresJournal {
    /// Keeps the connection of a reader for the next one.
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let mut idle = self.idle.lock().ignore_poison();
        let is_kept =
            self.writing.is_none() && !session.is_closed() && !session.is_in_transaction();
        if is_kept && idle.len() < IDLE_READERS {
            idle.push(session);
        }
    }
}

impl Journal for PostgresJournal {
    fn position(&mut self) -> Result<Option<Position>, JournalError> {
        self.read_position().map(Some)
    }

    fn take_turn(&mut self) -> Result<Option<Position>, JournalError> {
        self.begin_turn().map(Some)
    }

    fn maintain(&mut self) -> Result<bool, JournalError> {
        self.try_to_maintain()
    }

    fn erasures(&mut self, after: u64) -> Result<Vec<RecordedErasure>, JournalError> {
        erase::recorded(self.session()?, after)
    }

    fn end_turn(&mut self) -> Result<(), JournalError> {
        if self.writing.as_mut().is_some_and(|writing| writing.turn.take().is_some()) {
            self.session()?.end("ROLLBACK")?;
        }
        Ok(())
    }

    /// Looks at each: another may have appended something else that ends alike.
    fn was_last_append_kept(&mut self, batch: &[JournalEntry<'_>]) -> Result<bool, JournalError> {
        let unsettled = self.writing.as_ref().and_then(|writing| writing.unsettled);
        let Some(head) = unsettled else { return Ok(true) };
        for (entry, seq) in batch.iter().zip(head + 1..) {
            if !self.is_there(seq, entry.checksum(seq))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError> {
        self.append_all(batch, None)
    }

    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError> {
        self.append_all(batch, Some(mark))
    }

    fn import_marks(
        &mut self,
        after: u64,
        each: &mut dyn FnMut(u64, ImportMark),
    ) -> Result<(), JournalError> {
        import_marks::show(self.session()?, after, each)
    }

    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.write_numbered(|session, numbers| save::update(session, numbers, upto, fill))
    }

    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let upto = CheckpointSeq::whole(upto);
        self.write_numbered(|session, numbers| save::replace(session, numbers, upto, fill))
    }

    /// Reads before it takes the turn, for which others wait. What it reads stays as it is
    /// meanwhile, unless a location is erased.
    fn index_deliveries(&mut self, after: Seq) -> Result<Seq, JournalError> {
        let Position { head, revision, .. } = self.read_position()?;
        self.check_format()?;
        let (rows, kept) = match delivery_blocks::read_next(self.session()?, after, head)? {
            Next::Nothing(upto) => return Ok(upto),
            Next::Block(rows, kept) => (rows, kept),
        };
        if self.begin_turn()?.revision != revision {
            self.end_turn()?;
            return Ok(before(rows.block()));
        }
        self.write_unless_outdated(|session| delivery_blocks::add(session, &rows, kept))
    }

    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError> {
        self.write_unless_outdated(|session| compactions::record(session, compaction))
    }

    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError> {
        self.write_unless_outdated(|session| prune::prune(session, before, remember, limit))
    }

    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError> {
        self.write(|session| dead_letters::keep(session, letters, bounds))
    }

    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError> {
        self.write(|session| dead_letters::delete(session, id))
    }

    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError> {
        self.write_unless_outdated(|session| erase::erase(session, location, known, upto))
    }

    /// Connects again, and waits until the transaction before has ended, which the lock shows.
    fn recover(&mut self) -> Result<Seq, JournalError> {
        self.session = Some(Session::connect(&self.url)?);
        if let Some(writing) = &mut self.writing {
            (writing.turn, writing.maintains) = (None, false);
        }
        // A commit that succeeds shows that the one before, if it is there, is where it has to
        // be: at the standby, too.
        self.write(|session| {
            session.execute("UPDATE store SET format = format", &[])?;
            epochs::follow_history(session)
        })?;
        let head = events::head(self.session()?)?;
        self.check_history(head)?;
        Ok(head)
    }

    fn readers(&self) -> Arc<OpenReader> {
        let (url, idle) = (self.url.clone(), Arc::clone(&self.idle));
        Arc::new(move || Ok(Box::new(Self::reader(&url, &idle)?)))
    }
}
