//! Which things runs of events speak of: what makes the history of one thing
//! cheap to find in a journal that has no index.

use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::{CheckpointRow, Entry, JournalError, JournalReader, RowSink};
use crate::model::{Change, Event, NodeRef, Seq};

/// Events of one run, about. A history reads whole runs, and a checkpoint writes
/// the last one anew.
const RUN_EVENTS: usize = 4_096;

/// No journal holds an event of a greater number.
const SEQ_MAX: Seq = i64::MAX.unsigned_abs();

/// The hash of a name. It is kept on disk, so it is the same everywhere; names
/// that share one cost a run read in vain.
pub(super) type Mention = u32;

fn mention(kind: u8, location: &str, name: &str) -> Mention {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&(location.len() as u64).to_le_bytes());
    crc.update(location.as_bytes());
    crc.update(name.as_bytes());
    crc.finalize()
}

pub(super) fn of_location(location: &str) -> Mention {
    mention(0, location, "")
}

pub(super) fn of_association(location: &str, id: &str) -> Mention {
    mention(1, location, id)
}

pub(super) fn of_relation(location: &str, id: &str) -> Mention {
    mention(2, location, id)
}

/// Of an object key, or of every record of an id: some events tell no key.
pub(super) fn of_node(location: &str, node: &NodeRef) -> Mention {
    match &node.record {
        None => mention(3, location, node.object.as_str()),
        Some(id) => mention(4, location, id.as_str()),
    }
}

/// What the events since the end of the last full run speak of.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// First and last event.
    run: Option<(Seq, Seq)>,
    events: usize,
    hashes: Vec<Mention>,
    full: Vec<(Seq, Seq, Vec<u8>)>,
}

impl Mentions {
    /// Notes an event and what it speaks of.
    pub(super) fn note(&mut self, seq: Seq, event: &Event) {
        self.name(event);
        self.pass(seq);
    }

    /// Adds what an event speaks of.
    pub(super) fn name(&mut self, event: &Event) {
        let location = event.location.as_str();
        self.hashes.push(of_location(location));
        match &event.change {
            Change::Association(association) => {
                self.hashes.push(of_association(location, association.id.as_str()));
                for end in [&association.first, &association.second] {
                    self.hashes.push(mention(3, location, end.object.as_str()));
                }
            }
            Change::AssociationGone { id, first, second } => {
                self.hashes.push(of_association(location, id.as_str()));
                for object in [first, second] {
                    self.hashes.push(mention(3, location, object.as_str()));
                }
            }
            Change::Relation(relation) => {
                self.hashes.push(of_relation(location, relation.id.as_str()));
                for end in [&relation.first, &relation.second] {
                    self.hashes.push(mention(4, location, end.id.as_str()));
                }
            }
            Change::Record { id, .. } => self.hashes.push(mention(4, location, id.as_str())),
            Change::ObjectSchema(schema) => {
                self.hashes.push(mention(3, location, schema.key.as_str()));
            }
        }
    }

    /// Hands out the runs that are not saved yet, without what they speak of.
    pub(super) fn forget(&mut self) -> Vec<(Seq, Seq)> {
        let Self { run, full, .. } = std::mem::take(self);
        full.into_iter().map(|(first, last, _)| (first, last)).chain(run).collect()
    }

    /// Says what a run speaks of.
    pub(super) fn cover(&mut self, (first, last): (Seq, Seq), hashes: Vec<u8>) {
        self.full.push((first, last, hashes));
    }

    /// Notes an event that speaks of nothing.
    pub(super) fn pass(&mut self, seq: Seq) {
        self.run = Some((self.run.map_or(seq, |(first, _)| first), seq));
        self.events += 1;
        if self.events >= RUN_EVENTS {
            let (bytes, run) = (self.bytes(), self.run.take());
            self.full.extend(run.map(|(first, last)| (first, last, bytes)));
            self.hashes.clear();
            self.events = 0;
        }
    }

    pub(super) fn bytes(&mut self) -> Vec<u8> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// Puts what is new since the last checkpoint.
    pub(super) fn put(&mut self, put: RowSink<'_>) -> Result<(), JournalError> {
        for (first, last, hashes) in &self.full {
            put(&CheckpointRow::Mentions { first: *first, last: *last, hashes })?;
        }
        let hashes = self.bytes();
        if let Some((first, last)) = self.run {
            put(&CheckpointRow::Mentions { first, last, hashes: &hashes })?;
        }
        Ok(())
    }

    /// What was put is saved.
    pub(super) fn saved(&mut self) {
        self.full.clear();
    }
}

/// Whether the sorted hashes of a run hold one of these.
fn holds(hashes: &[u8], wanted: &[Mention]) -> bool {
    let (hashes, _) = hashes.as_chunks::<4>();
    wanted.iter().any(|mention| {
        hashes.binary_search_by_key(mention, |bytes| Mention::from_le_bytes(*bytes)).is_ok()
    })
}

/// Takes an entry; may want more as it learns, and tells whether to go on.
pub(super) type EntrySink<'s> =
    &'s mut dyn FnMut(Seq, Entry<'_>, &mut Vec<Mention>) -> ControlFlow<()>;

/// Shows the entries behind `after` that may speak of what is wanted, and others,
/// in order, until told to stop.
pub(super) fn read(
    journal: &mut dyn JournalReader,
    after: Seq,
    wanted: &mut Vec<Mention>,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    let after = after.min(SEQ_MAX - 1);
    let mut runs: Vec<(Seq, Seq, Box<[u8]>)> = Vec::new();
    journal.mentions(after, &mut |first, last, hashes| {
        runs.push((first, last, hashes.into()));
        ControlFlow::Continue(())
    })?;
    let mut done = after;
    for (first, last, hashes) in runs {
        if first > done + 1 && !read_run(journal, done + 1..=first - 1, wanted, each)? {
            return Ok(());
        }
        let from = first.max(done + 1);
        if holds(&hashes, wanted) && !read_run(journal, from..=last, wanted, each)? {
            return Ok(());
        }
        done = done.max(last);
    }
    read_run(journal, done + 1..=SEQ_MAX, wanted, each)?;
    Ok(())
}

/// Reads some entries; false if told to stop.
fn read_run(
    journal: &mut dyn JournalReader,
    run: RangeInclusive<Seq>,
    wanted: &mut Vec<Mention>,
    each: EntrySink<'_>,
) -> Result<bool, JournalError> {
    let mut stopped = false;
    journal.read(run.start() - 1, &mut |seq, entry| {
        if seq > *run.end() {
            return ControlFlow::Break(());
        }
        let flow = each(seq, entry, wanted);
        stopped = flow.is_break();
        flow
    })?;
    Ok(!stopped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CheckpointSeq, Journal, MemoryJournal};
    use crate::model::Timestamp;
    use crate::webhook::{Decoded, decode};

    fn relation(number: usize) -> String {
        format!(
            "{{\"id\":\"r{number}\",\"associationId\":\"a\",\"locationId\":\"L{}\",\
             \"firstObjectKey\":\"x\",\"firstRecordId\":\"f{}\",\
             \"secondObjectKey\":\"x\",\"secondRecordId\":\"s{number}\"}}",
            number % 2,
            number / 5_000
        )
    }

    /// A journal whose first events no run covers, and the number of entries read
    /// for what is wanted.
    #[test]
    fn only_runs_that_may_speak_of_it_are_read() {
        let mut journal = MemoryJournal::new();
        let mut mentions = Mentions::default();
        let bodies: Vec<String> = (0..20_000).map(relation).collect();
        for (body, seq) in bodies.iter().zip(1..) {
            let Ok(Decoded::Event(event)) = decode(body.as_bytes(), None) else { unreachable!() };
            let entry = Entry {
                location: event.location.as_str(),
                event_type: event.event_type.as_str(),
                entity: event.change.entity_id(),
                webhook_id: None,
                at: None,
                received_at: Timestamp::from_millis(0),
                body,
            };
            journal.append(&[entry]).unwrap();
            if seq > 100 {
                mentions.note(seq, &event);
            }
            if seq % 3_000 == 0 {
                let upto = CheckpointSeq::whole(seq);
                journal.save_checkpoint(upto, &mut |put| mentions.put(put)).unwrap();
                mentions.saved();
            }
        }
        let mut found = |after, wanted: Mention, entity: &str| {
            let (mut seen, mut read_entries, mut last) = (0, 0, 0);
            read(&mut journal, after, &mut vec![wanted], &mut |seq, entry, _| {
                assert!(seq > last, "in order, none twice");
                last = seq;
                read_entries += 1;
                seen += usize::from(entry.entity == entity);
                ControlFlow::Continue(())
            })
            .unwrap();
            (seen, read_entries)
        };
        let uncovered = 100 + 20_000 - 18_000;
        let (seen, entries) = found(0, of_relation("L0", "r10000"), "r10000");
        assert_eq!((seen, entries), (1, uncovered + RUN_EVENTS));
        assert_eq!(found(0, of_relation("L1", "r10000"), "r10000").0, 0, "not of that location");
        assert_eq!(found(0, of_relation("L0", "r2"), "r2"), (1, uncovered));
        // The rest of its run, which ends at 12,388, and what no run covers.
        let rest = 12_388 - 10_001 + 2_000;
        assert_eq!(found(10_001, of_relation("L0", "r10000"), "r10000"), (0, rest));
        let node = NodeRef::record("x", "f1");
        assert!(found(0, of_node("L0", &node), "").1 < 12_000);
        assert_eq!(found(0, of_location("L0"), "").1, 20_000);
    }
}
