//! Erasing a location from the file.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::sqlite::checkpoint::save;
use crate::journal::sqlite::{compactions, dead_letters, delivery_blocks, events, location_blocks};
use crate::journal::writer::Erased;
use crate::model::{Seq, Timestamp};

// The conditions on the key change nothing; they say that reading all rows is intended.
const EVENTS: &str = "SELECT seq FROM event WHERE seq > ?1 AND seq <= ?2 AND location = ?3";
const RECEIVED_AT: &str = "SELECT received_at FROM event WHERE seq = ?1";
const LETTERS: &str = "SELECT id FROM dead_letter \
    WHERE id > 0 AND (location = ?1 OR location IS NULL AND instr(body, ?2) > 0)";
const DELIVERIES: &str =
    "SELECT seq FROM pruned_delivery WHERE seq > 0 AND location = ?1 ORDER BY seq";
const NUMBER: &str = "SELECT number FROM state_location WHERE number >= 0 AND id = ?1";

/// Overwrites all texts of an event by texts of the same length, so that no page is left
/// with a copy when rows are moved.
const COVER: &str = "UPDATE event SET \
    location = replace(hex(zeroblob(length(CAST(location AS BLOB)))), '00', 'x'), \
    type = replace(hex(zeroblob(length(CAST(type AS BLOB)))), '00', 'x'), \
    entity = replace(hex(zeroblob(length(CAST(entity AS BLOB)))), '00', 'x'), \
    webhook_id = iif(webhook_id IS NULL, NULL, \
        replace(hex(zeroblob(length(CAST(webhook_id AS BLOB)))), '00', 'x')), \
    body = replace(hex(zeroblob(length(CAST(body AS BLOB)))), '00', 'x') WHERE seq = ?1";
const BLANK: &str = "UPDATE event SET location = '', type = '', entity = '', webhook_id = NULL, \
    at = NULL, checksum = ?2, body = '' WHERE seq = ?1";
const RUN: &str = "SELECT first, last FROM mentions WHERE first <= ?1 ORDER BY first DESC LIMIT 1";

/// Erases a location in one transaction: of each of its events only the position and the
/// time of receipt are left.
pub(super) fn erase(
    connection: &mut Connection,
    location: &str,
    known: &[Seq],
    upto: Seq,
) -> Result<Erased, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut seqs = known.to_vec();
    let head = events::head(&transaction)?;
    seqs_of(&transaction, location, upto, head, &mut seqs)?;
    blank_events(&transaction, &mut seqs)?;
    let mut erased = Erased { seqs, ..Erased::default() };
    erased.events = erased.seqs.len() as u64;
    erased.dead_letters = remove_letters(&transaction, location)?;
    location_blocks::erase(&transaction, location, head)?;
    for &seq in &erased.seqs {
        transaction.prepare_cached("DELETE FROM repeat WHERE seq = ?1")?.execute([seq])?;
        transaction.prepare_cached("DELETE FROM idle_event WHERE seq = ?1")?.execute([seq])?;
        let is_known = erased.runs.last().is_some_and(|&(_, last)| seq <= last);
        if !is_known {
            erased.runs.extend(take_run(&transaction, seq)?);
        }
    }
    let deliveries: Vec<Seq> = transaction
        .prepare(DELIVERIES)?
        .query_map([location], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in &deliveries {
        transaction.prepare_cached("DELETE FROM pruned_delivery WHERE seq = ?1")?.execute([seq])?;
    }
    // Pruned events are before those that are left.
    erased.seqs.splice(..0, deliveries);
    delivery_blocks::erase(&transaction, &erased.seqs)?;
    if !erased.seqs.is_empty() {
        transaction.execute("DELETE FROM import WHERE number > 0", [])?;
    }
    compactions::forget_location(&transaction, location)?;
    let number: Option<u32> =
        transaction.query_row(NUMBER, [location], |row| row.get(0)).optional()?;
    if let Some(number) = number {
        save::forget_location(&transaction, number)?;
    }
    transaction.commit()?;
    Ok(erased)
}

/// Adds the events of a location after `after` and up to `upto` to `found`. Passes over
/// those of all others.
pub(super) fn seqs_of(
    connection: &Connection,
    location: &str,
    after: Seq,
    upto: Seq,
    found: &mut Vec<Seq>,
) -> Result<(), JournalError> {
    let mut select = connection.prepare_cached(EVENTS)?;
    let bounds = (after.cast_signed(), upto.cast_signed(), location);
    for seq in select.query_map(bounds, |row| row.get(0))? {
        found.push(seq?);
    }
    Ok(())
}

/// Empties these events, except those that have been pruned.
fn blank_events(transaction: &Transaction<'_>, seqs: &mut Vec<Seq>) -> Result<(), JournalError> {
    let mut cover = transaction.prepare(COVER)?;
    for seq in &*seqs {
        cover.execute([seq])?;
    }
    let mut received_at = transaction.prepare(RECEIVED_AT)?;
    let mut blank = transaction.prepare(BLANK)?;
    let mut found = Vec::with_capacity(seqs.len());
    for &seq in &*seqs {
        let received_at = received_at.query_row([seq], |row| row.get(0)).optional()?;
        if let Some(received_at) = received_at {
            let entry = JournalEntry::erased(Timestamp::from_millis(received_at));
            blank.execute((seq, entry.checksum(seq)))?;
            found.push(seq);
        }
    }
    *seqs = found;
    Ok(())
}

/// Deletes the dead letters of a location, and those that name none but contain its id.
fn remove_letters(transaction: &Transaction<'_>, location: &str) -> Result<u64, JournalError> {
    let quoted = format!("\"{location}\"").into_bytes();
    let letters: Vec<u64> = transaction
        .prepare(LETTERS)?
        .query_map((location, quoted), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for &id in &letters {
        dead_letters::remove(transaction, id)?;
    }
    Ok(letters.len() as u64)
}

/// Deletes the run that contains an event, and returns its ends.
fn take_run(transaction: &Transaction<'_>, seq: Seq) -> Result<Option<(Seq, Seq)>, JournalError> {
    let run = transaction
        .prepare_cached(RUN)?
        .query_row([seq], |row| Ok((row.get::<_, Seq>(0)?, row.get::<_, Seq>(1)?)))
        .optional()?
        .filter(|&(_, last)| seq <= last);
    if let Some((first, _)) = run {
        transaction.prepare_cached("DELETE FROM mentions WHERE first = ?1")?.execute([first])?;
    }
    Ok(run)
}
