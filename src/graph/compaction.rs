//! Dropping what was deleted so long ago that no event older than the delete can come
//! any more.
//!
//! What a delete has hidden goes with it: without the delete it would be seen again.
//! What stays keeps its place, so lists keep their order and cursors their meaning. The
//! last row of each table stays, too: it determines which place is assigned next.

use std::sync::Arc;

use crate::graph::changed::ChangedRecords;
use crate::graph::layers::record_data::{EdgeType, RelationRow};
use crate::graph::location_graph::{Changed, LocationGraph};
use crate::graph::memory::number::Number;
use crate::graph::memory::table::{AssociationNo, CowTable, RecordNo};
use crate::model::{Counts, RecordState, Seq, Stamp};

/// What can be dropped of a graph, found by [`LocationGraph::deleted_upto`].
#[derive(Debug)]
pub(crate) struct Deleted {
    upto: Seq,
    /// Whether each association goes, by number; and so on.
    pub(super) associations: Vec<bool>,
    pub(super) records: Vec<bool>,
    pub(super) relations: Vec<bool>,
    rows: u64,
}

impl Deleted {
    /// Returns how many rows of a checkpoint there will be fewer.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the ids of which deletes without an object key go, of the graph that this
    /// was found in.
    pub(super) fn unkeyed<'g>(&self, graph: &'g LocationGraph) -> impl Iterator<Item = &'g str> {
        let upto = self.upto;
        let all = graph.records.unkeyed();
        all.filter(move |(_, state)| was_deleted(*state, upto)).map(|(id, _)| id)
    }
}

fn goes<N: Number>(which: &[bool], number: N) -> bool {
    which.get(number.as_u32() as usize).is_some_and(|goes| *goes)
}

fn stay<N: Number>(which: &mut [bool], number: N) {
    if let Some(goes) = which.get_mut(number.as_u32() as usize) {
        *goes = false;
    }
}

/// Returns whether each row goes; the last never does.
fn which<N: Number, T: Clone>(table: &CowTable<N, T>, goes: impl Fn(N, &T) -> bool) -> Vec<bool> {
    let mut which: Vec<bool> = table.iter().map(|(number, row)| goes(number, row)).collect();
    if let Some(last) = which.last_mut() {
        *last = false;
    }
    which
}

/// Returns whether the greatest event of a record is a delete of this seq or before.
fn was_deleted(state: RecordState, upto: Seq) -> bool {
    state.is_deleted() && state.last.is_some_and(|last| last.seq() <= upto)
}

impl LocationGraph {
    /// Returns how many rows hold things that are not visible, where these are to
    /// be seen: no fewer than could be dropped. Costs a look at the associations.
    pub(crate) fn tombstones(&self, counts: &Counts) -> u64 {
        let records = &self.records;
        let deleted = self.associations.rows().iter().filter(|(_, row)| row.is_deleted()).count();
        let relations = u64::from(records.relations().len()).saturating_sub(counts.relations);
        let hidden = u64::from(records.records().len()).saturating_sub(counts.records);
        deleted as u64 + relations + hidden + records.unkeyed().len() as u64
    }

    /// Finds what was deleted by events up to this one, and what those deletes hide, as
    /// far as all that was said of it is as old. Costs a look at every row.
    pub(crate) fn deleted_upto(&self, upto: Seq) -> Deleted {
        let layer = &self.records;
        let relations = which(layer.relations(), |_, row| self.was_relation_deleted(row, upto));
        let mut associations = which(self.associations.rows(), |_, row| {
            row.is_deleted() && row.stamp.is_some_and(|stamp| stamp.seq() <= upto)
        });
        let mut records = which(layer.records(), |number, _| {
            // One that is said to be deleted by its id alone must be forgotten there, too.
            let unkeyed = layer.unkeyed_state(layer.record_id(number));
            was_deleted(layer.state(number), upto)
                && (unkeyed == RecordState::default() || was_deleted(unkeyed, upto))
        });
        for (number, row) in layer.relations().iter() {
            if !goes(&relations, number) {
                stay(&mut associations, layer.kinds()[row.kind].kind.association);
                stay(&mut records, row.first);
                stay(&mut records, row.second);
            }
        }
        let mut deleted = Deleted { upto, associations, records, relations, rows: 0 };
        let all = [&deleted.associations, &deleted.records, &deleted.relations];
        let rows = all.into_iter().flatten().filter(|goes| **goes).count();
        deleted.rows = (rows + deleted.unkeyed(self).count()) as u64;
        deleted
    }

    fn was_relation_deleted(&self, row: &RelationRow, upto: Seq) -> bool {
        let was_hidden = |hidden: Option<Stamp>| hidden.is_some_and(|by| by.seq() <= upto);
        let is_gone_with = |record: RecordNo| {
            let deleted = self.records.state(record).deleted;
            deleted > Some(row.stamp) && was_hidden(deleted)
        };
        let association = self.records.kinds()[row.kind].kind.association;
        let association = &self.associations.rows()[association];
        row.stamp.seq() <= upto
            && (row.stamp.is_delete()
                || is_gone_with(row.first)
                || is_gone_with(row.second)
                || association.is_deleted() && was_hidden(association.stamp))
    }

    /// Drops what was deleted by events up to this one and returns how many rows those
    /// were. Costs the graph.
    pub(crate) fn compact(&mut self, upto: Seq) -> u64 {
        let deleted = self.deleted_upto(upto);
        if deleted.rows() > 0 {
            let mut old = std::mem::take(self);
            *self = old.without(&deleted);
            self.take_over_changes(&mut old);
        }
        deleted.rows()
    }

    /// Returns a copy in which what was found to be deleted is not. It notes what it
    /// lacks, for a checkpoint, and nothing else.
    pub(crate) fn without(&self, deleted: &Deleted) -> Self {
        let own_name = self.own_name.clone();
        let mut copy = Self { seq: self.seq, own_name, ..Self::default() };
        copy.records.copy_primaries(&self.records);
        let associations = self.copy_schema(deleted, &mut copy);
        let records = self.copy_records(deleted, &mut copy);
        for (number, row) in self.records.relations().iter() {
            let place = self.records.relations().place(number);
            let EdgeType { association, first, second } = self.records.kinds()[row.kind].kind;
            let record = |number: RecordNo| records.get(number.0 as usize).copied();
            let ends = record(row.first).zip(record(row.second));
            let association = associations.get(association.0 as usize);
            let stays = !goes(&deleted.relations, number);
            let (Some(&association), Some(ends), true) = (association, ends, stays) else {
                copy.dropped.relations.push(place);
                continue;
            };
            let kind = copy.intern_kind(EdgeType { association, first, second });
            let id = self.records.relation_id(number);
            copy.records.restore_relation(place, id, kind, ends, row.stamp);
        }
        copy
    }

    /// Copies object keys, all of them under their numbers, and associations; returns the
    /// new number of each that stays.
    fn copy_schema(&self, deleted: &Deleted, copy: &mut Self) -> Vec<AssociationNo> {
        if !deleted.associations.contains(&true) {
            copy.objects = Arc::clone(&self.objects);
            copy.associations = Arc::clone(&self.associations);
            return self.associations.rows().numbers().collect();
        }
        let objects = Arc::make_mut(&mut copy.objects);
        for (_, row) in self.objects.rows().iter() {
            let (number, _) = objects.intern(&row.key);
            if let Some((schema, stamp)) = row.schema.as_deref() {
                objects.restore_schema(number, schema.clone(), *stamp);
            }
            objects.restore_names(number, row.names.clone());
        }
        let mut numbers = Vec::new();
        for (number, row) in self.associations.rows().iter() {
            let place = self.associations.rows().place(number);
            numbers.push(AssociationNo(copy.associations.rows().len()));
            if goes(&deleted.associations, number) {
                copy.dropped.associations.push(place);
                continue;
            }
            let associations = Arc::make_mut(&mut copy.associations);
            if let Some(added) = associations.add(&row.id, place) {
                associations.restore(added, row.stamp, row.definition.clone());
                copy.show(added);
            }
        }
        numbers
    }

    /// Copies records and returns the new number of each that stays.
    fn copy_records(&self, deleted: &Deleted, copy: &mut Self) -> Vec<RecordNo> {
        copy.dropped.unkeyed.extend(deleted.unkeyed(self).map(Box::from));
        for (id, state) in self.records.unkeyed() {
            if !was_deleted(state, deleted.upto) {
                copy.records.restore_unkeyed(id, state);
                if let Some(names) = self.records.names().unkeyed(id) {
                    copy.records.restore_unkeyed_name(id, names);
                }
            }
        }
        let mut numbers = Vec::with_capacity(self.records.records().len() as usize);
        for (number, row) in self.records.records().iter() {
            let place = self.records.records().place(number);
            let next = RecordNo(copy.records.records().len());
            numbers.push(next);
            if goes(&deleted.records, number) {
                copy.dropped.records.push(place);
                continue;
            }
            let (id, state) = (self.records.record_id(number), self.records.state(number));
            copy.records.restore_record(place, row.object, id, state);
            if let Some(name) = self.records.name_row(number) {
                copy.records.restore_name(next, &name);
            }
        }
        numbers
    }

    /// Has every event count that is merged of an association from now on.
    pub(super) fn restamp_association(&mut self, number: AssociationNo) {
        let associations = Arc::make_mut(&mut self.associations);
        let definition = associations.rows()[number].definition.clone();
        associations.restore(number, None, definition);
    }

    /// Notes for a checkpoint what changed in the graph that this one was made of.
    pub(crate) fn take_over_changes(&mut self, old: &mut Self) {
        fn by_place<N: Number, T: Clone>(
            numbers: Vec<N>,
            old: &CowTable<N, T>,
            new: &CowTable<N, T>,
        ) -> impl Iterator<Item = N> {
            numbers.into_iter().filter_map(|number| new.at(old.place(number)))
        }
        let Changed { own_name, objects, associations, records, dropped } = old.take_changed();
        self.is_renamed |= own_name;
        self.changed_objects.extend(objects);
        let rows = self.associations.rows();
        let associations = by_place(associations, old.associations.rows(), rows);
        self.changed_associations.extend(associations);
        let is_known = |id: &str| self.records.unkeyed_state(id) != RecordState::default();
        let changed = ChangedRecords {
            unkeyed: records.unkeyed.into_iter().filter(|id| is_known(id)).collect(),
            records: by_place(records.records, old.records.records(), self.records.records())
                .collect(),
            relations: by_place(
                records.relations,
                old.records.relations(),
                self.records.relations(),
            )
            .collect(),
        };
        self.records.changed.add(changed);
        self.dropped.add(dropped);
    }
}
