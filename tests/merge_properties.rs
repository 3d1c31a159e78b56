//! The graph against a model that is too simple to be wrong: a list of all
//! events, from which everything is computed anew for each question.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod long;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relata::graph::{Edge, Layers, LinkQuery, LocationGraph, Order};
use relata::{
    Association, Change, End, Event, EventType, LocationId, NodeRef, ObjectKey, ObjectSchema,
    RecordId, RecordRef, Relation, Seq, Side, Stamp, Timestamp,
};

// ---- the model

/// One visible relation as the model computes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    /// Position among relation ids, in the order in which they were first named.
    order: usize,
    side: &'static str,
    object: String,
    record: Option<String>,
    label: Option<String>,
    own_label: Option<String>,
    association: String,
    relation: Option<String>,
    at: Option<i64>,
}

#[derive(Default, Clone)]
struct Model {
    events: Vec<(Seq, Event)>,
}

impl Model {
    fn push(&mut self, event: Event) -> Seq {
        let seq = self.events.len() as Seq + 1;
        self.events.push((seq, event));
        seq
    }

    /// The greatest event of those that `of` picks; of equals, the first.
    fn greatest(&self, of: impl Fn(&Event) -> bool) -> Option<(Stamp, &Event)> {
        let mut best: Option<(Stamp, &Event)> = None;
        for (seq, event) in self.events.iter().filter(|(_, event)| of(event)) {
            let stamp = Stamp::new(event.at, event.event_type.rank(), *seq);
            match best {
                Some((old, kept)) if stamp.same_but_seq(old) && says_the_same(kept, event) => {}
                Some((old, _)) if stamp <= old => {}
                _ => best = Some((stamp, event)),
            }
        }
        best
    }

    fn association(&self, id: &str) -> Option<(Stamp, Option<&Association>)> {
        let (stamp, event) = self.greatest(|event| match &event.change {
            Change::Association(association) => association.id.as_str() == id,
            Change::AssociationGone { id: gone, .. } => gone.as_str() == id,
            _ => false,
        })?;
        let definition = match &event.change {
            Change::Association(association) => Some(association),
            _ => None,
        };
        Some((stamp, definition))
    }

    fn record_deleted(&self, object: &str, id: &str) -> Option<Stamp> {
        self.record_stamps(object, id).into_iter().filter(|stamp| stamp.is_delete()).max()
    }

    fn record_stamps(&self, object: &str, id: &str) -> Vec<Stamp> {
        let stamps = self.events.iter().filter_map(|(seq, event)| match &event.change {
            Change::Record { object: of, id: named }
                if named.as_str() == id && of.as_ref().is_none_or(|of| of.as_str() == object) =>
            {
                Some(Stamp::new(event.at, event.event_type.rank(), *seq))
            }
            _ => None,
        });
        stamps.collect()
    }

    /// In the order in which events first named them.
    fn first_named(&self, name: impl Fn(&Event) -> Vec<String>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.events.iter().flat_map(|(_, event)| name(event));
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    fn association_ids(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Association(association) => vec![association.id.to_string()],
            Change::AssociationGone { id, .. } => vec![id.to_string()],
            Change::Relation(relation) => vec![relation.association.to_string()],
            _ => vec![],
        })
    }

    fn relation_ids(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Relation(relation) => vec![relation.id.to_string()],
            _ => vec![],
        })
    }

    fn object_keys(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Association(a) => vec![a.first.object.to_string(), a.second.object.to_string()],
            Change::Relation(r) => vec![r.first.object.to_string(), r.second.object.to_string()],
            Change::Record { object: Some(object), .. } => vec![object.to_string()],
            Change::ObjectSchema(schema) => vec![schema.key.to_string()],
            _ => vec![],
        })
    }

    /// Records of an object key that any event has named by key and id.
    fn record_ids(&self, object: &str) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Relation(relation) => [&relation.first, &relation.second]
                .into_iter()
                .filter(|end| end.object.as_str() == object)
                .map(|end| end.id.to_string())
                .collect(),
            Change::Record { object: Some(of), id } if of.as_str() == object => {
                vec![id.to_string()]
            }
            _ => vec![],
        })
    }

    /// The relation of this id, if it is alive and no record of it was deleted
    /// later.
    fn linked(&self, id: &str) -> Option<(Stamp, &Relation)> {
        let (stamp, event) = self.greatest(
            |event| matches!(&event.change, Change::Relation(relation) if relation.id.as_str() == id),
        )?;
        let Change::Relation(relation) = &event.change else { return None };
        let deleted = |end: &RecordRef| {
            self.record_deleted(end.object.as_str(), end.id.as_str()) > Some(stamp)
        };
        let gone = stamp.is_delete() || deleted(&relation.first) || deleted(&relation.second);
        (!gone).then_some((stamp, relation))
    }

    fn is_association_deleted(&self, id: &str) -> bool {
        self.association(id).is_some_and(|(stamp, _)| stamp.is_delete())
    }

    fn links(&self, node: &NodeRef) -> Vec<Seen> {
        let mut links = Vec::new();
        if node.record.is_some() {
            for (order, id) in self.relation_ids().into_iter().enumerate() {
                let Some((stamp, relation)) = self.linked(&id) else { continue };
                let association = relation.association.as_str();
                if self.is_association_deleted(association) {
                    continue;
                }
                let definition =
                    self.association(association).and_then(|(_, definition)| definition);
                let ends = [&relation.first, &relation.second]
                    .map(|end| (end.object.to_string(), Some(end.id.to_string())));
                links.extend(Self::both(
                    node,
                    order,
                    ends,
                    association,
                    definition,
                    Some(&id),
                    stamp,
                ));
            }
        } else {
            for (order, id) in self.association_ids().into_iter().enumerate() {
                let Some((stamp, Some(definition))) = self.association(&id) else { continue };
                let ends = [&definition.first, &definition.second]
                    .map(|end| (end.object.to_string(), None));
                links.extend(Self::both(node, order, ends, &id, Some(definition), None, stamp));
            }
        }
        links
    }

    fn both(
        node: &NodeRef,
        order: usize,
        ends: [(String, Option<String>); 2],
        association: &str,
        definition: Option<&Association>,
        relation: Option<&str>,
        stamp: Stamp,
    ) -> Vec<Seen> {
        let asked = (node.object.to_string(), node.record.as_ref().map(ToString::to_string));
        let [first, second] = ends;
        let mut seen = Vec::new();
        for (side, own, far) in [(Side::First, &first, &second), (Side::Second, &second, &first)] {
            if *own != asked {
                continue;
            }
            let twin = side == Side::Second
                && first == second
                && definition.is_some_and(|d| d.first.label == d.second.label);
            let label = |side| definition.map(|d| d.end(side).label.to_string());
            seen.push((
                twin,
                Seen {
                    order,
                    side: side.as_str(),
                    object: far.0.clone(),
                    record: far.1.clone(),
                    label: label(side.other()),
                    own_label: label(side),
                    association: association.to_owned(),
                    relation: relation.map(str::to_owned),
                    at: stamp.at().map(Timestamp::as_millis),
                },
            ));
        }
        // A twin is told by its first end alone.
        seen.into_iter().filter(|(twin, _)| !twin).map(|(_, seen)| seen).collect()
    }

    fn is_listed(&self, object: &str, id: &str) -> bool {
        let deleted =
            self.record_stamps(object, id).into_iter().max().is_some_and(Stamp::is_delete);
        let is_end = |end: &RecordRef| end.object.as_str() == object && end.id.as_str() == id;
        let linked = || {
            self.relation_ids().iter().any(|relation| {
                self.linked(relation).is_some_and(|(_, r)| {
                    let is_shown = !self.is_association_deleted(r.association.as_str());
                    is_shown && (is_end(&r.first) || is_end(&r.second))
                })
            })
        };
        !deleted || linked()
    }

    fn relations_under(&self, association: &str) -> u64 {
        if self.is_association_deleted(association) {
            return 0;
        }
        let ids = self.relation_ids();
        let under = ids.iter().filter(|id| {
            self.linked(id)
                .is_some_and(|(_, relation)| relation.association.as_str() == association)
        });
        under.count() as u64
    }
}

fn says_the_same(one: &Event, other: &Event) -> bool {
    match (&one.change, &other.change) {
        (Change::Relation(_), Change::Relation(_))
            if one.event_type == EventType::RelationDelete =>
        {
            other.event_type == EventType::RelationDelete
        }
        (one, other) => one == other,
    }
}

// ---- comparing

fn seen_in(
    graph: &LocationGraph,
    model: &Model,
    node: &NodeRef,
    query: &LinkQuery,
) -> Option<Vec<Seen>> {
    let page = graph.links(node, query)?;
    assert_eq!(page.total, Some(page.links.len() as u64), "all on one page: {node} {query:?}");
    assert_eq!(page.next, None);
    let orders = if node.record.is_some() { model.relation_ids() } else { model.association_ids() };
    let position = |id: &str| orders.iter().position(|known| known == id).unwrap();
    let seen = page.links.iter().map(|link| Seen {
        order: position(link.relation.unwrap_or(link.association)),
        side: link.side.as_str(),
        object: link.object.to_owned(),
        record: link.record.map(str::to_owned),
        label: link.label.map(str::to_owned),
        own_label: link.own_label.map(str::to_owned),
        association: link.association.to_owned(),
        relation: link.relation.map(str::to_owned),
        at: link.at.map(Timestamp::as_millis),
    });
    Some(seen.collect())
}

fn queries() -> Vec<LinkQuery> {
    let all = LinkQuery::default().limit(1000);
    vec![
        all.clone(),
        all.clone().order(Order::Newest),
        all.clone().label("Buyer"),
        all.clone().label("Home").label(""),
        all.clone().label("nobody"),
        all.clone().association("a1"),
        all.clone().association("key-a2").association("a1"),
        all.clone().object("property"),
        all.clone().side(Side::First),
        all.clone().side(Side::Second),
        all.clone().side(Side::Second).label("Friend").order(Order::Newest),
        all.object("contact").label("Buyer").association("a1").side(Side::First),
    ]
}

fn expected(model: &Model, node: &NodeRef, query: &LinkQuery) -> Vec<Seen> {
    // With a side asked for, a link to itself shows that end even where both
    // read alike.
    let mut links = model.links(node);
    if query.filter.side == Some(Side::Second) {
        let twins = links.iter().filter(|link| {
            link.side == "first"
                && link.label == link.own_label
                && link.label.is_some()
                && link.object == node.object.as_str()
                && link.record.as_deref() == node.record.as_ref().map(AsRef::as_ref)
        });
        let twins: Vec<Seen> = twins.map(|link| Seen { side: "second", ..link.clone() }).collect();
        links.extend(twins);
        links.sort();
    }
    let key = |id: &str| model.association(id).and_then(|(_, d)| d).map(|d| d.key.to_string());
    links.retain(|link| {
        let called = |wanted: &String| {
            *wanted == link.association || Some(wanted) == key(&link.association).as_ref()
        };
        (query.filter.labels.is_empty()
            || link.label.as_ref().is_some_and(|l| query.filter.labels.contains(l)))
            && (query.filter.associations.is_empty()
                || query.filter.associations.iter().any(called))
            && query.filter.object.as_ref().is_none_or(|object| *object == link.object)
            && query.filter.side.is_none_or(|side| side.as_str() == link.side)
    });
    if query.order == Order::Newest {
        links.reverse();
    }
    links
}

fn compare(graph: &LocationGraph, model: &Model) {
    let mut found = Vec::new();
    graph.contradictions(&mut found, 5);
    assert_eq!(found, [], "the graph contradicts itself");
    for object in OBJECTS {
        let mut nodes = vec![NodeRef::object(object)];
        nodes.extend(RECORDS.iter().map(|record| NodeRef::record(object, *record)));
        for node in nodes {
            let known = match &node.record {
                None => model.object_keys().iter().any(|key| key == object),
                Some(id) => model.record_ids(object).iter().any(|known| known == id.as_str()),
            };
            assert_eq!(graph.knows(&node), known, "{node}");
            for query in queries() {
                let seen = seen_in(graph, model, &node, &query);
                let expected = known.then(|| expected(model, &node, &query));
                assert_eq!(seen, expected, "{node} {query:?}");
            }
        }
    }
    compare_lists(graph, model);
}

fn compare_lists(graph: &LocationGraph, model: &Model) {
    let mut records = 0;
    let mut objects = Vec::new();
    for object in model.object_keys() {
        let ids = model.record_ids(&object);
        let listed: Vec<(String, u64)> = ids
            .into_iter()
            .filter(|id| model.is_listed(&object, id))
            .map(|id| {
                let node = NodeRef::record(object.as_str(), id.as_str());
                (id, model.links(&node).len() as u64)
            })
            .collect();
        let page = graph.records(&object, None, 1000).unwrap();
        let page: Vec<(String, u64)> =
            page.records.iter().map(|line| (line.record.to_owned(), line.links)).collect();
        assert_eq!(page, listed, "records of {object}");
        let associations = model.association_ids();
        let ends_here = |id: &&String| {
            let definition = model.association(id).and_then(|(_, definition)| definition);
            definition.is_some_and(|d| {
                d.first.object.as_str() == object || d.second.object.as_str() == object
            })
        };
        let degree = associations.iter().filter(ends_here).count() as u64;
        let schema = |event: &Event| matches!(&event.change, Change::ObjectSchema(schema) if schema.key.as_str() == object);
        if degree > 0 || !listed.is_empty() || model.greatest(schema).is_some() {
            objects.push((object.clone(), degree, listed.len() as u64));
        }
        records += listed.len() as u64;
    }
    let shown: Vec<_> =
        graph.objects().map(|o| (o.object.to_owned(), o.associations, o.records)).collect();
    assert_eq!(shown, objects, "objects");
    let ids = model.association_ids();
    let associations: Vec<(Association, u64)> = ids
        .iter()
        .filter_map(|id| Some((model.association(id)?.1?.clone(), model.relations_under(id))))
        .collect();
    let shown: Vec<_> =
        graph.associations().map(|a| (a.association.clone(), a.relations)).collect();
    assert_eq!(shown, associations, "associations");
    let counts = graph.counts();
    assert_eq!(counts.records, records);
    assert_eq!(counts.objects, objects.len() as u64);
    assert_eq!(counts.associations, associations.len() as u64);
    assert_eq!(counts.relations, ids.iter().map(|id| model.relations_under(id)).sum::<u64>());
    let pending = ids.iter().filter(|id| model.association(id).is_none()).count();
    assert_eq!(counts.pending_associations, pending as u64);
    let snapshot = graph.snapshot();
    assert_eq!(snapshot.links(Layers::Records).len() as u64, counts.relations);
    assert_eq!(snapshot.nodes(Layers::Records).len() as u64, counts.records);
    assert_eq!(snapshot.links(Layers::Objects).len() as u64, counts.associations);
}

// ---- random events

const OBJECTS: [&str; 3] = ["contact", "property", "opportunity"];
const RECORDS: [&str; 3] = ["r1", "r2", "r3"];
const LABELS: [&str; 4] = ["Buyer", "Home", "Friend", ""];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words)
}

fn change() -> impl Strategy<Value = (EventType, Change)> {
    let end = || {
        (one_of(&OBJECTS), one_of(&LABELS))
            .prop_map(|(object, label)| End { object: object.into(), label: label.into() })
    };
    let association =
        (one_of(&["a1", "a2", "a3"]), end(), end(), prop::option::of(Just("MANY_TO_MANY")))
            .prop_map(|(id, first, second, cardinality)| Association {
                id: id.into(),
                key: format!("key-{id}").into(),
                association_type: "USER_DEFINED".into(),
                first,
                second,
                first_to_second: cardinality.map(Into::into),
                second_to_first: None,
            });
    let record = || {
        (one_of(&OBJECTS), one_of(&RECORDS))
            .prop_map(|(object, id)| RecordRef { object: object.into(), id: id.into() })
    };
    let relation =
        (one_of(&["l1", "l2", "l3", "l4", "l5"]), one_of(&["a1", "a2", "a3"]), record(), record())
            .prop_map(|(id, association, first, second)| Relation {
                id: id.into(),
                association: association.into(),
                first,
                second,
            });
    let of_record =
        (prop::option::of(one_of(&OBJECTS)), one_of(&RECORDS)).prop_map(|(object, id)| {
            Change::Record { object: object.map(ObjectKey::from), id: RecordId::from(id) }
        });
    let schema =
        (one_of(&OBJECTS), prop::option::of(one_of(&LABELS))).prop_map(|(key, singular)| {
            Change::ObjectSchema(ObjectSchema {
                key: key.into(),
                singular: singular.map(Into::into),
                plural: None,
            })
        });
    prop_oneof![
        3 => association.clone().prop_map(|a| (EventType::AssociationCreate, Change::Association(a))),
        2 => association.prop_map(|a| (EventType::AssociationUpdate, Change::Association(a))),
        1 => one_of(&["a1", "a2", "a3"]).prop_map(|id| (EventType::AssociationDelete, Change::AssociationGone { id: id.into(), first: "contact".into(), second: "property".into() })),
        8 => relation.clone().prop_map(|r| (EventType::RelationCreate, Change::Relation(r))),
        3 => relation.prop_map(|r| (EventType::RelationDelete, Change::Relation(r))),
        1 => of_record.clone().prop_map(|c| (EventType::RecordCreate, c)),
        1 => of_record.clone().prop_map(|c| (EventType::RecordUpdate, c)),
        2 => of_record.prop_map(|c| (EventType::RecordDelete, c)),
        1 => one_of(&RECORDS).prop_map(|id| (EventType::ContactDelete, Change::Record { object: Some("contact".into()), id: id.into() })),
        1 => one_of(&RECORDS).prop_map(|id| (EventType::OpportunityDelete, Change::Record { object: Some("opportunity".into()), id: id.into() })),
        1 => schema.clone().prop_map(|c| (EventType::ObjectSchemaCreate, c)),
        1 => schema.prop_map(|c| (EventType::ObjectSchemaUpdate, c)),
    ]
}

fn event(at: Option<i64>, (event_type, change): (EventType, Change)) -> Event {
    Event {
        event_type,
        location: LocationId::from("here"),
        at: at.map(Timestamp::from_millis),
        webhook_id: None,
        trace_id: None,
        change,
    }
}

fn events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let one = (prop::option::of(1i64..6), change()).prop_map(|(at, change)| event(at, change));
    prop::collection::vec(one, 1..count)
}

/// Events no two of which happen at the same time.
fn dated_events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let shuffled = prop::collection::vec(change(), 1..count).prop_map(|changes| {
        changes.into_iter().zip(1..).map(|(change, at)| event(Some(at), change)).collect::<Vec<_>>()
    });
    shuffled.prop_shuffle()
}

fn folded(events: &[Event]) -> LocationGraph {
    let mut graph = LocationGraph::new();
    for (event, seq) in events.iter().zip(1..) {
        graph.merge(seq, event);
    }
    graph
}

/// What can be seen, without what depends on the order of delivery.
fn visible(graph: &LocationGraph) -> BTreeMap<String, Vec<String>> {
    let snapshot = graph.snapshot();
    let mut all = BTreeMap::new();
    let mut put = |name: &str, lines: Vec<String>| all.insert(name.to_owned(), lines);
    // The position of an event is the order of delivery's.
    let line = |link: Edge<'_>| format!("{:?}", Edge { seq: 0, ..link });
    put("object links", snapshot.links(Layers::Objects).into_iter().map(line).collect());
    put("record links", snapshot.links(Layers::Records).into_iter().map(line).collect());
    put(
        "objects",
        snapshot.nodes(Layers::Objects).iter().map(|node| format!("{node:?}")).collect(),
    );
    put(
        "records",
        snapshot.nodes(Layers::Records).iter().map(|node| format!("{node:?}")).collect(),
    );
    put("counts", vec![format!("{:?}", graph.counts())]);
    all
}

/// The thing whose state an event gives.
fn thing(event: &Event) -> String {
    match &event.change {
        Change::Association(association) => format!("association {}", association.id),
        Change::AssociationGone { id, .. } => format!("association {id}"),
        Change::Relation(relation) => format!("relation {}", relation.id),
        // One without object key speaks of all records of the id.
        Change::Record { id, .. } => format!("record {id}"),
        Change::ObjectSchema(schema) => format!("schema {}", schema.key),
    }
}

/// A history of dated and undated events in which many things happen at the same
/// time, but no two of the same rank to one thing: those that the order of
/// delivery does not decide between.
fn decided_events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    events(count).prop_map(|events| {
        let mut seen = BTreeSet::new();
        let rank = |event: &Event| format!("{:?}", event.event_type.rank());
        let fresh = |event: &Event| seen.insert((thing(event), event.at, rank(event)));
        let mut events = events;
        events.retain(fresh);
        events
    })
}

/// Calls with every order of the events (Heap's algorithm).
fn permutations(events: &mut [Event], end: usize, each: &mut impl FnMut(&[Event])) {
    if end <= 1 {
        return each(events);
    }
    for place in 0..end {
        permutations(events, end - 1, each);
        events.swap(if end.is_multiple_of(2) { place } else { 0 }, end - 1);
    }
}

/// Orders tried of each long history.
const ORDERS: u32 = 50;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_order_of_a_few_events_gives_one_graph(events in decided_events(7)) {
        let expected = visible(&folded(&events));
        let mut orders = 0;
        permutations(&mut events.clone(), events.len(), &mut |order| {
            orders += 1;
            assert_eq!(visible(&folded(order)), expected, "{order:#?}");
        });
        prop_assert_eq!(orders, (1..=events.len()).product::<usize>());
    }

    #[test]
    fn every_order_of_events_at_one_time_is_as_the_rule_says(
        changes in prop::collection::vec(change(), 1..6),
        at in prop::option::of(1i64..2),
    ) {
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| event(at, change)).collect();
        let count = events.len();
        permutations(&mut events, count, &mut |order| {
            let mut model = Model::default();
            for event in order {
                model.push(event.clone());
            }
            compare(&folded(order), &model);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(long::rounds(500, 10_000) / ORDERS))]

    #[test]
    fn shuffled_histories_give_one_graph(
        (events, orders) in decided_events(120).prop_flat_map(|events| {
            let order = Just(events.clone()).prop_shuffle();
            (Just(events), prop::collection::vec(order, ORDERS as usize))
        }),
    ) {
        let expected = visible(&folded(&events));
        for order in orders {
            prop_assert_eq!(visible(&folded(&order)), expected.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_graph_is_what_the_list_of_events_says(events in events(45)) {
        let (mut graph, mut model) = (LocationGraph::new(), Model::default());
        for event in events {
            let seq = model.push(event.clone());
            graph.merge(seq, &event);
        }
        compare(&graph, &model);
    }

    #[test]
    fn every_step_is_right(events in events(12)) {
        let (mut graph, mut model) = (LocationGraph::new(), Model::default());
        for event in events {
            let seq = model.push(event.clone());
            let foreseen = graph.preview(seq, &event);
            prop_assert_eq!(graph.merge(seq, &event), foreseen);
            compare(&graph, &model);
        }
    }

    #[test]
    fn order_and_repeats_do_not_matter(
        (events, delivered) in dated_events(40).prop_flat_map(|events| {
            let repeats = prop::collection::vec(prop::sample::select(events.clone()), 0..40);
            let delivered = repeats.prop_map({
                let events = events.clone();
                move |repeats| [events.clone(), repeats].concat()
            });
            (Just(events), delivered.prop_shuffle())
        }),
    ) {
        prop_assert_eq!(visible(&folded(&events)), visible(&folded(&delivered)));
    }

    #[test]
    fn replay_is_exact(events in events(60)) {
        let mut found = Vec::new();
        folded(&events).differences(&folded(&events), &mut found, 5);
        prop_assert_eq!(found, vec![]);
    }

    #[test]
    fn a_snapshot_stays_as_it_was(before in events(40), after in events(40)) {
        let mut graph = folded(&before);
        let snapshot = graph.snapshot();
        let lines = |links: Vec<String>| links;
        let was = lines(snapshot.links(Layers::Records).into_iter().map(|link| format!("{link:?}")).collect());
        for (event, seq) in after.iter().zip(before.len() as Seq + 1..) {
            graph.merge(seq, event);
        }
        let is = lines(snapshot.links(Layers::Records).into_iter().map(|link| format!("{link:?}")).collect());
        prop_assert_eq!(was, is);
    }

    #[test]
    fn pages_join_without_gap_or_repeat(
        before in events(60),
        between in prop::collection::vec(events(6), 0..12),
        newest in any::<bool>(),
        limit in 1usize..4,
    ) {
        let order = if newest { Order::Newest } else { Order::Oldest };
        for node in [NodeRef::record("contact", "r1"), NodeRef::object("contact")] {
            let mut graph = folded(&before);
            let mut seq = before.len() as Seq;
            let all = LinkQuery::default().limit(1000).order(order);
            let ids = |graph: &LocationGraph| -> Vec<(String, Side)> {
                let page = graph.links(&node, &all);
                let links = page.map(|page| page.links).unwrap_or_default();
                let id = |link: &relata::graph::Link<'_>| link.relation.unwrap_or(link.association).to_owned();
                links.iter().map(|link| (id(link), link.side)).collect()
            };
            let mut always: BTreeSet<(String, Side)> = ids(&graph).into_iter().collect();
            let mut listed = Vec::new();
            let mut query = LinkQuery::default().limit(limit).order(order);
            let mut between = between.iter();
            while let Some(page) = graph.links(&node, &query) {
                listed.extend(page.links.iter().map(|link| {
                    (link.relation.unwrap_or(link.association).to_owned(), link.side)
                }));
                let Some(next) = page.next else { break };
                query = query.after(next.to_string().parse().unwrap());
                for event in between.next().into_iter().flatten() {
                    seq += 1;
                    graph.merge(seq, event);
                    let now: BTreeSet<_> = ids(&graph).into_iter().collect();
                    always.retain(|link| now.contains(link));
                }
            }
            let distinct: BTreeSet<_> = listed.iter().cloned().collect();
            prop_assert_eq!(distinct.len(), listed.len(), "no link twice");
            let missing: Vec<_> = always.difference(&distinct).collect();
            prop_assert!(missing.is_empty(), "skipped {:?} of {:?}", missing, listed);
        }
    }
}
