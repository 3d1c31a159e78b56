//! The comparison of two states of a location.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::difference::{Difference, Thing, What};
use crate::drift::scope::Scope;
use crate::drift::state::State;
use crate::model::{ObjectKey, RecordId, RecordRef};

/// Compares what the sender has with what a store has, within a scope: objects first, then
/// associations, records and relations, each by id. Costs both states once.
pub fn compare(upstream: &State, local: &State, scope: &Scope) -> Vec<Difference> {
    let mut found = Vec::new();
    if scope.includes(What::Object) {
        // A store drops no type of objects: what it has besides is no difference.
        let upstream = upstream.objects.iter().filter(|(key, _)| scope.has_object(key));
        found.extend(upstream.filter_map(|(key, object)| {
            let known = local.objects.get(key).cloned().map(Thing::Object);
            Difference::of(Some(Thing::Object(object.clone())), known)
        }));
    }
    if scope.includes(What::Association) {
        let is_judged = |id: &str| {
            let known = upstream.associations.get(id).or_else(|| local.associations.get(id));
            known.is_some_and(|it| scope.has_association(it))
        };
        let pairs = pairs(&upstream.associations, &local.associations, is_judged);
        let thing = |it: &_| Thing::Association(Clone::clone(it));
        found.extend(
            pairs.filter_map(|(one, other)| Difference::of(one.map(thing), other.map(thing))),
        );
    }
    if scope.includes(What::Record) {
        records(upstream, local, scope, &mut found);
    }
    if scope.includes(What::Relation) {
        let is_judged = |id: &str| {
            let relation = upstream.relations.get(id).or_else(|| local.relations.get(id));
            let under = relation.map(|it| it.association.as_str());
            under.is_some_and(|under| {
                let known = upstream.associations.get(under);
                scope.has_relations_of(known.or_else(|| local.associations.get(under)))
            })
        };
        let pairs = pairs(&upstream.relations, &local.relations, is_judged);
        let thing = |it: &_| Thing::Relation(Clone::clone(it));
        found.extend(
            pairs.filter_map(|(one, other)| Difference::of(one.map(thing), other.map(thing))),
        );
    }
    found
}

/// Returns what two maps have under each of their keys that is judged.
fn pairs<'m, T>(
    upstream: &'m BTreeMap<String, T>,
    local: &'m BTreeMap<String, T>,
    is_judged: impl Fn(&str) -> bool + 'm,
) -> impl Iterator<Item = (Option<&'m T>, Option<&'m T>)> {
    let ids: BTreeSet<&String> = upstream.keys().chain(local.keys()).collect();
    ids.into_iter().filter(move |id| is_judged(id)).map(|id| (upstream.get(id), local.get(id)))
}

/// Compares records. One id under another object key on each side is one thing that differs.
fn records(upstream: &State, local: &State, scope: &Scope, found: &mut Vec<Difference>) {
    let none = BTreeSet::new();
    let ids: BTreeSet<&String> = upstream.records.keys().chain(local.records.keys()).collect();
    for id in ids {
        let [one, other] = [upstream, local].map(|it| it.records.get(id).unwrap_or(&none));
        let judged = |keys: &BTreeSet<String>, besides: &BTreeSet<String>| {
            let only = keys.difference(besides).filter(|key| scope.has_records_of(key));
            let thing = |key: &String| {
                let object = ObjectKey::from(key.as_str());
                Thing::Record(RecordRef { object, id: RecordId::from(id.as_str()) })
            };
            only.map(thing).collect::<Vec<_>>()
        };
        let (mut missing, mut extra) =
            (judged(one, other).into_iter(), judged(other, one).into_iter());
        loop {
            let (one, other) = (missing.next(), extra.next());
            if one.is_none() && other.is_none() {
                break;
            }
            found.extend(Difference::of(one, other));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::drift::difference::Kind;
    use crate::model::{Association, End, Relation};
    use crate::pull::ObjectRow;

    fn object(key: &str, singular: Option<&str>) -> ObjectRow {
        ObjectRow {
            id: "o".to_owned(),
            key: key.into(),
            singular: singular.map(str::to_owned),
            plural: None,
            primary: None,
            object_type: None,
            created_at: None,
            updated_at: None,
        }
    }

    fn association(id: &str, label: &str) -> Association {
        let end = |label: &str| End { object: "contact".into(), label: label.into() };
        Association {
            id: id.into(),
            key: format!("key_{id}").into(),
            association_type: "USER_DEFINED".into(),
            first: end(label),
            second: end("Second"),
            first_to_second: None,
            second_to_first: None,
        }
    }

    fn relation(id: &str, association: &str, second: &str) -> Relation {
        let end = |id: &str| RecordRef { object: "contact".into(), id: id.into() };
        Relation {
            id: id.into(),
            association: association.into(),
            first: end("a"),
            second: end(second),
        }
    }

    /// A state with one of each.
    fn state() -> State {
        let mut state = State::default();
        state.objects.insert("contact".into(), object("contact", Some("Contact")));
        state.associations.insert("A".into(), association("A", "First"));
        state.records.insert("a".into(), ["contact".to_owned()].into());
        state.relations.insert("r".into(), relation("r", "A", "b"));
        state
    }

    /// The differences of a changed state in words.
    fn named(scope: &Scope, upstream: &State, local: &State) -> Vec<String> {
        let all = compare(upstream, local, scope);
        all.iter().map(|it| format!("{} {} {}", it.kind(), it.what(), it.id())).collect()
    }

    type Edit = fn(&mut State);

    /// Checks what differs after edits of both sides.
    fn check(cases: &[(&str, Edit, Edit, &[&str])]) {
        for (name, upstream_edit, local_edit, expected) in cases {
            let (mut upstream, mut local) = (state(), state());
            upstream_edit(&mut upstream);
            local_edit(&mut local);
            assert_eq!(named(&Scope::default(), &upstream, &local), *expected, "{name}");
        }
    }

    const NOTHING: Edit = |_| {};

    #[test]
    fn differences_of_definitions_are_found() {
        check(&[
            ("equal", NOTHING, NOTHING, &[]),
            ("no object", NOTHING, |it| it.objects.clear(), &["missing object contact"]),
            ("an object more is none", |it| it.objects.clear(), NOTHING, &[]),
            (
                "another label of an object",
                NOTHING,
                |it| it.objects.values_mut().for_each(|it| it.singular = Some("Person".into())),
                &["different object contact"],
            ),
            (
                "a label that the sender does not give",
                |it| it.objects.values_mut().for_each(|it| it.singular = None),
                NOTHING,
                &[],
            ),
            ("no association", NOTHING, |it| it.associations.clear(), &["missing association A"]),
            (
                "an association more",
                |it| it.associations.clear(),
                NOTHING,
                &["extra association A"],
            ),
            (
                "another label",
                NOTHING,
                |it| drop(it.associations.insert("A".into(), association("A", "Other"))),
                &["different association A"],
            ),
            (
                "cardinalities that one side gives",
                |it| {
                    it.associations.values_mut().for_each(|it| {
                        it.first_to_second = Some("ONE_TO_ONE".into());
                    });
                },
                NOTHING,
                &[],
            ),
        ]);
    }

    #[test]
    fn differences_of_records_and_relations_are_found() {
        check(&[
            ("no record", NOTHING, |it| it.records.clear(), &["missing record a"]),
            ("a record more", |it| it.records.clear(), NOTHING, &["extra record a"]),
            (
                "another object key",
                NOTHING,
                |it| drop(it.records.insert("a".into(), ["pet".to_owned()].into())),
                &["different record a"],
            ),
            ("no relation", NOTHING, |it| it.relations.clear(), &["missing relation r"]),
            (
                "other ends, and one more",
                |it| drop(it.relations.insert("r".into(), relation("r", "A", "c"))),
                |it| drop(it.relations.insert("s".into(), relation("s", "A", "b"))),
                &["different relation r", "extra relation s"],
            ),
        ]);
    }

    #[test]
    fn declared_cardinalities_are_compared_where_both_sides_have_them() {
        let (mut upstream, mut local) = (state(), state());
        for (state, cardinality) in [(&mut upstream, "ONE_TO_ONE"), (&mut local, "ONE_TO_MANY")] {
            let association = state.associations.get_mut("A").unwrap();
            association.second_to_first = Some(cardinality.into());
        }
        let found = compare(&upstream, &local, &Scope::default());
        assert_eq!(found.iter().map(Difference::kind).collect::<Vec<_>>(), [Kind::Different]);
    }

    #[test]
    fn what_was_not_read_is_not_judged() {
        let local = state();
        let none = State::default();
        let some = |names: &[&str]| Some(names.iter().map(|&it| it.to_owned()).collect());
        let keys = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect();
        let whole = Scope::default();
        for (scope, expected) in [
            (whole.clone(), &["extra association A", "extra record a", "extra relation r"][..]),
            (Scope { only: [What::Record].into(), ..whole.clone() }, &["extra record a"]),
            (Scope { objects: some(&["pet"]), ..whole.clone() }, &[]),
            (Scope { associations: some(&["B"]), ..whole.clone() }, &["extra record a"]),
            (
                Scope { associations: some(&["key_A"]), ..whole.clone() },
                &["extra association A", "extra record a", "extra relation r"],
            ),
            (
                Scope { record_objects: Some(keys(&["pet"])), ..whole.clone() },
                &["extra association A", "extra relation r"],
            ),
            (
                Scope { unreachable: keys(&["key_A"]), ..whole.clone() },
                &["extra association A", "extra record a"],
            ),
        ] {
            assert_eq!(named(&scope, &none, &local), expected, "{scope:?}");
        }
    }

    /// Relations, records and associations by small numbers, so that many meet.
    fn any_state() -> impl Strategy<Value = State> {
        let id = || 0..5_u8;
        let relations = prop::collection::vec((id(), id(), id()), 0..8);
        let records = prop::collection::vec((id(), 0..3_u8), 0..8);
        let associations = prop::collection::vec((id(), 0..2_u8), 0..5);
        (relations, records, associations).prop_map(|(relations, records, associations)| {
            let mut state = State::default();
            for (id, under, second) in relations {
                let (id, under) = (id.to_string(), under.to_string());
                let relation = relation(&id, &under, &second.to_string());
                state.relations.insert(id, relation);
            }
            for (id, object) in records {
                state.records.entry(id.to_string()).or_default().insert(object.to_string());
            }
            for (id, label) in associations {
                let association = association(&id.to_string(), &label.to_string());
                state.associations.insert(id.to_string(), association);
            }
            state
        })
    }

    proptest! {
        /// Applied to the store's state, the differences make it the sender's; and each id is
        /// named as the naive model names it, which looks at every pair.
        #[test]
        fn differences_are_those_of_a_naive_model(upstream in any_state(), local in any_state()) {
            let found = compare(&upstream, &local, &Scope::default());
            let mut repaired = local.clone();
            for difference in &found {
                match difference.local() {
                    Some(Thing::Association(it)) => drop(repaired.associations.remove(it.id.as_str())),
                    Some(Thing::Relation(it)) => drop(repaired.relations.remove(it.id.as_str())),
                    Some(Thing::Record(it)) => {
                        let keys = repaired.records.get_mut(it.id.as_str()).unwrap();
                        prop_assert!(keys.remove(it.object.as_str()));
                    }
                    _ => {}
                }
                match difference.upstream().cloned() {
                    Some(Thing::Association(it)) => {
                        drop(repaired.associations.insert(it.id.as_str().to_owned(), it));
                    }
                    Some(Thing::Relation(it)) => {
                        drop(repaired.relations.insert(it.id.as_str().to_owned(), it));
                    }
                    Some(Thing::Record(it)) => {
                        let keys = repaired.records.entry(it.id.as_str().to_owned()).or_default();
                        prop_assert!(keys.insert(it.object.as_str().to_owned()));
                    }
                    _ => {}
                }
            }
            repaired.records.retain(|_, keys| !keys.is_empty());
            prop_assert_eq!(&repaired, &upstream);

            let mut naive = Vec::new();
            for id in (0..5).map(|it: u8| it.to_string()) {
                let both = (upstream.relations.get(&id), local.relations.get(&id));
                match both {
                    (Some(one), Some(other)) if one != other => naive.push((Kind::Different, id)),
                    (Some(_), None) => naive.push((Kind::Missing, id)),
                    (None, Some(_)) => naive.push((Kind::Extra, id)),
                    _ => {}
                }
            }
            let relations = found.iter().filter(|it| it.what() == What::Relation);
            let relations: Vec<_> = relations.map(|it| (it.kind(), it.id().to_owned())).collect();
            prop_assert_eq!(relations, naive);
        }
    }
}
