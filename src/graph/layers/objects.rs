//! Object keys joined by associations: the schema of the links.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::EdgeRef;

use crate::graph::memory::adjacency::{Adjacency, AdjacencyEntry, Slot};
use crate::graph::memory::allocation::map_bytes;
use crate::graph::memory::id_index::IdIndex;
use crate::graph::memory::table::{
    AssociationNo, CowTable, EdgeTypeNo, ObjectNo, RecordNo, RelationNo,
};
use crate::graph::outcome::Outcome;
use crate::model::{
    ObjectKey, ObjectSchema, Properties, Side, Stamp, address, built_in_labels, clean_name,
};

/// One type of things.
#[derive(Debug, Clone)]
pub(crate) struct ObjectRow {
    pub(crate) key: ObjectKey,
    /// The greatest schema event, without the property that names records.
    pub(crate) schema: Option<Box<(ObjectSchema, Stamp)>>,
    /// What schema events have said: `singular`, `plural`, `primary`.
    pub(crate) names: Properties,
}

const SINGULAR: &str = "singular";
const PLURAL: &str = "plural";
const PRIMARY: &str = "primary";

impl ObjectRow {
    /// Returns what people call such a thing: the schema's word, else the key.
    pub(crate) fn display_label(&self) -> &str {
        self.singular().unwrap_or(self.key.as_str())
    }

    /// Returns what people call one such thing.
    pub(crate) fn singular(&self) -> Option<&str> {
        let of_schema = || as_sent(self.schema.as_ref()?.0.singular.as_deref());
        self.said(SINGULAR)
            .or_else(of_schema)
            .or_else(|| Some(built_in_labels(self.key.as_str())?.0))
    }

    /// Returns what people call many such things.
    pub(crate) fn plural(&self) -> Option<&str> {
        let of_schema = || as_sent(self.schema.as_ref()?.0.plural.as_deref());
        self.said(PLURAL).or_else(of_schema).or_else(|| Some(built_in_labels(self.key.as_str())?.1))
    }

    /// Returns the property that names records, if a schema says so.
    pub(crate) fn primary(&self) -> Option<&str> {
        self.said(PRIMARY)
    }

    fn said(&self, key: &str) -> Option<&str> {
        self.names.get(key).map(|state| &*state.value)
    }
}

/// Returns a label of a schema whose events are gone: nobody has cleaned it.
fn as_sent(label: Option<&str>) -> Option<&str> {
    label.filter(|label| clean_name(label).is_some())
}

/// Object keys by number and by key, and the graph that live associations make
/// of them. Nodes are never removed, so a node's index is its number.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectLayer {
    rows: CowTable<ObjectNo, ObjectRow>,
    by_key: IdIndex,
    /// The edges of the graph in the form of the record layer's, kinds and
    /// associations in place of relations, so that the same code answers queries
    /// about both.
    adjacency: CowTable<ObjectNo, Adjacency>,
    graph: StableDiGraph<ObjectNo, AssociationNo>,
    edges: HashMap<AssociationNo, EdgeIndex, RandomState>,
}

fn node(object: ObjectNo) -> NodeIndex {
    NodeIndex::new(object.0 as usize)
}

fn number(index: NodeIndex) -> ObjectNo {
    ObjectNo(address(index.index()))
}

impl ObjectLayer {
    pub(crate) fn rows(&self) -> &CowTable<ObjectNo, ObjectRow> {
        &self.rows
    }

    /// Returns the bytes of memory that the keys' links and finding a key take.
    pub(in crate::graph) fn link_bytes(&self) -> usize {
        let links: usize = self.adjacency.iter().map(|(_, links)| links.bytes()).sum();
        let edges = self.graph.edge_count() * 32 + self.graph.node_count() * 16;
        self.by_key.bytes() + self.adjacency.bytes() + links + edges + map_bytes(&self.edges)
    }

    pub(crate) fn graph(&self) -> &StableDiGraph<ObjectNo, AssociationNo> {
        &self.graph
    }

    pub(crate) fn find(&self, key: &str) -> Option<ObjectNo> {
        self.by_key.find(self.by_key.hash(key), |number| self.rows[number].key.as_str() == key)
    }

    /// Returns the number of an object key, assigned now if it had none, and whether it had
    /// none.
    pub(crate) fn intern(&mut self, key: &ObjectKey) -> (ObjectNo, bool) {
        if let Some(known) = self.find(key.as_str()) {
            return (known, false);
        }
        let given = self.rows.push(ObjectRow {
            key: key.clone(),
            schema: None,
            names: Properties::default(),
        });
        self.by_key.insert(self.by_key.hash(key.as_str()), given);
        self.adjacency.push(Adjacency::default());
        self.graph.add_node(given);
        (given, true)
    }

    pub(crate) fn merge_schema(
        &mut self,
        number: ObjectNo,
        schema: &ObjectSchema,
        stamp: Stamp,
    ) -> Outcome {
        let row = &mut self.rows[number];
        let shown = |text: &Option<Box<str>>| text.as_deref().and_then(clean_name);
        let (singular, plural) = (shown(&schema.singular), shown(&schema.plural));
        let says = [(SINGULAR, &singular), (PLURAL, &plural), (PRIMARY, &schema.primary)];
        let mut is_renamed = false;
        for (key, value) in says {
            let value = value.as_deref();
            is_renamed |= value.is_some_and(|value| row.names.merge(key, value, stamp));
        }
        let schema = ObjectSchema { primary: None, ..schema.clone() };
        let outcome = match &row.schema {
            Some(old) if old.0 == schema && stamp.same_but_seq(old.1) => Outcome::Unchanged,
            Some(old) if stamp <= old.1 => Outcome::Stale,
            old => {
                let is_same = old.as_ref().is_some_and(|old| old.0 == schema);
                row.schema = Some(Box::new((schema, stamp)));
                if is_same { Outcome::Unchanged } else { Outcome::Applied }
            }
        };
        if is_renamed { Outcome::Applied } else { outcome }
    }

    /// Restores what a checkpoint holds of the names of an object key.
    pub(crate) fn restore_names(&mut self, number: ObjectNo, names: Properties) {
        self.rows[number].names = names;
    }

    pub(crate) fn restore_schema(&mut self, number: ObjectNo, schema: ObjectSchema, stamp: Stamp) {
        self.rows[number].schema = Some(Box::new((schema, stamp)));
    }

    /// Joins two object keys under an association, in place of what it joined
    /// before; `None` takes it away.
    pub(crate) fn join(&mut self, association: AssociationNo, ends: Option<(ObjectNo, ObjectNo)>) {
        let kind = EdgeTypeNo(association.0);
        let relation = RelationNo(association.0);
        if let Some(edge) = self.edges.remove(&association) {
            if let Some((first, second)) = self.graph.edge_endpoints(edge) {
                for (near, side) in [(first, Side::First), (second, Side::Second)] {
                    self.adjacency[number(near)].remove(Slot::new(kind, side), relation);
                }
            }
            self.graph.remove_edge(edge);
        }
        if let Some((first, second)) = ends {
            let edge = self.graph.add_edge(node(first), node(second), association);
            self.edges.insert(association, edge);
            for (near, far, side) in [(first, second, Side::First), (second, first, Side::Second)] {
                let far = RecordNo(far.0);
                self.adjacency[near].insert(AdjacencyEntry {
                    slot: Slot::new(kind, side),
                    far,
                    relation,
                });
            }
        }
    }

    /// Returns how many associations have an end here; one from a thing to itself counts
    /// once.
    pub(crate) fn degree(&self, object: ObjectNo) -> usize {
        let out = self.graph.edges_directed(node(object), Direction::Outgoing).count();
        let into = self.graph.edges_directed(node(object), Direction::Incoming);
        out + into.filter(|edge| edge.source() != edge.target()).count()
    }

    /// Returns the associations that have an end here.
    pub(crate) fn adjacency(&self, object: ObjectNo) -> &Adjacency {
        &self.adjacency[object]
    }
}
