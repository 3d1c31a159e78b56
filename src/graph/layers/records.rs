//! Records joined by relations: the layer that grows to millions.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::graph::changed::ChangedRecords;
use crate::graph::layers::link_counts::{LinkChange, LinkCounts};
use crate::graph::layers::names::{NameSources, OfObject};
pub(crate) use crate::graph::layers::record_data::{
    EdgeType, EdgeTypeRow, EdgeTypes, Record, RecordRows, RelationRow,
};
use crate::graph::memory::adjacency::{Adjacency, AdjacencyEntry, Slot};
use crate::graph::memory::allocation::{map_bytes, set_bytes};
use crate::graph::memory::id_index::{Hashed, IdIndex};
use crate::graph::memory::table::{
    AssociationNo, CowTable, EdgeTypeNo, ObjectNo, RecordNo, RelationNo,
};
use crate::graph::outcome::Outcome;
use crate::model::{RecordState, Side, Stamp};

/// Records, relations and what is derived from them.
///
/// Invariants:
/// 1. A relation is linked exactly if its own event is no delete and neither
///    record was deleted later.
/// 2. A linked relation is in the adjacency of both its records, once for
///    each end; no other is.
/// 3. `linked` of an edge type, `loops`, degrees and `link_counts` count what the
///    adjacencies hold.
/// 4. `hidden_kinds` counts the edge types that are hidden.
/// 5. The state of a record holds what keyed and unkeyed events said of it.
/// 6. A deleted record that is linked is in `relinked`.
#[derive(Debug, Default, Clone)]
pub(crate) struct RecordLayer {
    pub(super) rows: RecordRows,
    record_ids: IdIndex,
    pub(super) by_object: CowTable<ObjectNo, Vec<RecordNo>, 1>,
    states: HashMap<RecordNo, RecordState, RandomState>,
    unkeyed: HashMap<Box<str>, RecordState, RandomState>,
    relation_ids: IdIndex,
    kind_numbers: HashMap<EdgeType, EdgeTypeNo, RandomState>,
    link_counts: LinkCounts,
    /// Records that were deleted and linked again since.
    relinked: HashSet<RecordNo, RandomState>,
    pub(super) names: NameSources,
    pub(crate) changed: ChangedRecords,
}

impl RecordLayer {
    pub(crate) fn rows(&self) -> &RecordRows {
        &self.rows
    }

    /// Returns the bytes of memory that it takes.
    pub(in crate::graph) fn bytes(&self) -> usize {
        let by_object: usize =
            self.by_object.iter().map(|(_, records)| records.capacity() * 4 + 16).sum();
        let unkeyed: usize = self.unkeyed.keys().map(|id| id.len() + 16).sum();
        self.rows.bytes()
            + self.record_ids.bytes()
            + self.relation_ids.bytes()
            + self.by_object.bytes()
            + by_object
            + map_bytes(&self.states)
            + map_bytes(&self.unkeyed)
            + unkeyed
            + map_bytes(&self.kind_numbers)
            + self.link_counts.bytes()
            + set_bytes(&self.relinked)
            + self.names.bytes()
            + self.changed.bytes()
    }

    pub(crate) fn records(&self) -> &CowTable<RecordNo, Record> {
        &self.rows.records
    }

    pub(crate) fn relations(&self) -> &CowTable<RelationNo, RelationRow> {
        &self.rows.relations
    }

    pub(crate) fn kinds(&self) -> &CowTable<EdgeTypeNo, EdgeTypeRow> {
        &self.rows.kinds
    }

    pub(crate) fn adjacency(&self, record: RecordNo) -> &Adjacency {
        &self.rows.adjacency[record]
    }

    pub(crate) fn record_id(&self, record: RecordNo) -> &str {
        self.rows.record_id(record)
    }

    pub(crate) fn relation_id(&self, relation: RelationNo) -> &str {
        self.rows.relation_id(relation)
    }

    pub(crate) fn state(&self, record: RecordNo) -> RecordState {
        self.states.get(&record).copied().unwrap_or_default()
    }

    pub(crate) fn unkeyed(&self) -> impl ExactSizeIterator<Item = (&str, RecordState)> {
        self.unkeyed.iter().map(|(id, state)| (id.as_ref(), *state))
    }

    pub(crate) fn unkeyed_state(&self, id: &str) -> RecordState {
        self.unkeyed.get(id).copied().unwrap_or_default()
    }

    /// Returns every record of an object key that was ever named, by ascending number.
    pub(crate) fn of_object(&self, object: ObjectNo) -> &[RecordNo] {
        if object.0 < self.by_object.len() { &self.by_object[object] } else { &[] }
    }

    pub(crate) fn find_record(&self, object: ObjectNo, id: &str) -> Option<RecordNo> {
        self.record_ids.find(self.record_hash(object, id), |no: RecordNo| {
            let record = &self.rows.records[no];
            record.object == object && self.rows.texts.get(record.id) == id
        })
    }

    /// Hashes the object key, too: one id under thousands of keys is found as fast as any.
    fn record_hash(&self, object: ObjectNo, id: &str) -> Hashed {
        self.record_ids.hash((object, id))
    }

    pub(crate) fn find_relation(&self, id: &str) -> Option<RelationNo> {
        self.relation_ids.find(self.relation_ids.hash(id), |no| self.relation_id(no) == id)
    }

    /// Returns the number of a record, assigned now if it had none.
    pub(crate) fn intern_record(&mut self, object: ObjectNo, id: &str) -> RecordNo {
        if let Some(known) = self.find_record(object, id) {
            return known;
        }
        let number = self.add_record(object, id);
        self.changed.records.push(number);
        if let Some(state) = self.unkeyed.get(id) {
            self.states.insert(number, *state);
            self.relist(number);
        }
        if let Some(said) = self.names.unkeyed(id).cloned() {
            self.names.merge(OfObject { object, record: number }, &said, &mut self.rows.names);
        }
        number
    }

    fn add_record(&mut self, object: ObjectNo, id: &str) -> RecordNo {
        let text = self.rows.texts.push(id);
        let number = self.rows.records.push(Record { object, id: text, listed: true });
        self.rows.adjacency.push(Adjacency::default());
        self.record_ids.insert(self.record_hash(object, id), number);
        while self.by_object.len() <= object.0 {
            self.by_object.push(Vec::new());
            self.rows.listed.push(0);
        }
        self.by_object[object].push(number);
        self.rows.listed[object] += 1;
        number
    }

    pub(crate) fn intern_kind(&mut self, kind: EdgeType, hidden: bool) -> EdgeTypeNo {
        *self.kind_numbers.entry(kind).or_insert_with(|| {
            self.rows.hidden_kinds += u32::from(hidden);
            let number = self.rows.kinds.push(EdgeTypeRow { kind, linked: 0, hidden });
            while self.rows.joined.len() <= kind.association.0 {
                self.rows.joined.push(EdgeTypes::default());
            }
            self.rows.joined[kind.association].kinds.push(number);
            number
        })
    }

    pub(crate) fn knows_kind(&self, kind: EdgeType) -> bool {
        self.kind_numbers.contains_key(&kind)
    }

    /// Sets whether every link under an association is hidden. Costs its kinds, and where it has
    /// links, the slots of all records that were deleted and linked again.
    pub(crate) fn set_hidden(&mut self, association: AssociationNo, hidden: bool) {
        let rows = &mut self.rows;
        let kinds = rows.kinds_under(association).to_vec();
        if kinds.iter().all(|&kind| rows.kinds[kind].hidden == hidden) {
            return;
        }
        let mut links = 0;
        for kind in kinds {
            let row = &mut rows.kinds[kind];
            let before = std::mem::replace(&mut row.hidden, hidden);
            links += row.linked;
            rows.hidden_kinds = rows.hidden_kinds - u32::from(before) + u32::from(hidden);
        }
        if links == 0 {
            return;
        }
        // Lists show a deleted record for as long as a link to it is shown.
        for &record in &self.relinked {
            let listed = self.rows.has_shown_links(record);
            self.rows.set_listed(record, listed);
        }
    }

    /// Merges one relation event; its stamp says whether it is a delete.
    pub(crate) fn merge_relation(
        &mut self,
        id: &str,
        kind: EdgeTypeNo,
        (first, second): (RecordNo, RecordNo),
        stamp: Stamp,
    ) -> Outcome {
        let Some(number) = self.find_relation(id) else {
            let number = self.add_relation(id, kind, (first, second), stamp);
            self.changed.relations.push(number);
            return Outcome::Applied;
        };
        let old = self.rows.relations[number];
        let same_ends = (old.kind, old.first, old.second) == (kind, first, second);
        let both_deleted = old.stamp.is_delete() && stamp.is_delete();
        if stamp.same_but_seq(old.stamp) && (same_ends || both_deleted) {
            return Outcome::Unchanged;
        }
        if stamp <= old.stamp {
            return Outcome::Stale;
        }
        self.changed.relations.push(number);
        let linked = self.is_visible((first, second), stamp);
        if !(same_ends && linked == old.linked) {
            self.unlink(number);
        }
        let row = &mut self.rows.relations[number];
        (row.kind, row.first, row.second, row.stamp) = (kind, first, second, stamp);
        if linked {
            self.link(number);
        }
        let same_content =
            both_deleted || (same_ends && old.stamp.is_delete() == stamp.is_delete());
        if same_content && linked == old.linked { Outcome::Unchanged } else { Outcome::Applied }
    }

    fn add_relation(
        &mut self,
        id: &str,
        kind: EdgeTypeNo,
        (first, second): (RecordNo, RecordNo),
        stamp: Stamp,
    ) -> RelationNo {
        let text = self.rows.texts.push(id);
        let row = RelationRow { id: text, kind, first, second, linked: false, stamp };
        let number = self.rows.relations.push(row);
        self.relation_ids.insert(self.relation_ids.hash(id), number);
        if self.is_visible((first, second), stamp) {
            self.link(number);
        }
        number
    }

    /// Gives a relation another stamp, which events merged from now on are compared with.
    pub(crate) fn restamp(&mut self, relation: RelationNo, stamp: Stamp) {
        self.rows.relations[relation].stamp = stamp;
    }

    /// Merges one event of a record.
    pub(crate) fn merge_record(&mut self, object: ObjectNo, id: &str, stamp: Stamp) -> Outcome {
        let number = self.intern_record(object, id);
        let old = self.state(number);
        self.raise_state(number, old.with(stamp));
        Outcome::of_record(old, stamp)
    }

    /// Merges one event that names a record by its id alone: it concerns every record of
    /// that id, now and later. Costs a look-up for each object key.
    pub(crate) fn merge_unkeyed(&mut self, id: &str, stamp: Stamp) -> Outcome {
        let old = self.unkeyed_state(id);
        let new = old.with(stamp);
        if new != old {
            self.unkeyed.insert(id.into(), new);
            self.changed.unkeyed.push(id.into());
            for object in self.by_object.numbers() {
                if let Some(number) = self.find_record(object, id) {
                    self.raise_state(number, self.state(number).merged(new));
                }
            }
        }
        Outcome::of_record(old, stamp)
    }

    /// Takes a newer state and unlinks what it hides. Costs the record's links,
    /// but a link is unlinked at most once for each time it was linked.
    fn raise_state(&mut self, number: RecordNo, new: RecordState) {
        let old = self.state(number);
        if new == old {
            return;
        }
        self.states.insert(number, new);
        self.changed.records.push(number);
        if new.deleted > old.deleted {
            let hidden: Vec<RelationNo> = self.rows.adjacency[number]
                .entries()
                .map(|entry| entry.relation)
                .filter(|&relation| Some(self.rows.relations[relation].stamp) < new.deleted)
                .collect();
            for relation in hidden {
                self.unlink(relation);
            }
        }
        self.relist(number);
    }

    fn is_visible(&self, (first, second): (RecordNo, RecordNo), stamp: Stamp) -> bool {
        let deleted_later = |record| self.state(record).deleted > Some(stamp);
        !stamp.is_delete()
            && (self.states.is_empty() || !(deleted_later(first) || deleted_later(second)))
    }

    fn link(&mut self, number: RelationNo) {
        let row = &mut self.rows.relations[number];
        if row.linked {
            return;
        }
        row.linked = true;
        let RelationRow { kind, first, second, .. } = *row;
        for (near, far, side) in [(first, second, Side::First), (second, first, Side::Second)] {
            let entry = AdjacencyEntry { slot: Slot::new(kind, side), far, relation: number };
            self.rows.adjacency[near].insert(entry);
            self.relist(near);
        }
        let kind = &mut self.rows.kinds[kind];
        kind.linked += 1;
        if first == second {
            let loops = Arc::make_mut(&mut self.rows.loops);
            *loops.entry((first, kind.kind.association)).or_insert(0) += 1;
        }
        self.link_counts.count(&mut self.rows, number, LinkChange::Added);
    }

    fn unlink(&mut self, number: RelationNo) {
        let row = &mut self.rows.relations[number];
        if !row.linked {
            return;
        }
        row.linked = false;
        let RelationRow { kind, first, second, .. } = *row;
        for (near, side) in [(first, Side::First), (second, Side::Second)] {
            self.rows.adjacency[near].remove(Slot::new(kind, side), number);
            self.relist(near);
        }
        let kind = &mut self.rows.kinds[kind];
        kind.linked -= 1;
        let key = (first, kind.kind.association);
        if first == second
            && let loops = Arc::make_mut(&mut self.rows.loops)
            && let Some(count) = loops.get_mut(&key)
        {
            *count -= 1;
            if *count == 0 {
                loops.remove(&key);
            }
        }
        self.link_counts.count(&mut self.rows, number, LinkChange::Removed);
    }

    fn relist(&mut self, number: RecordNo) {
        if self.states.is_empty() {
            return; // Nothing was ever deleted: all are listed.
        }
        let is_deleted = self.state(number).is_deleted();
        if is_deleted && !self.rows.adjacency[number].is_empty() {
            self.relinked.insert(number);
        } else {
            self.relinked.remove(&number);
        }
        let listed = !is_deleted || self.rows.has_shown_links(number);
        self.rows.set_listed(number, listed);
    }

    /// Restores what a checkpoint holds of an id without object key.
    pub(crate) fn restore_unkeyed(&mut self, id: &str, state: RecordState) {
        self.unkeyed.insert(id.into(), state);
    }

    /// Restores a record from a checkpoint. Returns `false` if it does not come after those
    /// before, or is there twice.
    pub(crate) fn restore_record(
        &mut self,
        place: u32,
        object: ObjectNo,
        id: &str,
        state: RecordState,
    ) -> bool {
        if self.find_record(object, id).is_some() || !self.rows.records.skip_to(place) {
            return false;
        }
        let number = self.add_record(object, id);
        if state != RecordState::default() {
            self.states.insert(number, state);
            self.relist(number);
        }
        true
    }

    /// Restores a relation from a checkpoint. Returns `false` if it does not come after
    /// those before, or is there twice.
    pub(crate) fn restore_relation(
        &mut self,
        place: u32,
        id: &str,
        kind: EdgeTypeNo,
        ends: (RecordNo, RecordNo),
        stamp: Stamp,
    ) -> bool {
        if self.find_relation(id).is_some() || !self.rows.relations.skip_to(place) {
            return false;
        }
        self.add_relation(id, kind, ends, stamp);
        true
    }
}
