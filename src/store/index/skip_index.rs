//! Which things runs of events speak of: what makes the history of one thing
//! cheap to find in a journal that has no index.

use crate::journal::{CheckpointRow, JournalError, RowSink};
use crate::model::{Change, Event, NodeRef, Seq};

/// Events of one run, about. A history reads whole runs, and a checkpoint writes
/// the last one anew.
const RUN_EVENTS: usize = 4_096;

/// The hash of a name. It is kept on disk, so it is the same everywhere; names
/// that share one cost a run read in vain.
pub(crate) type KeyHash = u32;

/// Earlier versions noted locations, too, as kind 0.
fn mention(kind: u8, location: &str, name: &str) -> KeyHash {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&(location.len() as u64).to_le_bytes());
    crc.update(location.as_bytes());
    crc.update(name.as_bytes());
    crc.finalize()
}

pub(crate) fn of_association(location: &str, id: &str) -> KeyHash {
    mention(1, location, id)
}

pub(crate) fn of_relation(location: &str, id: &str) -> KeyHash {
    mention(2, location, id)
}

/// Of an object key, or of every record of an id: some events tell no key.
pub(crate) fn of_node(location: &str, node: &NodeRef) -> KeyHash {
    match &node.record {
        None => mention(3, location, node.object.as_str()),
        Some(id) => mention(4, location, id.as_str()),
    }
}

/// What the events since the end of the last full run speak of.
#[derive(Debug, Default)]
pub(crate) struct SkipIndex {
    /// First and last event.
    run: Option<(Seq, Seq)>,
    events: usize,
    hashes: Vec<KeyHash>,
    full: Vec<(Seq, Seq, Vec<u8>)>,
}

impl SkipIndex {
    /// Notes an event and what it speaks of.
    pub(crate) fn note(&mut self, seq: Seq, event: &Event) {
        self.name(event);
        self.pass(seq);
    }

    /// Adds what an event speaks of.
    pub(crate) fn name(&mut self, event: &Event) {
        let location = event.location.as_str();
        match &event.change {
            Change::Association(association) => {
                self.hashes.push(of_association(location, association.id.as_str()));
                for end in [&association.first, &association.second] {
                    self.hashes.push(mention(3, location, end.object.as_str()));
                }
            }
            Change::AssociationDeleted { id, first, second } => {
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
    pub(crate) fn forget(&mut self) -> Vec<(Seq, Seq)> {
        let Self { run, full, .. } = std::mem::take(self);
        full.into_iter().map(|(first, last, _)| (first, last)).chain(run).collect()
    }

    /// Says what a run speaks of.
    pub(crate) fn cover(&mut self, (first, last): (Seq, Seq), hashes: Vec<u8>) {
        self.full.push((first, last, hashes));
    }

    /// Notes an event that speaks of nothing.
    pub(crate) fn pass(&mut self, seq: Seq) {
        self.run = Some((self.run.map_or(seq, |(first, _)| first), seq));
        self.events += 1;
        if self.events >= RUN_EVENTS {
            let (bytes, run) = (self.bytes(), self.run.take());
            self.full.extend(run.map(|(first, last)| (first, last, bytes)));
            self.hashes.clear();
            self.events = 0;
        }
    }

    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// Puts what is new since the last checkpoint.
    pub(crate) fn put(&mut self, put: RowSink<'_>) -> Result<(), JournalError> {
        for (first, last, hashes) in &self.full {
            put(&CheckpointRow::SkipIndex { first: *first, last: *last, hashes })?;
        }
        let hashes = self.bytes();
        if let Some((first, last)) = self.run {
            put(&CheckpointRow::SkipIndex { first, last, hashes: &hashes })?;
        }
        Ok(())
    }

    /// What was put is saved.
    pub(crate) fn saved(&mut self) {
        self.full.clear();
    }
}

/// Whether the sorted hashes of a run hold one of these.
pub(crate) fn holds(hashes: &[u8], wanted: &[KeyHash]) -> bool {
    let (hashes, _) = hashes.as_chunks::<4>();
    wanted.iter().any(|mention| {
        hashes.binary_search_by_key(mention, |bytes| KeyHash::from_le_bytes(*bytes)).is_ok()
    })
}
