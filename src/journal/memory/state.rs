//! What a journal in memory holds, and how entries leave it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::journal::checkpoint::CheckpointSeq;
use crate::journal::dead_letter::{DeadLetter, DeadLetterBounds, DeadLetterTotals, Refused};
use crate::journal::entry::{JournalEntry, StoredEntry};
use crate::journal::location_blocks::BlockMap;
use crate::journal::memory::rows::{RowKey, StoredRow};
use crate::journal::memory::sharing::Sharing;
use crate::journal::writer::{Erased, ImportMark};
use crate::model::{Counts, Seq, Timestamp};

/// All that a journal in memory holds.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Those after `pruned`.
    pub(super) entries: Vec<Arc<StoredEntry>>,
    pub(super) pruned: Seq,
    /// Pruned deliveries that may be repeated: seq, location, id, time of receipt.
    pub(super) remembered: Vec<(Seq, Box<str>, Box<str>, Timestamp)>,
    pub(super) letters: BTreeMap<u64, DeadLetter>,
    pub(super) last_letter: u64,
    pub(super) dropped_letters: u64,
    pub(super) checkpoint: CheckpointSeq,
    pub(super) locations: BTreeMap<u32, StoredLocation>,
    /// By location: its name, counts, and number of tombstones.
    pub(super) summaries: BTreeMap<u32, StoredSummary>,
    /// By location, then in the order that rows refer to each other.
    pub(super) rows: BTreeMap<(u32, RowKey), Arc<StoredRow>>,
    /// By the first event of each block: the last, and hashes.
    pub(super) skip_blocks: BTreeMap<Seq, (Seq, Box<[u8]>)>,
    pub(super) blocks: BlockMap,
    pub(super) redeliveries: BTreeMap<Seq, u64>,
    /// Each with its number.
    pub(super) marks: VecDeque<(u64, ImportMark)>,
    pub(super) no_ops: BTreeSet<Seq>,
    /// By position and location.
    pub(super) compactions: BTreeMap<(Seq, Box<str>), Seq>,
    /// By time: the last pruned entry that was received before it.
    pub(super) pruned_before: BTreeMap<Timestamp, Seq>,
    pub(super) sharing: Sharing,
}

/// What a location holds.
pub(super) type StoredSummary = (Option<Box<str>>, Counts, u64);

/// A location, and how far its rows have come.
#[derive(Debug)]
pub(super) struct StoredLocation {
    pub(super) id: Box<str>,
    pub(super) rows: Option<u64>,
    pub(super) seq: Option<Seq>,
}

impl State {
    pub(super) fn head(&self) -> Seq {
        self.pruned + self.entries.len() as Seq
    }

    pub(super) fn dead_letter_totals(&self) -> DeadLetterTotals {
        let bytes = self.letters.values().map(|letter| letter.bytes() as u64).sum();
        let letters = self.letters.len() as u64;
        DeadLetterTotals { letters, bytes, dropped: self.dropped_letters }
    }

    /// Deletes entries as [`Journal::prune`](crate::journal::Journal::prune) does.
    pub(super) fn prune(&mut self, before: Timestamp, remember: Timestamp, limit: u32) -> Seq {
        let behind = usize::try_from(self.checkpoint.seq.saturating_sub(self.pruned));
        let most = behind.unwrap_or(usize::MAX).min(limit as usize);
        let old = |kept: &&Arc<StoredEntry>| kept.received_at < before;
        let count = self.entries.iter().take(most).take_while(old).count();
        let leaving: Vec<Arc<StoredEntry>> = self.entries.drain(..count).collect();
        for (kept, seq) in leaving.iter().zip(self.pruned + 1..) {
            if let Some(webhook_id) = &kept.webhook_id {
                let delivery = (seq, kept.location.clone(), webhook_id.clone(), kept.received_at);
                self.remembered.push(delivery);
            }
        }
        self.remembered.retain(|(.., received_at)| *received_at >= remember);
        self.pruned += count as Seq;
        let pruned = self.pruned;
        if count > 0 {
            self.pruned_before.insert(before, pruned);
        }
        self.compactions.retain(|(at, _), _| *at >= pruned);
        self.skip_blocks.retain(|_, (last, _)| *last > pruned);
        self.blocks.prune(pruned);
        self.redeliveries.retain(|seq, _| *seq > pruned);
        self.no_ops.retain(|seq| *seq > pruned);
        self.pruned
    }

    /// Keeps dead letters within these bounds, dropping the oldest.
    pub(super) fn keep_dead_letters(&mut self, letters: &[Refused], bounds: DeadLetterBounds) {
        for refused in letters {
            let same = |letter: &&mut DeadLetter| {
                letter.body == refused.body && letter.summary.url_type == refused.url_type
            };
            if let Some(known) = self.letters.values_mut().find(same) {
                known.summary.times += 1;
                known.summary.last_at = refused.received_at;
                continue;
            }
            self.last_letter += 1;
            let letter = DeadLetter::new(self.last_letter, refused);
            self.letters.insert(self.last_letter, letter);
        }
        while self.dead_letter_totals().letters > bounds.letters
            || self.dead_letter_totals().bytes > bounds.bytes
        {
            self.letters.pop_first();
            self.dropped_letters += 1;
        }
    }

    /// Erases a location as
    /// [`Journal::erase_location`](crate::journal::Journal::erase_location) does.
    pub(super) fn erase_location(&mut self, location: &str, known: &[Seq], upto: Seq) -> Erased {
        let mut erased = Erased::default();
        for (kept, seq) in self.entries.iter_mut().zip(self.pruned + 1..) {
            let is_of_it = if seq > upto {
                *kept.location == *location
            } else {
                known.binary_search(&seq).is_ok()
            };
            if is_of_it {
                *kept = Arc::new(StoredEntry::new(&JournalEntry::erased(kept.received_at)));
                erased.seqs.push(seq);
            }
        }
        erased.events = erased.seqs.len() as u64;
        let quoted = format!("\"{location}\"").into_bytes();
        let letters = self.letters.len();
        self.letters.retain(|_, letter| match &letter.summary.location {
            Some(of) => of != location,
            None => !letter.body.windows(quoted.len()).any(|part| part == quoted),
        });
        erased.dead_letters = (letters - self.letters.len()) as u64;
        self.blocks.erase(location);
        let is_erased = |seq: Seq| erased.seqs.binary_search(&seq).is_ok();
        self.redeliveries.retain(|seq, _| !is_erased(*seq));
        self.no_ops.retain(|seq| !is_erased(*seq));
        self.skip_blocks.retain(|first, (last, _)| {
            let holds = erased.seqs.iter().any(|seq| (*first..=*last).contains(seq));
            erased.runs.extend(holds.then_some((*first, *last)));
            !holds
        });
        let mut deliveries = Vec::new();
        self.compactions.retain(|(_, of), _| **of != *location);
        self.remembered.retain(|(seq, of, ..)| {
            let is_of_it = **of == *location;
            deliveries.extend(is_of_it.then_some(*seq));
            !is_of_it
        });
        erased.seqs.splice(..0, deliveries);
        if !erased.seqs.is_empty() {
            self.marks.clear();
        }
        let number = self.locations.iter().find(|(_, kept)| *kept.id == *location);
        if let Some(number) = number.map(|(number, _)| *number) {
            self.locations.remove(&number);
            self.summaries.remove(&number);
            self.rows.retain(|(of, _), _| *of != number);
        }
        erased
    }
}
