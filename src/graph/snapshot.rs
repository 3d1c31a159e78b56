//! A consistent copy of a location that does not stop the writer.

use super::associations::Associations;
use super::location_graph::LocationGraph;
use super::object_layer::ObjectLayer;
use super::record_layer::{KindRow, Record, RelationRow};
use super::table::{KindNo, RecordNo, RelationNo, Table};
use super::text::Texts;
use crate::model::{Association, Stamp, Timestamp};

/// Everything visible of a location at one moment, for reading from end to end
/// while events go on.
///
/// Taking one costs a pointer for each 4,096 records and relations; an event
/// that touches a chunk a snapshot still holds costs a copy of that chunk once.
#[derive(Debug, Clone)]
pub struct Snapshot {
    associations: Associations,
    objects: ObjectLayer,
    object_listed: Vec<bool>,
    records: Table<RecordNo, Record>,
    relations: Table<RelationNo, RelationRow>,
    kinds: Table<KindNo, KindRow>,
    texts: Texts,
}

/// One node of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotNode<'s> {
    /// The object key.
    pub object: &'s str,
    /// The record id; absent on the object layer.
    pub record: Option<&'s str>,
    /// What to show people.
    pub label: &'s str,
}

/// One link of a snapshot, from the first end to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotLink<'s> {
    /// The first end.
    pub first: SnapshotNode<'s>,
    /// The second end.
    pub second: SnapshotNode<'s>,
    /// The id of the association.
    pub association: &'s str,
    /// Its definition, while known.
    pub definition: Option<&'s Association>,
    /// The id of the relation; absent on the object layer.
    pub relation: Option<&'s str>,
    /// The time of the event behind the link, if it was dated.
    pub at: Option<Timestamp>,
}

impl LocationGraph {
    /// A consistent copy of what is visible now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            associations: self.associations.clone(),
            objects: self.objects.clone(),
            object_listed: self
                .objects
                .rows()
                .numbers()
                .map(|no| self.is_object_listed(no))
                .collect(),
            records: self.records.records().clone(),
            relations: self.records.relations().clone(),
            kinds: self.records.kinds().clone(),
            texts: self.records.texts().clone(),
        }
    }
}

impl Snapshot {
    /// Object keys, sorted.
    pub fn object_nodes(&self) -> Vec<SnapshotNode<'_>> {
        let rows = self.objects.rows().iter().zip(&self.object_listed);
        let mut nodes: Vec<_> = rows
            .filter(|(_, listed)| **listed)
            .map(|((_, row), _)| SnapshotNode {
                object: row.key.as_str(),
                record: None,
                label: row.display_label(),
            })
            .collect();
        nodes.sort_unstable();
        nodes
    }

    /// Associations as links, sorted by id.
    pub fn object_links(&self) -> Vec<SnapshotLink<'_>> {
        let node = |key: &str| {
            let row = self.objects.find(key).map(|number| &self.objects.rows()[number]);
            let object = row.map_or("", |row| row.key.as_str());
            SnapshotNode { object, record: None, label: row.map_or("", |row| row.display_label()) }
        };
        let mut links: Vec<_> = self
            .associations
            .rows()
            .iter()
            .filter_map(|(_, row)| {
                let definition = row.definition.as_ref()?;
                Some(SnapshotLink {
                    first: node(definition.first.object.as_str()),
                    second: node(definition.second.object.as_str()),
                    association: &row.id,
                    definition: Some(definition),
                    relation: None,
                    at: row.stamp.and_then(Stamp::at),
                })
            })
            .collect();
        links.sort_unstable_by_key(|link| link.association);
        links
    }

    /// Records, sorted by object key and id. Costs four bytes a record.
    pub fn record_nodes(&self) -> impl ExactSizeIterator<Item = SnapshotNode<'_>> {
        let mut order: Vec<RecordNo> = self
            .records
            .iter()
            .filter(|(_, record)| record.listed)
            .map(|(number, _)| number)
            .collect();
        order.sort_unstable_by_key(|&number| self.record_node(number));
        order.into_iter().map(|number| self.record_node(number))
    }

    /// Relations as links, sorted by id. Costs four bytes a relation.
    pub fn record_links(&self) -> impl ExactSizeIterator<Item = SnapshotLink<'_>> {
        let visible = |row: &RelationRow| row.linked && !self.kinds[row.kind].hidden;
        let mut order: Vec<RelationNo> = self
            .relations
            .iter()
            .filter(|(_, row)| visible(row))
            .map(|(number, _)| number)
            .collect();
        order.sort_unstable_by_key(|&number| self.texts.get(self.relations[number].id));
        order.into_iter().map(|number| self.record_link(number))
    }

    fn record_node(&self, number: RecordNo) -> SnapshotNode<'_> {
        let record = &self.records[number];
        let id = self.texts.get(record.id);
        let object = self.objects.rows()[record.object].key.as_str();
        SnapshotNode { object, record: Some(id), label: id }
    }

    fn record_link(&self, number: RelationNo) -> SnapshotLink<'_> {
        let row = &self.relations[number];
        let association = &self.associations.rows()[self.kinds[row.kind].kind.association];
        SnapshotLink {
            first: self.record_node(row.first),
            second: self.record_node(row.second),
            association: &association.id,
            definition: association.definition.as_ref(),
            relation: Some(self.texts.get(row.id)),
            at: row.stamp.at(),
        }
    }
}
