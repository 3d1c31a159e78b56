//! Key hashes of the things that each run of events names: they make the history of one
//! thing cheap to find in a journal that has no index.

use crate::journal::{CheckpointRow, JournalError, RowSink};
use crate::model::{Change, Event, NodeRef, Seq};

/// Events of one run, about. A history reads whole runs, and a checkpoint writes the last
/// one again.
const RUN_EVENTS: usize = 4_096;

/// Hash of a name. It is stored on disk, so it is the same everywhere; names that share
/// one cost a run read in vain.
pub(crate) type KeyHash = u32;

/// Hashes a name of this kind. Earlier versions also wrote locations, as kind 0.
fn hash_key(kind: u8, location: &str, name: &str) -> KeyHash {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&(location.len() as u64).to_le_bytes());
    crc.update(location.as_bytes());
    crc.update(name.as_bytes());
    crc.finalize()
}

pub(crate) fn hash_association(location: &str, id: &str) -> KeyHash {
    hash_key(1, location, id)
}

pub(crate) fn hash_relation(location: &str, id: &str) -> KeyHash {
    hash_key(2, location, id)
}

/// Hashes an object key, or the id of a record under any object key: some events name no
/// key.
pub(crate) fn hash_node(location: &str, node: &NodeRef) -> KeyHash {
    match &node.record {
        None => hash_key(3, location, node.object.as_str()),
        Some(id) => hash_key(4, location, id.as_str()),
    }
}

/// Runs since the last checkpoint, with the things that their events name.
#[derive(Debug, Default)]
pub(crate) struct SkipIndex {
    /// First and last event of the run that is not full.
    run: Option<(Seq, Seq)>,
    events: usize,
    hashes: Vec<KeyHash>,
    full: Vec<(Seq, Seq, Vec<u8>)>,
}

impl SkipIndex {
    /// Adds an event and the things it names.
    pub(crate) fn add_event(&mut self, seq: Seq, event: &Event) {
        self.add_names(event);
        self.extend_run(seq);
    }

    /// Adds the things that an event names.
    pub(crate) fn add_names(&mut self, event: &Event) {
        let location = event.location.as_str();
        match &event.change {
            Change::Association(association) => {
                self.hashes.push(hash_association(location, association.id.as_str()));
                for end in [&association.first, &association.second] {
                    self.hashes.push(hash_key(3, location, end.object.as_str()));
                }
            }
            Change::AssociationDeleted { id, first, second } => {
                self.hashes.push(hash_association(location, id.as_str()));
                for object in [first, second] {
                    self.hashes.push(hash_key(3, location, object.as_str()));
                }
            }
            Change::Relation(relation) => {
                self.hashes.push(hash_relation(location, relation.id.as_str()));
                for end in [&relation.first, &relation.second] {
                    self.hashes.push(hash_key(4, location, end.id.as_str()));
                }
            }
            Change::Record { id, .. } => self.hashes.push(hash_key(4, location, id.as_str())),
            Change::ObjectSchema(schema) => {
                self.hashes.push(hash_key(3, location, schema.key.as_str()));
            }
            Change::Location { .. } => {}
        }
    }

    /// Removes and returns the runs that are not saved yet, without their hashes.
    pub(crate) fn take_runs(&mut self) -> Vec<(Seq, Seq)> {
        let Self { run, full, .. } = std::mem::take(self);
        full.into_iter().map(|(first, last, _)| (first, last)).chain(run).collect()
    }

    /// Adds a whole run with its hashes.
    pub(crate) fn add_run(&mut self, (first, last): (Seq, Seq), hashes: Vec<u8>) {
        self.full.push((first, last, hashes));
    }

    /// Adds what an index has of later events.
    pub(crate) fn append(&mut self, later: Self) {
        let hashes = self.hash_bytes();
        let begun = self.run.take().map(|(first, last)| (first, last, hashes));
        let full = std::mem::take(&mut self.full);
        let full = full.into_iter().chain(begun).chain(later.full).collect();
        *self = Self { full, ..later };
    }

    /// Adds an event that names nothing.
    pub(crate) fn extend_run(&mut self, seq: Seq) {
        self.run = Some((self.run.map_or(seq, |(first, _)| first), seq));
        self.events += 1;
        if self.events >= RUN_EVENTS {
            let (bytes, run) = (self.hash_bytes(), self.run.take());
            self.full.extend(run.map(|(first, last)| (first, last, bytes)));
            self.hashes.clear();
            self.events = 0;
        }
    }

    /// Returns the hashes of the run that is not full, in order.
    pub(crate) fn hash_bytes(&mut self) -> Vec<u8> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// Puts the runs that are new since the last checkpoint.
    pub(crate) fn put(&mut self, put: RowSink<'_>) -> Result<(), JournalError> {
        for (first, last, hashes) in &self.full {
            put(&CheckpointRow::SkipIndex { first: *first, last: *last, hashes })?;
        }
        let hashes = self.hash_bytes();
        if let Some((first, last)) = self.run {
            put(&CheckpointRow::SkipIndex { first, last, hashes: &hashes })?;
        }
        Ok(())
    }

    /// Drops full runs that are saved.
    pub(crate) fn drop_saved(&mut self) {
        self.full.clear();
    }
}

/// Returns whether the sorted hashes of a run contain one of these.
pub(crate) fn contains_any(hashes: &[u8], wanted: &[KeyHash]) -> bool {
    let (hashes, _) = hashes.as_chunks::<4>();
    wanted
        .iter()
        .any(|key| hashes.binary_search_by_key(key, |bytes| KeyHash::from_le_bytes(*bytes)).is_ok())
}
