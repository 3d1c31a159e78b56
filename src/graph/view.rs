//! What questions are asked of: a graph or a copy of it, and its two layers.

use std::collections::HashMap;

use crate::graph::layers::associations::{AssociationRow, Associations};
use crate::graph::layers::objects::ObjectLayer;
use crate::graph::layers::record_data::{EdgeType, RecordRows, RelationRow};
use crate::graph::layers::records::RecordLayer;

use crate::graph::memory::adjacency::{Adjacency, AdjacencyEntry, Run, Slot};
use crate::graph::memory::strings::StringRef;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::query::error::QueryError;
use crate::graph::query::order::Order;
use crate::model::{NodeRef, Seq, Side, Stamp};

/// What questions are asked of: the graph of a location as it stands, or a
/// [`Snapshot`](crate::graph::snapshot::Snapshot) of it.
#[derive(Debug, Clone, Copy)]
pub struct View<'g> {
    pub(in crate::graph) associations: &'g Associations,
    pub(in crate::graph) objects: &'g ObjectLayer,
    pub(in crate::graph) rows: &'g RecordRows,
    pub(in crate::graph) names: Names<'g>,
    pub(in crate::graph) seq: Seq,
}

/// How a view finds nodes by name.
#[derive(Debug, Clone, Copy)]
pub(in crate::graph) enum Names<'g> {
    Every(&'g RecordLayer),
    /// A copy knows those that it was taken for.
    Few(&'g HashMap<NodeRef, Node>),
}

impl<'g> View<'g> {
    /// Returns the last event of the location that this state holds, or a lower number
    /// where none has come since the store was opened. The greater of this and the
    /// last event that was visible before the view was taken is the state exactly.
    pub fn seq(self) -> Seq {
        self.seq
    }

    pub(super) fn find(self, node: &NodeRef) -> Result<Node, QueryError> {
        let found = match self.names {
            Names::Every(records) => {
                match (&node.record, self.objects.find(node.object.as_str())) {
                    (None, object) => object.map(Node::Object),
                    (Some(id), object) => {
                        object.and_then(|o| records.find_record(o, id.as_str())).map(Node::Record)
                    }
                }
            }
            Names::Few(named) => named.get(node).copied(),
        };
        found.ok_or_else(|| QueryError::Unknown(node.clone()))
    }

    /// The layer of a node, and its number there.
    pub(super) fn place(self, node: &NodeRef) -> Result<(Layer<'g>, u32), QueryError> {
        Ok(match self.find(node)? {
            Node::Object(object) => (Layer { view: self, records: false }, object.0),
            Node::Record(record) => (Layer { view: self, records: true }, record.0),
        })
    }

    /// The one layer of all these nodes, and their numbers there.
    pub(super) fn places<'n>(
        self,
        nodes: impl IntoIterator<Item = &'n NodeRef>,
    ) -> Result<(Layer<'g>, Vec<u32>), QueryError> {
        let mut layer: Option<Layer<'g>> = None;
        let mut numbers = Vec::new();
        for node in nodes {
            let (of, number) = self.place(node)?;
            if layer.is_some_and(|layer| layer.records != of.records) {
                return Err(QueryError::OtherLayer(node.clone()));
            }
            layer = Some(of);
            numbers.push(number);
        }
        Ok((layer.ok_or(QueryError::Nothing)?, numbers))
    }
}

/// One of the two layers. Its nodes are numbers below `nodes()`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer<'g> {
    pub(super) view: View<'g>,
    /// Records joined by relations, else object keys joined by associations.
    pub(super) records: bool,
}

/// The name of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeName<'g> {
    pub(super) object: &'g str,
    pub(super) record: Option<&'g str>,
}

/// What each link has of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct FarEnd<'g> {
    pub(super) record: Option<&'g str>,
    pub(super) relation: Option<&'g str>,
    /// The event behind the link.
    pub(super) stamp: Option<Stamp>,
}

impl<'g> Layer<'g> {
    /// How many numbers nodes have.
    pub(super) fn nodes(self) -> u32 {
        if self.records { self.view.rows.records.len() } else { self.view.objects.rows().len() }
    }

    /// Returns the place of a node, which it keeps for as long as it is there.
    pub(super) fn node_place(self, node: u32) -> u32 {
        if self.records { self.view.rows.records.place(RecordNo(node)) } else { node }
    }

    /// Returns the number of the first node behind a place.
    pub(super) fn nodes_behind(self, place: u32) -> u64 {
        if self.records {
            u64::from(self.view.rows.records.behind(place))
        } else {
            u64::from(place) + 1
        }
    }

    /// Returns the place of a link, which it keeps for as long as it is there.
    pub(super) fn link_place(self, relation: RelationNo) -> u32 {
        if self.records {
            self.view.rows.relations.place(relation)
        } else {
            self.view.associations.rows().place(AssociationNo(relation.0))
        }
    }

    /// Returns where a list goes on that came to this end of the link at a place: its
    /// links are on the one side of what is returned, or on the other in reverse order.
    pub(super) fn bound(self, place: u32, side: Side, order: Order) -> (RelationNo, Side) {
        let associations = self.view.associations.rows();
        let (behind, is_there) = if self.records {
            let relations = &self.view.rows.relations;
            (relations.behind(place), relations.at(place).is_some())
        } else {
            (associations.behind(place), associations.at(place).is_some())
        };
        match (order, side, behind.checked_sub(1).filter(|_| is_there)) {
            (Order::Newest, _, Some(last)) => (RelationNo(last), side),
            (Order::Oldest, Side::First, Some(last)) => (RelationNo(last), Side::Second),
            (Order::Oldest, Side::Second, Some(_)) | (_, _, None) => {
                (RelationNo(behind), Side::First)
            }
        }
    }

    #[inline]
    pub(super) fn adjacency(self, node: u32) -> &'g Adjacency {
        if self.records {
            &self.view.rows.adjacency[RecordNo(node)]
        } else {
            self.view.objects.adjacency(ObjectNo(node))
        }
    }

    /// Returns the links of a node, those of each slot together, in an order that may
    /// show in an answer: by association, object keys and end.
    ///
    /// Kinds are numbered anew when a store is opened, so an order by slot would change
    /// with a restart.
    pub(super) fn runs_in_order(self, node: u32) -> impl Iterator<Item = Run<'g>> {
        let runs = || self.adjacency(node).runs();
        let order = |run: &Run<'_>| self.order(run.slot);
        // Mostly there is one, or they stand in order: those need no list.
        let as_they_stand = runs().is_sorted_by_key(|run| order(&run)).then(runs);
        let mut sorted = Vec::new();
        if as_they_stand.is_none() {
            sorted.extend(runs());
            sorted.sort_unstable_by_key(order);
        }
        as_they_stand.into_iter().flatten().chain(sorted)
    }

    /// Returns where a slot stands in every order that an answer shows.
    pub(super) fn order(self, slot: Slot) -> (u32, u32, u32, Side) {
        if !self.records {
            return (slot.kind().0, 0, 0, slot.side());
        }
        let EdgeType { association, first, second } = self.view.rows.kinds[slot.kind()].kind;
        (association.0, first.0, second.0, slot.side())
    }

    pub(super) fn association(self, kind: EdgeTypeNo) -> &'g AssociationRow {
        let number = if self.records {
            self.view.rows.kinds[kind].kind.association
        } else {
            AssociationNo(kind.0)
        };
        &self.view.associations.rows()[number]
    }

    /// The object key of a node.
    pub(super) fn object(self, node: u32) -> ObjectNo {
        if self.records { self.view.rows.records[RecordNo(node)].object } else { ObjectNo(node) }
    }

    /// Whether lists show a node.
    pub(super) fn is_listed(self, node: u32) -> bool {
        !self.records || self.view.rows.records[RecordNo(node)].listed
    }

    /// The object key at the far end of every link of a slot.
    pub(super) fn far_object(self, slot: Slot) -> &'g str {
        let far = slot.side().other();
        if self.records {
            let kind = self.view.rows.kinds[slot.kind()].kind;
            let object = if far == Side::First { kind.first } else { kind.second };
            self.view.objects.rows()[object].key.as_str()
        } else {
            let definition = self.association(slot.kind()).definition.as_ref();
            definition.map_or("", |definition| definition.end(far).object.as_str())
        }
    }

    /// Whether the links of a kind are not to be seen. (An association that is
    /// deleted joins no object keys in the first place.)
    pub(super) fn is_hidden(self, kind: EdgeTypeNo) -> bool {
        self.records && self.view.rows.kinds[kind].hidden
    }

    /// Whether the links of some kind are not to be seen.
    pub(super) fn hides_some(self) -> bool {
        self.records && self.view.rows.hidden_kinds > 0
    }

    /// Links of this kind from a node to itself.
    pub(super) fn loops(self, node: u32, kind: EdgeTypeNo) -> u32 {
        if self.records {
            return self.view.rows.loops(RecordNo(node), kind);
        }
        let definition = self.association(kind).definition.as_ref();
        u32::from(definition.is_some_and(|d| d.first.object == d.second.object))
    }

    /// A link by its number, as seen from a node that it is of.
    pub(super) fn entry(self, relation: RelationNo, near: u32) -> AdjacencyEntry {
        let (kind, first, second) = if self.records {
            let row = self.view.rows.relations[relation];
            (row.kind, row.first.0, row.second.0)
        } else {
            let kind = EdgeTypeNo(relation.0);
            let definition = self.association(kind).definition.as_ref();
            let end = |side| {
                let object = definition.map(|definition| &definition.end(side).object);
                object.and_then(|key| self.view.objects.find(key.as_str())).map_or(near, |no| no.0)
            };
            (kind, end(Side::First), end(Side::Second))
        };
        let (side, far) = if first == near { (Side::First, second) } else { (Side::Second, first) };
        AdjacencyEntry { slot: Slot::new(kind, side), far: RecordNo(far), relation }
    }

    /// The event behind a link.
    pub(super) fn stamp(self, entry: AdjacencyEntry) -> Option<Stamp> {
        if self.records {
            Some(self.view.rows.relations[entry.relation].stamp)
        } else {
            self.association(entry.slot.kind()).stamp
        }
    }

    pub(super) fn name(self, node: u32) -> NodeName<'g> {
        let object = self.view.objects.rows()[self.object(node)].key.as_str();
        let record = self.records.then(|| self.view.rows.record_id(RecordNo(node)));
        NodeName { object, record }
    }

    pub(super) fn far_ends(self, entries: &[AdjacencyEntry]) -> Vec<FarEnd<'g>> {
        if !self.records {
            let end = |entry: &AdjacencyEntry| FarEnd {
                record: None,
                relation: None,
                stamp: self.association(entry.slot.kind()).stamp,
            };
            return entries.iter().map(end).collect();
        }
        let rows = self.view.rows;
        // All rows before any text: the memory brings many things at once, but a
        // text only once its row is there.
        let row =
            |entry: &AdjacencyEntry| (rows.records[entry.far].id, rows.relations[entry.relation]);
        let found: Vec<_> = entries.iter().map(row).collect();
        let end = |(far, relation): &(StringRef, RelationRow)| FarEnd {
            record: Some(rows.texts.get(*far)),
            relation: Some(rows.texts.get(relation.id)),
            stamp: Some(relation.stamp),
        };
        found.iter().map(end).collect()
    }
}

/// A node of either layer, by number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    Object(ObjectNo),
    Record(RecordNo),
}
