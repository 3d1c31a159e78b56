//! Random mutations and webhooks against lists of all events, by the merge rule alone.

use std::collections::BTreeMap;

use proptest::prelude::*;
use relata::mutation::{Mutation, MutationRefusal};
use relata::webhook::{Decoded, decode};
use relata::{
    Association, AssociationId, Change, Event, ObjectKey, Rank, RecordId, Relation, RelationId,
    Seq, Timestamp,
};
use serde_json::json;

use super::{Desk, create_association, create_relation, defined, posted, relabel};
use crate::support::long::rounds;

const KEYS: [&str; 3] = ["k0", "k1", "k2"];
const PEOPLE: [&str; 3] = ["ann", "ben", "h0"];
const HOMES: [&str; 3] = ["h0", "h1", "ann"];
const SYSTEM: &str = "BUSINESSES_CONTACTS_ASSOCIATION";

/// What is done next; the numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Rename(usize, u8),
    Delete(usize),
    Link(usize, usize, usize),
    Unlink(usize),
    CreateRecord(usize, usize),
    DeleteRecord(usize, usize),
    /// A webhook: what it is of, and its time from now in milliseconds, if it has one.
    Post(usize, u8, Option<i64>),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0..12_usize;
    prop_oneof![
        3 => any().prop_map(Step::Create),
        3 => (any(), 0..3_u8).prop_map(|(which, label)| Step::Rename(which, label)),
        1 => any().prop_map(Step::Delete),
        8 => (any(), any(), any()).prop_map(|(of, one, other)| Step::Link(of, one, other)),
        4 => any().prop_map(Step::Unlink),
        2 => (any(), any()).prop_map(|(object, id)| Step::CreateRecord(object, id)),
        2 => (any(), any()).prop_map(|(object, id)| Step::DeleteRecord(object, id)),
        10 => (any(), 0..8_u8, prop::option::of(-20..20_i64))
            .prop_map(|(which, sort, ahead)| Step::Post(which, sort, ahead)),
        2 => (0..20_i64).prop_map(Step::Pass),
    ]
}

type When = (Option<Timestamp>, Rank, Seq);

/// All events, and nothing else.
#[derive(Default)]
struct Model(Vec<(Seq, Event)>);

impl Model {
    /// Reads the events that came since.
    fn read(&mut self, desk: &Desk) {
        let after = self.0.last().map_or(0, |(seq, _)| *seq);
        for event in desk.store.events("L", after, 10_000).unwrap().events {
            let Decoded::Event(decoded) = decode(event.body.as_bytes(), None).unwrap() else {
                panic!("{}", event.body)
            };
            assert_eq!((decoded.event_type.as_str(), decoded.at), (&*event.event_type, event.at));
            self.0.push((event.seq, decoded));
        }
    }

    fn greatest<'m, T>(&'m self, pick: impl Fn(&'m Event) -> Option<T>) -> Option<(When, T)> {
        let picked = self.0.iter().filter_map(|(seq, event)| {
            Some(((event.at, event.event_type.rank(), *seq), pick(event)?))
        });
        picked.max_by_key(|(when, _)| *when)
    }

    fn association(&self, id: &str) -> Option<Association> {
        let newest = self.greatest(|event| match &event.change {
            Change::Association(it) if it.id.as_str() == id => Some(Some(it.clone())),
            Change::AssociationDeleted { id: gone, .. } if gone.as_str() == id => Some(None),
            _ => None,
        });
        newest?.1
    }

    fn associations(&self) -> Vec<Association> {
        let ids = self.0.iter().filter_map(|(_, event)| match &event.change {
            Change::Association(it) => Some(it.id.as_str()),
            _ => None,
        });
        let ids: std::collections::BTreeSet<&str> = ids.collect();
        ids.into_iter().filter_map(|id| self.association(id)).collect()
    }

    fn is_deleted_association(&self, id: &str) -> bool {
        let named = self.0.iter().any(|(_, event)| match &event.change {
            Change::Association(it) => it.id.as_str() == id,
            Change::AssociationDeleted { id: gone, .. } => gone.as_str() == id,
            _ => false,
        });
        named && self.association(id).is_none()
    }

    fn record(&self, object: &str, id: &str, deletes: bool) -> Option<When> {
        let newest = self.greatest(|event| match &event.change {
            Change::Record { object: of, id: named, .. } => {
                let is_meant = named.as_str() == id
                    && of.as_ref().is_none_or(|of| of.as_str() == object)
                    && (!deletes || event.event_type.rank() == Rank::Delete);
                is_meant.then_some(())
            }
            _ => None,
        });
        Some(newest?.0)
    }

    /// The visible relations, by their ids.
    fn relations(&self) -> BTreeMap<String, Relation> {
        let ids = self.0.iter().filter_map(|(_, event)| match &event.change {
            Change::Relation(it) => Some(it.id.as_str()),
            _ => None,
        });
        let ids: std::collections::BTreeSet<&str> = ids.collect();
        let visible = ids.into_iter().filter_map(|id| {
            let (when, relation) = self.greatest(|event| match &event.change {
                Change::Relation(it) if it.id.as_str() == id => Some(it),
                _ => None,
            })?;
            let hidden = [&relation.first, &relation.second]
                .into_iter()
                .any(|end| self.record(end.object.as_str(), end.id.as_str(), true) > Some(when));
            let is_alive = when.1 != Rank::Delete
                && !hidden
                && !self.is_deleted_association(relation.association.as_str());
            is_alive.then(|| (id.to_owned(), relation.clone()))
        });
        visible.collect()
    }

    fn shows(&self, object: &str, id: &str) -> bool {
        let is_named = self.0.iter().any(|(_, event)| match &event.change {
            Change::Relation(it) => [&it.first, &it.second]
                .iter()
                .any(|end| end.object.as_str() == object && end.id.as_str() == id),
            Change::Record { object: Some(of), id: named, .. } => {
                of.as_str() == object && named.as_str() == id
            }
            _ => false,
        });
        let is_linked = || {
            self.relations().values().any(|it| {
                [&it.first, &it.second]
                    .iter()
                    .any(|end| end.object.as_str() == object && end.id.as_str() == id)
            })
        };
        let is_deleted =
            self.record(object, id, false).is_some_and(|(_, rank, _)| rank == Rank::Delete);
        is_named && (!is_deleted || is_linked())
    }

    /// What must become of a mutation.
    fn expected(&self, mutation: &Mutation) -> Result<(), MutationRefusal> {
        use MutationRefusal as Refusal;
        let own = |id: &AssociationId| match self.association(id.as_str()) {
            None => Err(Refusal::AssociationNotFound),
            Some(known) if &*known.association_type == "SYSTEM_DEFINED" => {
                Err(Refusal::SystemAssociation)
            }
            Some(_) => Ok(()),
        };
        let unless = |is_refused: bool, refusal| if is_refused { Err(refusal) } else { Ok(()) };
        match mutation {
            Mutation::CreateAssociation(new) => {
                let taken = self.associations().iter().any(|it| it.key == new.key);
                unless(taken, Refusal::DuplicateAssociationKey)
            }
            Mutation::UpdateAssociation { id, .. } | Mutation::DeleteAssociation { id } => own(id),
            Mutation::CreateRelation { association, first, second } => {
                let id = association.as_str();
                let is_known = self.association(id).is_some()
                    || id == SYSTEM && !self.is_deleted_association(id);
                let is_same = |it: &Relation| {
                    it.association == *association
                        && it.first.id == *first
                        && it.second.id == *second
                };
                unless(!is_known, Refusal::AssociationNotFound)?;
                unless(self.relations().values().any(is_same), Refusal::DuplicateRelation)
            }
            Mutation::DeleteRelation { id } => {
                let is_known = self.relations().contains_key(id.as_str());
                unless(!is_known, Refusal::RelationNotFound)
            }
            Mutation::CreateRecord { object, id: Some(id), .. } => {
                let newest = self.record(object.as_str(), id.as_str(), false);
                let is_there = newest.is_some_and(|(_, rank, _)| rank != Rank::Delete);
                unless(is_there, Refusal::DuplicateRecord)
            }
            Mutation::DeleteRecord { object, id } => {
                unless(!self.shows(object.as_str(), id.as_str()), Refusal::RecordNotFound)
            }
            _ => Ok(()),
        }
    }

    /// What must be true after a mutation that was done.
    fn check(&self, mutation: &Mutation) {
        match mutation {
            Mutation::UpdateAssociation { id, first_label, .. } => {
                assert_eq!(self.association(id.as_str()).unwrap().first.label, *first_label);
            }
            Mutation::DeleteAssociation { id } => assert_eq!(self.association(id.as_str()), None),
            Mutation::CreateAssociation(new) => {
                assert_eq!(self.associations().iter().filter(|it| it.key == new.key).count(), 1);
            }
            Mutation::DeleteRelation { id } => {
                assert!(!self.relations().contains_key(id.as_str()));
            }
            Mutation::CreateRelation { association, first, second } => {
                let relations = self.relations();
                let same = relations.values().filter(|it| {
                    it.association == *association
                        && it.first.id == *first
                        && it.second.id == *second
                });
                assert_eq!(same.count(), 1);
            }
            Mutation::CreateRecord { object, id: Some(id), .. } => {
                assert!(self.shows(object.as_str(), id.as_str()));
            }
            Mutation::DeleteRecord { object, id } => {
                assert!(!self.shows(object.as_str(), id.as_str()));
            }
            _ => {}
        }
    }
}

fn pick<T: Clone>(all: &[T], number: usize) -> Option<T> {
    all.get(number.checked_rem(all.len())?).cloned()
}

fn mutation(model: &Model, step: &Step) -> Option<Mutation> {
    let known = |number: usize| {
        let mut ids: Vec<AssociationId> =
            model.associations().into_iter().map(|it| it.id).collect();
        ids.extend([AssociationId::from("nothing"), AssociationId::from(SYSTEM)]);
        pick(&ids, number)
    };
    let object = |number: usize| ObjectKey::from(["contact", "home", "business"][number % 3]);
    Some(match *step {
        Step::Create(number) => create_association(pick(&KEYS, number)?, "contact", "home"),
        Step::Rename(number, label) => relabel(&known(number)?, &format!("label {label}"), "Home"),
        Step::Delete(number) => Mutation::DeleteAssociation { id: known(number)? },
        Step::Link(of, one, other) => {
            create_relation(known(of)?.as_str(), pick(&PEOPLE, one)?, pick(&HOMES, other)?)
        }
        Step::Unlink(number) => {
            let mut ids: Vec<RelationId> =
                model.relations().into_keys().map(RelationId::from).collect();
            ids.push(RelationId::from("nothing"));
            Mutation::DeleteRelation { id: pick(&ids, number)? }
        }
        Step::CreateRecord(of, id) => {
            let id = Some(RecordId::from(pick(&HOMES, id)?));
            Mutation::CreateRecord { object: object(of), id, properties: None }
        }
        Step::DeleteRecord(of, id) => {
            Mutation::DeleteRecord { object: object(of), id: RecordId::from(pick(&HOMES, id)?) }
        }
        Step::Post(..) | Step::Pass(_) => return None,
    })
}

fn post(desk: &Desk, model: &Model, which: usize, sort: u8, ahead: Option<i64>) {
    let relations: Vec<Relation> = model.relations().into_values().collect();
    let associations = model.associations();
    let body = match sort {
        0 => defined("AssociationUpdate", ["W0", "W1"][which % 2], ["Webhook", "Home"]),
        1 => match pick(&associations, which) {
            Some(it) => defined("AssociationDelete", it.id.as_str(), ["a", "b"]),
            None => defined("AssociationCreate", "W0", ["Webhook", "Home"]),
        },
        2 => match pick(&relations, which) {
            Some(it) => posted(
                "RelationDelete",
                it.id.as_str(),
                it.association.as_str(),
                it.first.id.as_str(),
                it.second.id.as_str(),
            ),
            None => posted("RelationDelete", "w0", "W0", "ann", "h0"),
        },
        3 => json!({"type": "ContactDelete", "id": PEOPLE[which % 3], "locationId": "L"}),
        4 => json!({"type": "RecordDelete", "id": HOMES[which % 3], "locationId": "L"}),
        5 => json!({"type": "RecordUpdate", "id": HOMES[which % 3], "objectKey": "home",
            "locationId": "L"}),
        _ => {
            let association = pick(&associations, which).map(|it| it.id);
            let association = association.as_ref().map_or("W0", AssociationId::as_str);
            let id = format!("w{}", which % 4);
            posted("RelationCreate", &id, association, PEOPLE[which % 3], HOMES[which / 4 % 3])
        }
    };
    match ahead {
        Some(ahead) => desk.post_at(ahead, body),
        None => desk.post(&body),
    };
}

/// The visible relations of the store.
fn found(desk: &Desk) -> BTreeMap<String, String> {
    let Some(location) = desk.store.location("L").unwrap() else { return BTreeMap::new() };
    let snapshot = location.read().snapshot();
    let links = snapshot.links(relata::graph::Layers::Records);
    let link = links.iter().map(|edge| {
        let [first, second] =
            [edge.first, edge.second].map(|end| format!("{}/{}", end.object, end.record.unwrap()));
        (edge.relation.unwrap().to_owned(), format!("{first} {} {second}", edge.association))
    });
    link.collect()
}

fn shown(relation: &Relation) -> String {
    let [first, second] =
        [&relation.first, &relation.second].map(|end| format!("{}/{}", end.object, end.id));
    format!("{first} {} {second}", relation.association)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(rounds(64, 4_000)))]
    #[test]
    fn mutations_are_refused_and_take_effect_as_the_merge_rule_has_it(
        steps in prop::collection::vec(step(), 1..60),
        together in 1..6_usize,
    ) {
        let (desk, mut model) = (Desk::new(), Model::default());
        for steps in steps.chunks(together) {
            for step in steps {
                match *step {
                    Step::Post(which, sort, ahead) => post(&desk, &model, which, sort, ahead),
                    Step::Pass(millis) => desk.clock.pass(millis),
                    _ => {}
                }
                model.read(&desk);
            }
            // Those of one call are chosen before any of them is done, and judged in turn.
            let all: Vec<Mutation> =
                steps.iter().filter_map(|step| mutation(&model, step)).collect();
            let (before, mutated) = (desk.store.head(), desk.mutate_all(all.clone()));
            let mut turn = Model(model.0.clone());
            model.read(&desk);
            let mut next = before + 1;
            for (mutation, outcome) in all.iter().zip(&mutated.outcomes) {
                let expected = turn.expected(mutation);
                prop_assert_eq!(outcome.as_ref().map(drop), expected.as_ref().map(drop), "{:?}", mutation);
                let Ok(done) = outcome else { continue };
                // With what was written for it.
                let upto = done.seq.unwrap_or(next - 1);
                turn.0 = model.0.iter().filter(|(seq, _)| *seq <= upto).cloned().collect();
                next = upto + 1;
                turn.check(mutation);
            }
            prop_assert_eq!((mutated.head, desk.store.head()), (next - 1, next - 1));
            let visible = model.relations();
            let visible: BTreeMap<_, _> =
                visible.iter().map(|(id, it)| (id.clone(), shown(it))).collect();
            prop_assert_eq!(found(&desk), visible);
        }
    }
}
