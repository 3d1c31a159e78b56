//! Turns to write, and the right to save checkpoints: what several processes share.

use crate::journal::checkpoint::CheckpointSeq;
use crate::journal::error::JournalError;
use crate::journal::postgres::journal::{PostgresJournal, read_only};
use crate::journal::postgres::schema;
use crate::journal::writer::Position;
use crate::model::Timestamp;

/// How far the journal has come.
macro_rules! position {
    () => {
        "SELECT greatest((SELECT max(seq) FROM event), pruned), revision, checkpoint_seq, \
         checkpoint_newest, floor(extract(epoch FROM clock_timestamp()) * 1000)::int8, \
         (SELECT max(number) FROM epoch)::int8, format::int8 FROM store"
    };
}
const POSITION: &str = position!();

/// Begins a turn: what comes after the lock sees all that was committed before it.
const TAKE_TURN: &str = concat!("BEGIN; SELECT 1 FROM store FOR UPDATE; ", position!());

/// Held by the process that saves checkpoints, as long as its connection lasts.
const MAINTAIN: &str = "SELECT pg_try_advisory_lock(1919249249, hashtext(current_schema()))";

/// Leaves that to another.
const LEAVE: &str = "SELECT pg_advisory_unlock(1919249249, hashtext(current_schema()))";

impl PostgresJournal {
    /// Reads how far the journal has come.
    pub(super) fn read_position(&mut self) -> Result<Position, JournalError> {
        let turn = self.writing.as_ref().and_then(|writing| writing.turn);
        if let Some(turn) = turn {
            return Ok(turn);
        }
        let row = self.session()?.one(POSITION, &[])?;
        let mut columns = [0; 7];
        for (place, column) in columns.iter_mut().enumerate() {
            *column = row.try_get(place)?;
        }
        self.check_position(columns)
    }

    /// Waits for the turn to write, and returns how far the journal has come then.
    pub(super) fn begin_turn(&mut self) -> Result<Position, JournalError> {
        let writing = self.writing.as_ref().ok_or_else(read_only)?;
        if let Some(turn) = writing.turn {
            return Ok(turn);
        }
        let taken = self.session()?.begin_with_row(TAKE_TURN);
        let taken = taken.and_then(|row| {
            let numbers: Vec<i64> = row.iter().filter_map(|text| text.parse().ok()).collect();
            <[i64; 7]>::try_from(numbers).map_err(|_| JournalError::DamagedCheckpoint {
                reason: "the table `store` has no row".to_owned(),
            })
        });
        let taken = taken.and_then(|columns| self.check_position(columns));
        if taken.is_err() {
            self.session()?.end("ROLLBACK").unwrap_or_default();
        }
        let turn = taken?;
        if let Some(writing) = &mut self.writing {
            writing.turn = Some(turn);
        }
        Ok(turn)
    }

    /// Returns whether this process saves checkpoints: if no other does, and if no newer version
    /// has changed the tables.
    pub(super) fn try_to_maintain(&mut self) -> Result<bool, JournalError> {
        let writing = self.writing.as_ref().ok_or_else(read_only)?;
        let maintains = match (writing.maintains, self.check_format().is_err()) {
            (true, false) => return Ok(true),
            (false, true) => return Ok(false),
            (false, false) => self.session()?.one(MAINTAIN, &[])?.try_get(0)?,
            // One of the newer version does it.
            (true, true) => {
                self.session()?.execute(LEAVE, &[])?;
                false
            }
        };
        if let Some(writing) = &mut self.writing {
            writing.maintains = maintains;
            // Whoever did it until now has given others perhaps.
            writing.numbers.clear();
        }
        Ok(maintains)
    }

    /// Returns a position, unless it is one of another epoch.
    fn check_position(&mut self, columns: [i64; 7]) -> Result<Position, JournalError> {
        let [head, revision, seq, newest, now, epoch, format] = columns;
        let [head, revision, seq, newest] = [head, revision, seq, newest].map(i64::unsigned_abs);
        let known = self.writing.as_mut().and_then(|writing| {
            (writing.format, writing.head) = (format, head);
            writing.epoch
        });
        if known.is_some_and(|known| known != epoch) {
            return Err(JournalError::NewEpoch { head });
        }
        let now = Timestamp::from_millis(now);
        Ok(Position { head, revision, checkpoint: CheckpointSeq { seq, newest }, now })
    }

    /// Fails if a newer version has changed the tables since they were opened.
    pub(super) fn check_format(&self) -> Result<(), JournalError> {
        let found = self.writing.as_ref().map_or(0, |writing| writing.format);
        let known = i64::from(schema::known_version());
        if found > known { Err(JournalError::TooNew { found, known }) } else { Ok(()) }
    }
}
