//! Everything known of one location.

use std::sync::Arc;

use crate::graph::changed::{ChangedRecords, Dropped};
use crate::graph::layers::associations::{AssociationRow, Associations};
use crate::graph::layers::objects::ObjectLayer;
use crate::graph::layers::record_data::EdgeType;
use crate::graph::layers::records::RecordLayer;
use crate::graph::memory::table::{AssociationNo, ObjectNo};
use crate::graph::view::{Names, Node, View};
use crate::model::{Association, NAME, NodeRef, ObjectKey, Properties, Seq, StateKey};

/// The graph of one location: object keys joined by associations, records
/// joined by relations, and one set of queries for both layers.
///
/// A `LocationGraph` is a fold over events: see [`LocationGraph::merge`]. It
/// does no I/O and cannot fail.
#[derive(Debug, Default, Clone)]
pub struct LocationGraph {
    /// Shared with copies until an event changes them.
    pub(super) associations: Arc<Associations>,
    pub(super) objects: Arc<ObjectLayer>,
    pub(super) records: RecordLayer,
    /// What events have said of the location's own name.
    pub(super) own_name: Properties,
    pub(super) is_renamed: bool,
    pub(super) changed_objects: Vec<ObjectNo>,
    pub(super) changed_associations: Vec<AssociationNo>,
    pub(super) dropped: Dropped,
    /// The last event that was merged since it was made or restored.
    pub(super) seq: Seq,
}

/// The things that events have touched since the last checkpoint, each once.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Whether the location has another name.
    pub(super) own_name: bool,
    pub(super) objects: Vec<ObjectNo>,
    pub(super) associations: Vec<AssociationNo>,
    pub(super) records: ChangedRecords,
    pub(super) dropped: Dropped,
}

impl Changed {
    fn sort(&mut self) {
        once_each(&mut self.objects);
        once_each(&mut self.associations);
        once_each(&mut self.records.records);
        once_each(&mut self.records.relations);
        once_each(&mut self.records.unkeyed);
    }

    /// Returns how many rows there are to write.
    pub(crate) fn rows(&self) -> usize {
        let records = &self.records;
        let linked = records.records.len() + records.relations.len() + records.unkeyed.len();
        usize::from(self.own_name) + self.objects.len() + self.associations.len() + linked
    }

    /// Adds what else changed.
    pub(crate) fn add(&mut self, other: Self) {
        if other.rows() > 0 || other.has_dropped() {
            self.own_name |= other.own_name;
            self.objects.extend(other.objects);
            self.associations.extend(other.associations);
            self.records.add(other.records);
            self.dropped.add(other.dropped);
            self.sort();
        }
    }

    /// Takes up to so many rows, in an order in which each refers only to rows that were
    /// taken before it or with it. What is dropped goes with the first.
    ///
    /// Ids of records without object key come after records: while they are not written,
    /// a replay of their events raises every record of that id, and else none.
    pub(crate) fn take_first(&mut self, limit: usize) -> Self {
        let mut left = limit;
        let dropped = std::mem::take(&mut self.dropped);
        let objects = first(&mut self.objects, &mut left);
        let associations = first(&mut self.associations, &mut left);
        let changed = &mut self.records;
        let (records, unkeyed) =
            (first(&mut changed.records, &mut left), first(&mut changed.unkeyed, &mut left));
        let relations = first(&mut changed.relations, &mut left);
        let records = ChangedRecords { unkeyed, records, relations };
        let own_name = std::mem::take(&mut self.own_name);
        Self { own_name, objects, associations, records, dropped }
    }

    /// Returns whether rows are no longer there.
    pub(crate) fn has_dropped(&self) -> bool {
        self.dropped().next().is_some()
    }

    /// Returns the rows that are no longer there. One of them may be among the rows that
    /// are written again: delete it first.
    pub(crate) fn dropped(&self) -> impl Iterator<Item = StateKey<'_>> {
        self.dropped.keys()
    }
}

/// How many names of each sort a location has, whatever became of what they name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NameCounts {
    pub(crate) objects: usize,
    pub(crate) associations: usize,
    pub(crate) edge_types: usize,
}

impl LocationGraph {
    /// Creates a location of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether any event has ever named this object key or record.
    pub fn knows(&self, node: &NodeRef) -> bool {
        self.node(node).is_some()
    }

    /// Returns whether any event has ever named an association by this id.
    pub fn knows_association(&self, id: &str) -> bool {
        self.associations.find(id).is_some()
    }

    /// Returns whether any event has ever named a relation by this id.
    pub fn knows_relation(&self, id: &str) -> bool {
        self.records.find_relation(id).is_some()
    }

    pub(crate) fn knows_object_key(&self, key: &str) -> bool {
        self.objects.find(key).is_some()
    }

    /// Returns whether a relation under this association has ever joined these object keys.
    pub(crate) fn knows_edge_type(&self, association: &str, first: &str, second: &str) -> bool {
        let kind = || {
            Some(EdgeType {
                association: self.associations.find(association)?,
                first: self.objects.find(first)?,
                second: self.objects.find(second)?,
            })
        };
        kind().is_some_and(|kind| self.records.knows_kind(kind))
    }

    /// Counts the names that are kept for good.
    pub(crate) fn name_counts(&self) -> NameCounts {
        NameCounts {
            objects: self.objects.rows().len() as usize,
            associations: self.associations.rows().len() as usize,
            edge_types: self.records.kinds().len() as usize,
        }
    }

    pub(super) fn node(&self, node: &NodeRef) -> Option<Node> {
        let object = self.objects.find(node.object.as_str())?;
        match &node.record {
            None => Some(Node::Object(object)),
            Some(id) => self.records.find_record(object, id.as_str()).map(Node::Record),
        }
    }

    /// Returns what queries read.
    pub fn view(&self) -> View<'_> {
        View {
            associations: &self.associations,
            objects: &self.objects,
            rows: self.records.rows(),
            names: Names::Every(&self.records),
            seq: self.seq,
        }
    }

    /// Returns what people call the location, if an event has said so.
    pub fn name(&self) -> Option<&str> {
        self.own_name.get(NAME).map(|name| &*name.value)
    }

    /// Returns the definition of the association of this id, while it is known and not
    /// deleted.
    pub fn association(&self, id: &str) -> Option<&Association> {
        let number = self.associations.find(id)?;
        self.associations.rows()[number].definition.as_ref()
    }

    /// Returns the ids of the associations that have an end at an object key, and of those that
    /// may have had one before they were deleted.
    pub(crate) fn associations_at<'g>(
        &'g self,
        object: &'g ObjectKey,
    ) -> impl Iterator<Item = &'g str> {
        let is_at = move |row: &AssociationRow| match &row.definition {
            Some(known) => known.first.object == *object || known.second.object == *object,
            None => row.is_deleted(),
        };
        let rows = self.associations.rows().iter();
        rows.filter(move |(_, row)| is_at(row)).map(|(_, row)| &*row.id)
    }

    /// Returns how many rows a checkpoint of the whole graph has.
    pub(crate) fn row_count(&self) -> u64 {
        self.row_count_with(self.relation_rows())
    }

    /// Returns [`row_count`](Self::row_count) with the first so many relations alone.
    pub(crate) fn row_count_with(&self, relations: u32) -> u64 {
        let records = &self.records;
        let schema = self.objects.rows().len() + self.associations.rows().len();
        let linked = u64::from(records.records().len()) + u64::from(relations);
        let objects = self.objects.rows().iter().filter(|(_, row)| !row.names.is_empty());
        let named =
            usize::from(!self.own_name.is_empty()) + objects.count() + records.names().rows();
        u64::from(schema) + records.unkeyed().len() as u64 + linked + named as u64
    }

    /// Returns how many relation rows a checkpoint of the whole graph has.
    pub(crate) fn relation_rows(&self) -> u32 {
        self.records.relations().len()
    }

    /// Drops the notes for a checkpoint, of a graph that none is made of.
    pub(crate) fn forget_changes(&mut self) {
        self.is_renamed = false;
        self.changed_objects = Vec::new();
        self.changed_associations = Vec::new();
        self.records.changed = ChangedRecords::default();
        self.dropped = Dropped::default();
    }

    /// Hands out what changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Changed {
        let mut changed = Changed {
            own_name: std::mem::take(&mut self.is_renamed),
            objects: std::mem::take(&mut self.changed_objects),
            associations: std::mem::take(&mut self.changed_associations),
            records: std::mem::take(&mut self.records.changed),
            dropped: std::mem::take(&mut self.dropped),
        };
        changed.sort();
        changed
    }

    /// Hands out what changed since the last call of what relations refer to, and leaves
    /// the relations.
    pub(crate) fn take_changed_but_relations(&mut self) -> Changed {
        let relations = std::mem::take(&mut self.records.changed.relations);
        let changed = self.take_changed();
        self.records.changed.relations = relations;
        changed
    }

    /// Returns about how many rows [`take_changed`](Self::take_changed) would hand out.
    pub(crate) fn changed_rows(&self) -> usize {
        let records = &self.records.changed;
        let linked = records.records.len() + records.relations.len() + records.unkeyed.len();
        let schema = self.changed_objects.len() + self.changed_associations.len();
        usize::from(self.is_renamed) + schema + linked
    }

    /// Takes back what was handed out and could not be saved.
    pub(crate) fn put_back_changed(&mut self, changed: Changed) {
        let Changed { own_name, objects, associations, records, dropped } = changed;
        self.is_renamed |= own_name;
        self.changed_objects.extend(objects);
        self.changed_associations.extend(associations);
        self.records.changed.add(records);
        self.dropped.add(dropped);
    }
}

fn once_each<T: Ord>(things: &mut Vec<T>) {
    things.sort_unstable();
    things.dedup();
}

/// Takes up to `left` of the first things, and so many off `left`.
fn first<T>(things: &mut Vec<T>, left: &mut usize) -> Vec<T> {
    let count = things.len().min(*left);
    *left -= count;
    if count == things.len() { std::mem::take(things) } else { things.drain(..count).collect() }
}
