//! Relations by the id of a record alone.

use proptest::prelude::*;
use relata::graph::{Budget, RelationList, RelationQuery, View};

use super::cases;
use crate::support::oracle::{World, history};

fn query() -> impl Strategy<Value = RelationQuery> {
    let ids = prop::sample::select(vec!["a1", "a2", "a3", "a4", "pending", "unknown"]);
    let associations =
        prop_oneof![Just(Vec::new()), prop::collection::vec(ids.prop_map(str::to_owned), 1..4),];
    (1..5_u32, associations, 0..12_usize, 0..6_usize).prop_map(
        |(record, associations, skip, limit)| RelationQuery {
            record: format!("r{record}"),
            associations,
            skip,
            limit,
        },
    )
}

/// The ids of the relations of a record, in the order in which they were first heard of.
fn expected(world: &World, query: &RelationQuery) -> Vec<String> {
    let is_at = |record: &Option<String>| record.as_deref() == Some(&*query.record);
    let is_wanted = |association: &String| {
        query.associations.is_empty() || query.associations.contains(association)
    };
    let edges = world.edges.iter().filter(|edge| {
        (is_at(&edge.first.1) || is_at(&edge.second.1)) && is_wanted(&edge.association)
    });
    edges.map(|edge| edge.relation.clone().unwrap()).collect()
}

fn ids(list: &RelationList<'_>) -> Vec<String> {
    list.relations.iter().map(|edge| edge.relation.unwrap().to_owned()).collect()
}

fn asked(view: View<'_>, query: &RelationQuery) -> (Vec<String>, u64, bool) {
    let list = view.relations(query, &mut Budget::unbounded());
    (ids(&list), list.total, list.complete)
}

proptest! {
    #[test]
    fn relations_of_a_record_are_listed_once_whatever_its_object_key(
        events in history(),
        query in query(),
    ) {
        for case in cases(&events).iter().skip(1) {
            let all = expected(&case.world, &query);
            let page: Vec<String> =
                all.iter().skip(query.skip).take(query.limit).cloned().collect();
            let told = (page, all.len() as u64, true);
            prop_assert_eq!(asked(case.graph.view(), &query), told.clone());
            prop_assert_eq!(asked(case.graph.snapshot_for(&query).view(), &query), told.clone());
            // Within a budget it is cut short, and says so.
            for links in 0..20 {
                let mut budget = Budget::of_links(links);
                let list = case.graph.view().relations(&query, &mut budget);
                prop_assert_eq!(list.complete, !budget.is_exhausted());
                if list.complete {
                    prop_assert_eq!((ids(&list), list.total), (told.0.clone(), told.1));
                } else {
                    prop_assert!(told.0.starts_with(&ids(&list)));
                }
            }
            for edge in &case.world.edges {
                let id = edge.relation.as_deref().unwrap();
                let found = case.graph.relation(id).unwrap();
                prop_assert_eq!(found.first.record, edge.first.1.as_deref());
                prop_assert_eq!(found.second.object, &*edge.second.0);
                prop_assert_eq!((found.association, found.seq), (&*edge.association, edge.seq));
            }
            let visible = (0..100).filter(|it| case.graph.relation(&format!("l{it}")).is_some());
            prop_assert_eq!(visible.count(), case.world.edges.len());
        }
    }

    #[test]
    fn associations_are_found_by_key_and_by_object_key(events in history()) {
        for case in cases(&events).iter().take(1) {
            let (view, known) = (case.graph.view(), &case.world.associations);
            for key in ["key-a1", "key-a2", "key-a3", "key-a4", "a1", ""] {
                let newest = known.iter().rfind(|it| &*it.key == key);
                let found = view.association_by_key(key, &mut Budget::unbounded()).map(|row| row.association);
                prop_assert_eq!(found, newest);
            }
            for object in ["contact", "property", "viewing", "nothing"] {
                let at = known.iter().filter(|it| {
                    [&it.first, &it.second].iter().any(|end| end.object.as_str() == object)
                });
                let budget = &mut Budget::unbounded();
                let (found, total) = view.associations_of_object(object, usize::MAX, budget);
                prop_assert_eq!(total, found.len());
                let found = found.into_iter();
                let found: Vec<_> = found.map(|row| (row.association, row.relations)).collect();
                let at: Vec<_> =
                    at.map(|it| (it, view.relation_count(it.id.as_str()))).collect();
                prop_assert_eq!(found, at);
            }
        }
    }
}
