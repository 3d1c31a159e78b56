//! One layer of a location: every link that can be seen, in one list.

use relata::graph::LinkFilter;
use relata::{
    Association, Change, Event, EventType, NodeRef, Rank, RecordRef, Relation, Side, Timestamp,
};

/// An object key, and a record id on the record layer.
pub(crate) type Node = (String, Option<String>);

/// The order of the merge rule: time (none is oldest), rank, position.
type When = (Option<i64>, Rank, u64);

pub(crate) fn node_ref(node: &Node) -> NodeRef {
    match &node.1 {
        Some(record) => NodeRef::record(node.0.as_str(), record.as_str()),
        None => NodeRef::object(node.0.as_str()),
    }
}

/// One association or relation that can be seen.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) first: Node,
    pub(crate) second: Node,
    pub(crate) association: String,
    /// Absent while the association is unknown.
    pub(crate) definition: Option<Association>,
    pub(crate) relation: Option<String>,
    pub(crate) at: Option<i64>,
    pub(crate) seq: u64,
}

impl Edge {
    pub(crate) fn end(&self, side: Side) -> &Node {
        if side == Side::First { &self.first } else { &self.second }
    }

    pub(crate) fn label(&self, side: Side) -> Option<&str> {
        self.definition.as_ref().map(|known| known.end(side).label.as_ref())
    }

    pub(crate) fn is_loop(&self) -> bool {
        self.first == self.second
    }

    pub(crate) fn is_called(&self, id_or_key: &str) -> bool {
        self.association == id_or_key
            || self.definition.as_ref().is_some_and(|known| *known.key == *id_or_key)
    }

    /// Whether a question without direction goes along it.
    pub(crate) fn passes(&self, labels: &[String], associations: &[String]) -> bool {
        let labelled = |side| {
            self.label(side).is_some_and(|label| labels.iter().any(|wanted| wanted == label))
        };
        (labels.is_empty() || labelled(Side::First) || labelled(Side::Second))
            && (associations.is_empty() || associations.iter().any(|called| self.is_called(called)))
    }
}

/// A link as seen from one of its ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hop<'w> {
    pub(crate) edge: &'w Edge,
    /// The end that is looked from.
    pub(crate) side: Side,
}

impl<'w> Hop<'w> {
    pub(crate) fn far(&self) -> &'w Node {
        self.edge.end(self.side.other())
    }

    pub(crate) fn label(&self) -> Option<&'w str> {
        self.edge.label(self.side.other())
    }

    pub(crate) fn own_label(&self) -> Option<&'w str> {
        self.edge.label(self.side)
    }

    pub(crate) fn passes(&self, filter: &LinkFilter) -> bool {
        let labelled = |wanted: &String| self.label() == Some(wanted);
        (filter.labels.is_empty() || filter.labels.iter().any(labelled))
            && (filter.associations.is_empty()
                || filter.associations.iter().any(|called| self.edge.is_called(called)))
            && filter.object.as_ref().is_none_or(|object| *object == self.far().0)
            && filter.side.is_none_or(|side| side == self.side)
    }
}

/// One layer.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// In the order in which they were first heard of.
    pub(crate) edges: Vec<Edge>,
    /// In the order in which they were first heard of.
    pub(crate) nodes: Vec<Node>,
    /// Those of the nodes that are not deleted.
    pub(crate) listed: Vec<Node>,
    /// Associations as pairs of object keys, in the order in which relations first
    /// joined these under them; on the object layer associations themselves.
    pub(crate) kinds: Vec<(String, String, String)>,
    /// The definitions that are known, in the order first heard of.
    pub(crate) associations: Vec<Association>,
}

impl World {
    pub(crate) fn both(events: &[Event]) -> [Self; 2] {
        [Self::objects(events), Self::records(events)]
    }

    /// Object keys joined by associations.
    pub(crate) fn objects(events: &[Event]) -> Self {
        let mut world = Self::without_links(events, object_nodes(events));
        for id in association_ids(events) {
            let Some((when, Some(known))) = association(events, &id) else { continue };
            world.kinds.push((id.clone(), String::new(), String::new()));
            world.edges.push(Edge {
                first: (known.first.object.to_string(), None),
                second: (known.second.object.to_string(), None),
                association: id,
                definition: Some(known),
                relation: None,
                at: when.0,
                seq: when.2,
            });
        }
        world.listed = world.nodes.clone();
        world
    }

    /// Records joined by relations.
    pub(crate) fn records(events: &[Event]) -> Self {
        let mut world = Self::without_links(events, record_nodes(events));
        let mut linked = Vec::new();
        for id in relation_ids(events) {
            let Some((when, relation)) = linked_relation(events, &id) else { continue };
            let edge = Edge {
                first: node_of(&relation.first),
                second: node_of(&relation.second),
                association: relation.association.to_string(),
                definition: association(events, relation.association.as_str()).and_then(|a| a.1),
                relation: Some(id),
                at: when.0,
                seq: when.2,
            };
            let of = association(events, &edge.association);
            if of.is_none_or(|((_, rank, _), _)| rank != Rank::Delete) {
                linked.extend([edge.first.clone(), edge.second.clone()]);
                world.edges.push(edge);
            }
        }
        let is_listed = |node: &&Node| {
            let last = record_whens(events, node).max();
            last.is_none_or(|(_, rank, _)| rank != Rank::Delete) || linked.contains(node)
        };
        world.listed = world.nodes.iter().filter(is_listed).cloned().collect();
        world.kinds = distinct(relations(events).map(|(_, _, relation)| {
            let [first, second] = [&relation.first, &relation.second].map(|e| e.object.to_string());
            (relation.association.to_string(), first, second)
        }));
        // In the order in which associations and object keys were heard of.
        let (ids, objects) = (association_ids(events), object_nodes(events));
        world.kinds.sort_by_cached_key(|(association, first, second)| {
            let object = |key: &str| objects.iter().position(|(known, _)| known == key);
            (ids.iter().position(|id| id == association), object(first), object(second))
        });
        world
    }

    fn without_links(events: &[Event], nodes: Vec<Node>) -> Self {
        let ids = association_ids(events);
        let associations = ids.iter().filter_map(|id| association(events, id)?.1).collect();
        Self { edges: vec![], nodes, listed: vec![], kinds: vec![], associations }
    }

    /// The links of a node as a list shows them: one from a thing to itself for
    /// each end, or once if both ends read alike and no side is asked for.
    pub(crate) fn links<'w>(&'w self, node: &Node, filter: &LinkFilter) -> Vec<Hop<'w>> {
        let mut links = Vec::new();
        for edge in &self.edges {
            for side in [Side::First, Side::Second] {
                let hop = Hop { edge, side };
                let reads_alike = hop.label().is_some() && hop.label() == hop.own_label();
                let is_told = side == Side::Second && edge.is_loop() && reads_alike;
                if edge.end(side) == node
                    && hop.passes(filter)
                    && !(is_told && filter.side.is_none())
                {
                    links.push(hop);
                }
            }
        }
        links
    }

    /// Where a node stands among all.
    pub(crate) fn place(&self, node: &Node) -> usize {
        self.nodes.iter().position(|known| known == node).unwrap_or(usize::MAX)
    }

    /// Hops from a node to each that can be reached, by relaxing every link until
    /// nothing changes.
    pub(crate) fn hops_from(
        &self,
        node: &Node,
        passes: impl Fn(&Edge) -> bool,
    ) -> Vec<(Node, usize)> {
        let mut hops = vec![(node.clone(), 0)];
        let get = |hops: &[(Node, usize)], node: &Node| {
            hops.iter().find(|(known, _)| known == node).map(|(_, hops)| *hops)
        };
        for round in 0..self.nodes.len() {
            for edge in self.edges.iter().filter(|edge| passes(edge)) {
                for (near, far) in [(&edge.first, &edge.second), (&edge.second, &edge.first)] {
                    if get(&hops, near) == Some(round) && get(&hops, far).is_none() {
                        hops.push((far.clone(), round + 1));
                    }
                }
            }
        }
        hops
    }
}

fn distinct<T: PartialEq>(things: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for thing in things {
        if !seen.contains(&thing) {
            seen.push(thing);
        }
    }
    seen
}

fn node_of(record: &RecordRef) -> Node {
    (record.object.to_string(), Some(record.id.to_string()))
}

fn whens(events: &[Event]) -> impl Iterator<Item = (When, &Event)> {
    let when =
        |event: &Event, seq| (event.at.map(Timestamp::as_millis), event.event_type.rank(), seq);
    events.iter().zip(1..).map(move |(event, seq)| (when(event, seq), event))
}

/// The greatest event of those that `of` picks; of two that only their position
/// tells apart and that say the same, the first.
fn greatest(events: &[Event], of: impl Fn(&Event) -> bool) -> Option<(When, &Event)> {
    let mut best: Option<(When, &Event)> = None;
    for (when, event) in whens(events).filter(|(_, event)| of(event)) {
        let repeats = best.is_some_and(|((at, rank, _), kept)| {
            let both_undo = event.event_type == EventType::RelationDelete;
            (at, rank) == (when.0, when.1) && (both_undo || kept.change == event.change)
        });
        if !repeats && best.is_none_or(|(old, _)| when > old) {
            best = Some((when, event));
        }
    }
    best
}

fn association(events: &[Event], id: &str) -> Option<(When, Option<Association>)> {
    let (when, event) = greatest(events, |event| match &event.change {
        Change::Association(known) => known.id.as_str() == id,
        Change::AssociationDeleted { id: gone, .. } => gone.as_str() == id,
        _ => false,
    })?;
    match &event.change {
        Change::Association(known) => Some((when, Some(known.clone()))),
        _ => Some((when, None)),
    }
}

fn relations(events: &[Event]) -> impl Iterator<Item = (When, &Event, &Relation)> {
    whens(events).filter_map(|(when, event)| match &event.change {
        Change::Relation(relation) => Some((when, event, relation)),
        _ => None,
    })
}

/// The events that speak of a record, by key and id or by id alone.
fn record_whens<'e>(events: &'e [Event], node: &'e Node) -> impl Iterator<Item = When> + 'e {
    whens(events).filter_map(|(when, event)| match &event.change {
        Change::Record { object, id, .. }
            if Some(id.as_str()) == node.1.as_deref()
                && object.as_ref().is_none_or(|object| object.as_str() == node.0) =>
        {
            Some(when)
        }
        _ => None,
    })
}

/// A relation that is alive, neither record of which was deleted later.
fn linked_relation<'e>(events: &'e [Event], id: &str) -> Option<(When, &'e Relation)> {
    let (when, event) = greatest(
        events,
        |event| matches!(&event.change, Change::Relation(relation) if relation.id.as_str() == id),
    )?;
    let Change::Relation(relation) = &event.change else { return None };
    let is_delete = |(_, rank, _): &When| *rank == Rank::Delete;
    let gone = |end: &RecordRef| {
        record_whens(events, &node_of(end)).filter(is_delete).any(|deleted| deleted > when)
    };
    let gone = is_delete(&when) || gone(&relation.first) || gone(&relation.second);
    (!gone).then_some((when, relation))
}

fn association_ids(events: &[Event]) -> Vec<String> {
    distinct(events.iter().filter_map(|event| match &event.change {
        Change::Association(known) => Some(known.id.to_string()),
        Change::AssociationDeleted { id, .. } => Some(id.to_string()),
        Change::Relation(relation) => Some(relation.association.to_string()),
        _ => None,
    }))
}

fn relation_ids(events: &[Event]) -> Vec<String> {
    distinct(relations(events).map(|(_, _, relation)| relation.id.to_string()))
}

fn object_nodes(events: &[Event]) -> Vec<Node> {
    let keys = events.iter().flat_map(|event| match &event.change {
        Change::Association(known) => vec![&known.first.object, &known.second.object],
        Change::Relation(relation) => vec![&relation.first.object, &relation.second.object],
        Change::Record { object: Some(object), .. } => vec![object],
        Change::ObjectSchema(schema) => vec![&schema.key],
        _ => vec![],
    });
    distinct(keys.map(|key| (key.to_string(), None)))
}

fn record_nodes(events: &[Event]) -> Vec<Node> {
    let nodes = events.iter().flat_map(|event| match &event.change {
        Change::Relation(relation) => vec![node_of(&relation.first), node_of(&relation.second)],
        Change::Record { object: Some(object), id, .. } => {
            vec![(object.to_string(), Some(id.to_string()))]
        }
        _ => vec![],
    });
    distinct(nodes)
}
