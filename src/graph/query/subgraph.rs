//! A part of a location to read from end to end, in an order that its state
//! alone decides.

use std::str::FromStr;

use crate::graph::memory::adjacency::Slot;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::query::among::links_among;
use crate::graph::query::between::distinct;
use crate::graph::query::budget::Budget;
use crate::graph::query::edge::{Edge, EdgeEnd};
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::Layer;
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::neighborhood::{between, spread};
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::view::View;
use crate::model::{NodeRef, ParseNameError, Side};

/// Which layers a part is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layers {
    /// Object keys and associations.
    Objects,
    /// Records and relations.
    Records,
    /// Both, side by side.
    #[default]
    All,
}

impl FromStr for Layers {
    type Err = ParseNameError;

    /// Parses `objects`, `records` or `all`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "objects" => Ok(Self::Objects),
            "records" => Ok(Self::Records),
            "all" => Ok(Self::All),
            _ => Err(ParseNameError::none_of(&["objects", "records", "all"])),
        }
    }
}

/// Which part of a location to read. The default is all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubgraphQuery {
    /// Which layers.
    pub layers: Layers,
    /// Only links that this filter selects as seen from either end. With a filter,
    /// only the nodes of such links are part of it.
    pub along: LinkFilter,
    /// Only what is within so many hops of this node, along links that the filter
    /// selects, and the links between; on the layer of the node alone.
    pub around: Option<(NodeRef, u32)>,
    /// Exactly these nodes instead, and the links among them that the filter selects; one
    /// named twice counts once.
    pub only: Option<Vec<NodeRef>>,
}

impl NamesNodes for SubgraphQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.around.iter().map(|(of, _)| of).chain(self.only.iter().flatten())
    }
}

/// A part of a location: its nodes by object key and record id, its links by id,
/// object keys and associations first.
///
/// Keeps four bytes a node and a link.
#[derive(Debug)]
pub struct Subgraph<'g> {
    view: View<'g>,
    objects: Vec<ObjectNo>,
    records: Vec<RecordNo>,
    associations: Vec<AssociationNo>,
    relations: Vec<RelationNo>,
}

impl<'g> Subgraph<'g> {
    /// Returns how many nodes there are.
    pub fn node_count(&self) -> usize {
        self.objects.len() + self.records.len()
    }

    /// Returns how many links there are.
    pub fn link_count(&self) -> usize {
        self.associations.len() + self.relations.len()
    }

    /// Adds nodes and links of a layer.
    fn add(
        &mut self,
        layer: Layer<'_>,
        nodes: impl IntoIterator<Item = u32>,
        links: Vec<RelationNo>,
    ) {
        match layer {
            Layer::Objects(_) => {
                self.objects.extend(nodes.into_iter().map(ObjectNo));
                self.associations.extend(links.into_iter().map(|link| AssociationNo(link.0)));
            }
            Layer::Records(_) => {
                self.records.extend(nodes.into_iter().map(RecordNo));
                self.relations.extend(links);
            }
        }
    }

    /// Returns the nodes.
    pub fn nodes(&self) -> impl Iterator<Item = EdgeEnd<'g>> {
        let view = self.view;
        let objects = self.objects.iter().map(move |&number| view.object_end(number));
        objects.chain(self.records.iter().map(move |&number| view.record_end(number)))
    }

    /// Returns the links.
    pub fn links(&self) -> impl Iterator<Item = Edge<'g>> {
        let view = self.view;
        let known = self.associations.iter();
        let associations = known.filter_map(move |&number| view.association_edge(number));
        associations.chain(self.relations.iter().map(move |&number| view.relation_edge(number)))
    }

    /// Returns the relations in runs of one association between one pair of object keys.
    ///
    /// Costs a pass over them, and four bytes for each.
    pub fn runs(&self) -> EdgeGroups<'g> {
        let view = self.view;
        let kind_of = |number: RelationNo| view.rows.relations[number].kind.0 as usize;
        // By kind: first how many relations, then where the next of them goes.
        let mut places = vec![0; view.rows.kinds.len() as usize];
        for &number in &self.relations {
            if let Some(count) = places.get_mut(kind_of(number)) {
                *count += 1;
            }
        }
        let (mut ends, mut end) = (Vec::new(), 0);
        for kind in view.kinds_in_order() {
            let Some(count) = places.get_mut(kind.0 as usize) else { continue };
            let start = end;
            end += std::mem::replace(count, start);
            if end > start {
                ends.push(end);
            }
        }
        let mut relations = self.relations.clone();
        for &number in &self.relations {
            let Some(place) = places.get_mut(kind_of(number)) else { continue };
            if let Some(to) = relations.get_mut(*place) {
                *to = number;
            }
            *place += 1;
        }
        EdgeGroups { view, relations, ends }
    }
}

/// The relations of a [`Subgraph`], in runs.
#[derive(Debug)]
pub struct EdgeGroups<'g> {
    view: View<'g>,
    relations: Vec<RelationNo>,
    /// Where each run ends.
    ends: Vec<usize>,
}

impl<'g> EdgeGroups<'g> {
    /// Returns the relations of each run; there is at least one.
    pub fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = Edge<'g>>> {
        let view = self.view;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let runs =
            starts.zip(&self.ends).filter_map(|(start, &end)| self.relations.get(start..end));
        runs.map(move |run| run.iter().map(move |&number| view.relation_edge(number)))
    }
}

impl<'g> View<'g> {
    /// Collects a part of the graph, to read it from end to end.
    ///
    /// Costs a pass over the graph, or what is around the given node or among the given nodes,
    /// and a sort, which takes 28 bytes a node or link while it lasts.
    pub fn part(self, query: &SubgraphQuery) -> Result<Subgraph<'g>, QueryError> {
        let mut part = Subgraph {
            view: self,
            objects: Vec::new(),
            records: Vec::new(),
            associations: Vec::new(),
            relations: Vec::new(),
        };
        if let Some(nodes) = &query.only {
            self.only(nodes, query.layers, &query.along, &mut part)?;
        } else if let Some((of, depth)) = &query.around {
            self.around(of, *depth, query.layers, &query.along, &mut part)?;
        } else {
            if query.layers != Layers::Records {
                self.every_object(&query.along, &mut part);
            }
            if query.layers != Layers::Objects {
                self.every_record(&query.along, &mut part);
            }
        }
        part.objects.sort_unstable_by_key(|&number| self.objects.rows()[number].key.as_str());
        part.associations.sort_unstable_by_key(|&number| &*self.associations.rows()[number].id);
        self.sort_records(&mut part.records);
        self.sort_relations(&mut part.relations);
        Ok(part)
    }

    fn around(
        self,
        of: &NodeRef,
        depth: u32,
        layers: Layers,
        filter: &LinkFilter,
        part: &mut Subgraph<'g>,
    ) -> Result<(), QueryError> {
        let (layer, node) = self.place_within(layers, of)?;
        let mut slots = SlotFilter::new(layer, filter, LabelEnd::Either);
        let (mut budget, mut reached) = (Budget::unbounded(), Vec::new());
        spread(layer, node, depth, usize::MAX, &mut slots, &mut budget, &mut reached);
        let links = between(layer, &reached, &mut slots, &mut budget, usize::MAX);
        part.add(layer, reached.iter().map(|(node, _)| *node), links);
        Ok(())
    }

    fn only(
        self,
        nodes: &[NodeRef],
        layers: Layers,
        filter: &LinkFilter,
        part: &mut Subgraph<'g>,
    ) -> Result<(), QueryError> {
        let (mut objects, mut records) = (Vec::new(), Vec::new());
        for node in distinct(nodes) {
            let (layer, number) = self.place_within(layers, node)?;
            if layer.is_records() { &mut records } else { &mut objects }.push(number);
        }
        let mut budget = Budget::unbounded();
        for (layer, nodes) in [(Layer::Objects(self), objects), (Layer::Records(self), records)] {
            let mut slots = SlotFilter::new(layer, filter, LabelEnd::Either);
            let links = links_among(layer, nodes.clone(), &mut slots, &mut budget, usize::MAX);
            part.add(layer, nodes, links);
        }
        Ok(())
    }

    /// Returns the layer of a node, which must be one of these, and its number there.
    fn place_within(self, layers: Layers, node: &NodeRef) -> Result<(Layer<'g>, u32), QueryError> {
        let (layer, number) = self.place(node)?;
        let other = if layer.is_records() { Layers::Objects } else { Layers::Records };
        if layers == other {
            return Err(QueryError::OtherLayer(node.clone()));
        }
        Ok((layer, number))
    }

    fn every_object(self, filter: &LinkFilter, part: &mut Subgraph<'g>) {
        let layer = Layer::Objects(self);
        let mut slots = SlotFilter::new(layer, filter, LabelEnd::Either);
        let mut chosen = |number: &AssociationNo| {
            self.association_edge(*number).is_some()
                && slots.has(layer, Slot::new(EdgeTypeNo(number.0), Side::First))
        };
        part.associations =
            self.associations.rows().numbers().filter(|number| chosen(number)).collect();
        let mut ends = (!filter.is_everything()).then(|| Marks::new(layer.nodes()));
        if let Some(ends) = &mut ends {
            let edges = part.associations.iter().filter_map(|&no| self.association_edge(no));
            let named = edges.flat_map(|edge| [edge.first.object, edge.second.object]);
            named.filter_map(|key| self.objects.find(key)).for_each(|number| ends.set(number.0));
        }
        let is_in = |number: &ObjectNo| match &ends {
            Some(ends) => ends.has(number.0),
            None => self.is_object_listed(*number),
        };
        part.objects = self.objects.rows().numbers().filter(is_in).collect();
    }

    fn every_record(self, filter: &LinkFilter, part: &mut Subgraph<'g>) {
        let layer = Layer::Records(self);
        let mut slots = SlotFilter::new(layer, filter, LabelEnd::Either);
        let mut ends = (!filter.is_everything()).then(|| Marks::new(layer.nodes()));
        for (number, row) in self.rows.relations.iter().filter(|(_, row)| row.linked) {
            if slots.has(layer, Slot::new(row.kind, Side::First)) {
                part.relations.push(number);
                if let Some(ends) = &mut ends {
                    ends.set(row.first.0);
                    ends.set(row.second.0);
                }
            }
        }
        let records = self.rows.records.iter();
        let records = records.filter(|(number, record)| match &ends {
            Some(ends) => ends.has(number.0),
            None => record.listed,
        });
        part.records = records.map(|(number, _)| number).collect();
    }

    fn sort_records(self, records: &mut [RecordNo]) {
        let mut keys: Vec<ObjectNo> = self.objects.rows().numbers().collect();
        keys.sort_unstable_by_key(|&number| self.objects.rows()[number].key.as_str());
        let mut ranks = vec![0; keys.len()];
        for (rank, object) in (0..).zip(keys) {
            if let Some(place) = ranks.get_mut(object.0 as usize) {
                *place = rank;
            }
        }
        sort_by_text(records, |number| {
            let record = self.rows.records[number];
            let rank = ranks.get(record.object.0 as usize).copied().unwrap_or_default();
            (rank, self.rows.texts.get(record.id))
        });
    }

    /// Returns the kinds of link by the texts of their association and object keys.
    fn kinds_in_order(self) -> Vec<EdgeTypeNo> {
        let mut kinds: Vec<EdgeTypeNo> = self.rows.kinds.numbers().collect();
        kinds.sort_unstable_by_key(|&number| {
            let kind = self.rows.kinds[number].kind;
            let key = |object: ObjectNo| self.objects.rows()[object].key.as_str();
            (&*self.associations.rows()[kind.association].id, key(kind.first), key(kind.second))
        });
        kinds
    }

    fn sort_relations(self, relations: &mut [RelationNo]) {
        sort_by_text(relations, |number| (0, self.rows.relation_id(number)));
    }
}

/// Sorts by a rank and a text. The beginning of each text is compared beside its
/// number, since a look at a text far away costs more than all the rest.
fn sort_by_text<'t, N: Copy>(numbers: &mut [N], of: impl Fn(N) -> (u32, &'t str)) {
    let mut order: Vec<(u32, [u8; 16], N)> = Vec::with_capacity(numbers.len());
    order.extend(numbers.iter().map(|&number| {
        let (rank, text) = of(number);
        let mut start = [0; 16];
        start.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
        (rank, start, number)
    }));
    order.sort_unstable_by(|a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| of(a.2).1.cmp(of(b.2).1))
    });
    numbers.iter_mut().zip(order).for_each(|(to, (_, _, number))| *to = number);
}

/// A set of nodes, in one bit for each.
struct Marks(Vec<u64>);

impl Marks {
    fn new(nodes: u32) -> Self {
        Self(vec![0; (nodes as usize).div_ceil(64)])
    }

    fn set(&mut self, node: u32) {
        if let Some(word) = self.0.get_mut(node as usize / 64) {
            *word |= 1 << (node % 64);
        }
    }

    fn has(&self, node: u32) -> bool {
        self.0.get(node as usize / 64).is_some_and(|word| word >> (node % 64) & 1 == 1)
    }
}
