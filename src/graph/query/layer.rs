//! One of the two layers of a view, under one interface for the queries.

use crate::graph::layers::associations::AssociationRow;
use crate::graph::layers::record_data::{EdgeType, RelationRow};
use crate::graph::memory::adjacency::{Adjacency, AdjacencyEntry, Run, Slot};
use crate::graph::memory::strings::StringRef;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::query::error::QueryError;
use crate::graph::query::order::Order;
use crate::graph::view::{Node, View};
use crate::model::{NodeRef, Side, Stamp};

impl<'g> View<'g> {
    /// Returns the layer of a node, and its number there.
    pub(in crate::graph) fn place(self, node: &NodeRef) -> Result<(Layer<'g>, u32), QueryError> {
        Ok(match self.find(node)? {
            Node::Object(object) => (Layer::Objects(self), object.0),
            Node::Record(record) => (Layer::Records(self), record.0),
        })
    }

    /// Returns the one layer of all these nodes, and their numbers there.
    pub(in crate::graph) fn places<'n>(
        self,
        nodes: impl IntoIterator<Item = &'n NodeRef>,
    ) -> Result<(Layer<'g>, Vec<u32>), QueryError> {
        let mut layer: Option<Layer<'g>> = None;
        let mut numbers = Vec::new();
        for node in nodes {
            let (of, number) = self.place(node)?;
            if layer.is_some_and(|layer| layer.is_records() != of.is_records()) {
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
pub(in crate::graph) enum Layer<'g> {
    /// Object keys joined by associations.
    Objects(View<'g>),
    /// Records joined by relations.
    Records(View<'g>),
}

/// The name of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeName<'g> {
    pub(super) object: &'g str,
    pub(super) record: Option<&'g str>,
    /// What people call the record.
    pub(super) name: Option<&'g str>,
}

/// What each link has of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct FarEnd<'g> {
    pub(super) record: Option<&'g str>,
    pub(super) name: Option<&'g str>,
    pub(super) relation: Option<&'g str>,
    /// The stamp of the event that made the link so.
    pub(super) stamp: Option<Stamp>,
}

impl<'g> Layer<'g> {
    pub(in crate::graph) fn is_records(self) -> bool {
        matches!(self, Self::Records(_))
    }

    fn view(self) -> View<'g> {
        match self {
            Self::Objects(view) | Self::Records(view) => view,
        }
    }

    /// Returns how many numbers nodes have.
    pub(super) fn nodes(self) -> u32 {
        match self {
            Self::Objects(view) => view.objects.rows().len(),
            Self::Records(view) => view.rows.records.len(),
        }
    }

    /// Returns the place of a node, which it keeps for as long as it is there.
    pub(super) fn node_place(self, node: u32) -> u32 {
        match self {
            Self::Objects(_) => node,
            Self::Records(view) => view.rows.records.place(RecordNo(node)),
        }
    }

    /// Returns the number of the first node after a place.
    pub(super) fn nodes_behind(self, place: u32) -> u64 {
        match self {
            Self::Objects(_) => u64::from(place) + 1,
            Self::Records(view) => u64::from(view.rows.records.behind(place)),
        }
    }

    /// Returns the place of a link, which it keeps for as long as it is there.
    pub(super) fn link_place(self, relation: RelationNo) -> u32 {
        match self {
            Self::Objects(view) => view.associations.rows().place(AssociationNo(relation.0)),
            Self::Records(view) => view.rows.relations.place(relation),
        }
    }

    /// Returns where a list continues after this end of the link at a place: its links are
    /// on the one side of what is returned, or on the other in reverse order.
    pub(super) fn bound(self, place: u32, side: Side, order: Order) -> (RelationNo, Side) {
        let (behind, is_there) = match self {
            Self::Objects(view) => {
                let associations = view.associations.rows();
                (associations.behind(place), associations.at(place).is_some())
            }
            Self::Records(view) => {
                let relations = &view.rows.relations;
                (relations.behind(place), relations.at(place).is_some())
            }
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
        match self {
            Self::Objects(view) => view.objects.adjacency(ObjectNo(node)),
            Self::Records(view) => &view.rows.adjacency[RecordNo(node)],
        }
    }

    /// Returns the links of a node, those of each slot together, in an order that may
    /// show in an answer: by association, object keys and end.
    ///
    /// Edge types get other numbers when a store is opened again, so an order by slot would
    /// change with a restart.
    pub(super) fn runs_in_order(self, node: u32) -> impl Iterator<Item = Run<'g>> {
        let runs = || self.adjacency(node).runs();
        let order = |run: &Run<'_>| self.order(run.slot);
        // Mostly there is one, or they are in order: those need no list.
        let as_they_stand = runs().is_sorted_by_key(|run| order(&run)).then(runs);
        let mut sorted = Vec::new();
        if as_they_stand.is_none() {
            sorted.extend(runs());
            sorted.sort_unstable_by_key(order);
        }
        as_they_stand.into_iter().flatten().chain(sorted)
    }

    /// Returns the rank of a slot in every order that an answer shows.
    pub(super) fn order(self, slot: Slot) -> (u32, u32, u32, Side) {
        match self {
            Self::Objects(_) => (slot.kind().0, 0, 0, slot.side()),
            Self::Records(view) => {
                let EdgeType { association, first, second } = view.rows.kinds[slot.kind()].kind;
                (association.0, first.0, second.0, slot.side())
            }
        }
    }

    pub(super) fn association(self, kind: EdgeTypeNo) -> &'g AssociationRow {
        let number = match self {
            Self::Objects(_) => AssociationNo(kind.0),
            Self::Records(view) => view.rows.kinds[kind].kind.association,
        };
        &self.view().associations.rows()[number]
    }

    /// Returns the object key of a node.
    pub(super) fn object(self, node: u32) -> ObjectNo {
        match self {
            Self::Objects(_) => ObjectNo(node),
            Self::Records(view) => view.rows.records[RecordNo(node)].object,
        }
    }

    /// Returns whether lists show a node.
    pub(super) fn is_listed(self, node: u32) -> bool {
        match self {
            Self::Objects(_) => true,
            Self::Records(view) => view.rows.records[RecordNo(node)].listed,
        }
    }

    /// Returns the object key at the far end of every link of a slot.
    pub(super) fn far_object(self, slot: Slot) -> &'g str {
        let far = slot.side().other();
        match self {
            Self::Objects(_) => {
                let definition = self.association(slot.kind()).definition.as_ref();
                definition.map_or("", |definition| definition.end(far).object.as_str())
            }
            Self::Records(view) => {
                let kind = view.rows.kinds[slot.kind()].kind;
                let object = if far == Side::First { kind.first } else { kind.second };
                view.objects.rows()[object].key.as_str()
            }
        }
    }

    /// Returns whether the links of an edge type are hidden. (An association that is
    /// deleted joins no object keys in the first place.)
    pub(super) fn is_hidden(self, kind: EdgeTypeNo) -> bool {
        match self {
            Self::Objects(_) => false,
            Self::Records(view) => view.rows.kinds[kind].hidden,
        }
    }

    /// Returns whether the links of some edge type are hidden.
    pub(super) fn hides_some(self) -> bool {
        match self {
            Self::Objects(_) => false,
            Self::Records(view) => view.rows.hidden_kinds > 0,
        }
    }

    /// Returns how many links of this edge type a node has to itself.
    pub(super) fn loops(self, node: u32, kind: EdgeTypeNo) -> u32 {
        match self {
            Self::Objects(_) => {
                let definition = self.association(kind).definition.as_ref();
                u32::from(definition.is_some_and(|d| d.first.object == d.second.object))
            }
            Self::Records(view) => view.rows.loops(RecordNo(node), kind),
        }
    }

    /// Returns a link by its number, as seen from one of its nodes.
    pub(super) fn entry(self, relation: RelationNo, near: u32) -> AdjacencyEntry {
        let (kind, first, second) = match self {
            Self::Objects(view) => {
                let kind = EdgeTypeNo(relation.0);
                let definition = self.association(kind).definition.as_ref();
                let end = |side| {
                    let object = definition.map(|definition| &definition.end(side).object);
                    object.and_then(|key| view.objects.find(key.as_str())).map_or(near, |no| no.0)
                };
                (kind, end(Side::First), end(Side::Second))
            }
            Self::Records(view) => {
                let row = view.rows.relations[relation];
                (row.kind, row.first.0, row.second.0)
            }
        };
        let (side, far) = if first == near { (Side::First, second) } else { (Side::Second, first) };
        AdjacencyEntry { slot: Slot::new(kind, side), far: RecordNo(far), relation }
    }

    /// Returns the stamp of the event that made a link so.
    pub(super) fn stamp(self, entry: AdjacencyEntry) -> Option<Stamp> {
        match self {
            Self::Objects(_) => self.association(entry.slot.kind()).stamp,
            Self::Records(view) => Some(view.rows.relations[entry.relation].stamp),
        }
    }

    pub(super) fn name(self, node: u32) -> NodeName<'g> {
        let object = self.view().objects.rows()[self.object(node)].key.as_str();
        let (record, name) = match self {
            Self::Objects(_) => (None, None),
            Self::Records(View { rows, .. }) => {
                (Some(rows.record_id(RecordNo(node))), rows.names.text(RecordNo(node)))
            }
        };
        NodeName { object, record, name }
    }

    pub(super) fn far_ends(self, entries: &[AdjacencyEntry]) -> Vec<FarEnd<'g>> {
        let view = match self {
            Self::Objects(_) => {
                let end = |entry: &AdjacencyEntry| FarEnd {
                    record: None,
                    name: None,
                    relation: None,
                    stamp: self.association(entry.slot.kind()).stamp,
                };
                return entries.iter().map(end).collect();
            }
            Self::Records(view) => view,
        };
        let rows = view.rows;
        // Row reads can overlap; a string can be fetched only after its row. So all rows
        // are read first.
        let row =
            |entry: &AdjacencyEntry| (rows.records[entry.far].id, rows.relations[entry.relation]);
        let found: Vec<_> = entries.iter().map(row).collect();
        let end = |(entry, (far, relation)): (&AdjacencyEntry, &(StringRef, RelationRow))| FarEnd {
            record: Some(rows.texts.get(*far)),
            name: rows.names.text(entry.far),
            relation: Some(rows.texts.get(relation.id)),
            stamp: Some(relation.stamp),
        };
        entries.iter().zip(&found).map(end).collect()
    }
}
