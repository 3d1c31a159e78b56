//! Compares a graph with the model.

use relata::graph::{Budget, Layers, LinkFilter, LinkQuery, LocationGraph, Order};
use relata::{Association, Change, Event, NodeRef, Side, Timestamp};

use crate::graph::merge::events::{OBJECTS, RECORDS};
use crate::graph::merge::model::{Model, Seen};

// ---- comparing

fn seen_in(
    graph: &LocationGraph,
    model: &Model,
    node: &NodeRef,
    query: &LinkQuery,
) -> Option<Vec<Seen>> {
    let page = graph.view().links(node, query, &mut Budget::unbounded()).ok()?;
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
    let all = LinkFilter::default;
    let oldest = [
        all(),
        all().label("Buyer"),
        all().label("Home").label(""),
        all().label("nobody"),
        all().association("a1"),
        all().association("key-a2").association("a1"),
        all().object("property"),
        all().side(Side::First),
        all().side(Side::Second),
        all().object("contact").label("Buyer").association("a1").side(Side::First),
    ];
    let newest = [all(), all().side(Side::Second).label("Friend")];
    let query = |filter| LinkQuery::from(filter).limit(1000);
    let oldest = oldest.map(query);
    oldest.into_iter().chain(newest.map(|it| query(it).order(Order::Newest))).collect()
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

pub(super) fn compare(graph: &LocationGraph, model: &Model) {
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
        let page = graph.records(&object, None, 1000, &mut Budget::unbounded()).unwrap();
        let page: Vec<(String, u64)> =
            page.items.iter().map(|line| (line.record.to_owned(), line.links)).collect();
        assert_eq!(page, listed, "records of {object}");
        compare_names(graph, model, &object);
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
        graph.view().objects().map(|o| (o.object.to_owned(), o.associations, o.records)).collect();
    assert_eq!(shown, objects, "objects");
    let ids = model.association_ids();
    let associations: Vec<(Association, u64)> = ids
        .iter()
        .filter_map(|id| Some((model.association(id)?.1?.clone(), model.relations_under(id))))
        .collect();
    let shown: Vec<_> =
        graph.view().associations().map(|a| (a.association.clone(), a.relations)).collect();
    assert_eq!(shown, associations, "associations");
    assert_eq!(graph.name(), model.own_name());
    let counts = graph.view().counts();
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

fn compare_names(graph: &LocationGraph, model: &Model, object: &str) {
    let snapshot = graph.snapshot();
    for end in snapshot.nodes(Layers::Records).iter().filter(|end| end.object == object) {
        let name = end.record.and_then(|id| model.name(object, id));
        assert_eq!(end.name, name.as_deref(), "name of {end:?}");
        assert_eq!(Some(end.label), end.name.or(end.record));
    }
}
