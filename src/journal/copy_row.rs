//! What a copy of a store is made of.

use std::ops::ControlFlow;

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, Compaction};
use crate::journal::dead_letter::DeadLetter;
use crate::journal::entry::{Accepted, JournalEntry};
use crate::journal::error::JournalError;
use crate::journal::token::TokenRow;
use crate::journal::writer::ImportMark;
use crate::model::{Epoch, Seq, Timestamp};

/// One thing of a store. A store shows them in the order of the variants: entries last, and
/// all others as of one moment, at which the last entry was the head.
#[derive(Debug, Clone, Copy)]
pub(super) enum CopyRow<'a> {
    /// Which entries follow.
    Entries {
        /// The last entry that was pruned.
        pruned: Seq,
        /// The last entry.
        head: Seq,
    },
    /// An epoch, the oldest first.
    Epoch(Epoch),
    /// The pruned entries up to this one were received before this time.
    PrunedBefore(Timestamp, Seq),
    /// The id of a pruned delivery.
    PrunedDelivery(Accepted<'a>),
    /// A row of the checkpoint.
    Checkpoint(&'a CheckpointRow<'a>),
    /// How far the checkpoint has come.
    CheckpointSeq(CheckpointSeq),
    /// A compaction.
    Compaction(&'a Compaction),
    /// How far an import had come, the oldest first.
    ImportMark(ImportMark),
    /// A token.
    Token(&'a TokenRow),
    /// A dead letter, the oldest first.
    DeadLetter(&'a DeadLetter),
    /// What dead letters that are gone have left.
    DeadLetterCounters {
        /// The last number that was given to one.
        last_id: u64,
        /// How many made room for later ones.
        dropped: u64,
    },
    /// An entry.
    Entry(Seq, JournalEntry<'a>),
}

/// Takes the things of a store, one by one.
pub(super) type CopySink<'s> = &'s mut dyn FnMut(CopyRow<'_>) -> Result<(), JournalError>;

/// Shows the things of a store.
pub(super) type FillCopy<'f> = &'f mut dyn FnMut(CopySink<'_>) -> Result<(), JournalError>;

/// Puts a row of the checkpoint. A damaged one is an error: the copy would give it a
/// checksum that matches.
pub(super) fn put_checkpoint(
    put: CopySink<'_>,
    row: &CheckpointRow<'_>,
) -> Result<(), JournalError> {
    if let CheckpointRow::Damaged { reason, .. } = row {
        let reason = (*reason).to_owned();
        return Err(JournalError::DamagedCheckpoint { reason });
    }
    put(CopyRow::Checkpoint(row))
}

/// Puts a row of the list of locations that is none of the checkpoint's rows.
pub(super) fn put_summary(put: CopySink<'_>, row: &CheckpointRow<'_>) -> Result<(), JournalError> {
    let is_summary = matches!(row, CheckpointRow::Summary { .. });
    if is_summary { put(CopyRow::Checkpoint(row)) } else { Ok(()) }
}

/// Puts a row within a call that cannot return the error, which is kept instead: after it
/// nothing more is put.
pub(super) fn put_or_keep(
    kept: &mut Result<(), JournalError>,
    put: CopySink<'_>,
    row: CopyRow<'_>,
) {
    if kept.is_ok() {
        *kept = put(row);
    }
}

/// Puts an entry as [`put_or_keep`] does, and breaks after an error.
pub(super) fn put_entry(
    kept: &mut Result<(), JournalError>,
    put: CopySink<'_>,
    (seq, entry): (Seq, JournalEntry<'_>),
) -> ControlFlow<()> {
    put_or_keep(kept, put, CopyRow::Entry(seq, entry));
    if kept.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}
