//! Relations that are created and deleted.

use std::collections::HashSet;

use relata::mutation::{Mutation, MutationRefusal};
use relata::{AssociationId, RelationId};
use serde_json::json;

use super::{Desk, association, create_association, create_relation, defined, posted, relation};

const HOUR: i64 = 3_600_000;

#[test]
fn a_relation_has_the_object_keys_of_its_association() {
    let desk = Desk::new();
    let interest = desk.interest();
    let link = relation(desk.link(&interest.id, "ann", "h1"));
    assert_eq!(link.first.object.as_str(), "contact");
    assert_eq!(link.second.object.as_str(), "home");
    assert_eq!(
        desk.last_body(),
        json!({"type": "RelationCreate", "locationId": "L", "id": link.id.as_str(),
            "associationId": interest.id.as_str(),
            "firstObjectKey": "contact", "firstRecordId": "ann",
            "secondObjectKey": "home", "secondRecordId": "h1",
            "timestamp": desk.clock.wall().to_string(), "traceId": "trace", "origin": "api"})
    );
    let unknown = desk.mutate(create_relation("nothing", "ann", "h1"));
    assert_eq!(unknown, Err(MutationRefusal::AssociationNotFound));
    // One that only a relation has named is not known either.
    desk.post(&posted("RelationCreate", "p1", "pending", "ann", "h1"));
    let pending = desk.mutate(create_relation("pending", "ann", "h2"));
    assert_eq!(pending, Err(MutationRefusal::AssociationNotFound));
}

#[test]
fn links_to_itself_parallel_and_reversed_ones_are_links_of_their_own() {
    let desk = Desk::new();
    let make = |key| association(desk.mutate(create_association(key, "contact", "contact"))).id;
    let (friends, family) = (make("friends"), make("family"));
    for (kind, first, second) in [
        (&friends, "ann", "ann"),
        (&friends, "ann", "ben"),
        (&friends, "ben", "ann"),
        (&family, "ann", "ben"),
    ] {
        assert!(desk.link(kind, first, second).is_ok(), "{first} {second}");
        assert_eq!(desk.link(kind, first, second), Err(MutationRefusal::DuplicateRelation));
    }
    assert_eq!((desk.relations("ann").len(), desk.relations("ben").len()), (4, 3));
}

#[test]
fn a_relation_that_was_deleted_can_be_made_again_under_another_id() {
    let desk = Desk::new();
    let interest = desk.interest();
    let first = relation(desk.link(&interest.id, "ann", "h1"));
    assert_eq!(desk.link(&interest.id, "ann", "h1"), Err(MutationRefusal::DuplicateRelation));
    assert_eq!(relation(desk.unlink(&first.id)), first);
    assert_eq!(desk.last_body()["type"], json!("RelationDelete"));
    assert_eq!(desk.unlink(&first.id), Err(MutationRefusal::RelationNotFound));
    let second = relation(desk.link(&interest.id, "ann", "h1"));
    assert_ne!(first.id, second.id);
    assert_eq!(desk.relations("ann"), [second.id.as_str()]);
    assert_eq!(desk.unlink(&RelationId::from("nothing")), Err(MutationRefusal::RelationNotFound));
}

#[test]
fn a_link_that_a_webhook_has_made_is_a_duplicate_whatever_its_object_keys() {
    let desk = Desk::new();
    desk.post(&defined("AssociationCreate", "W", ["Buyer", "Home"]));
    let mut body = posted("RelationCreate", "w1", "W", "ann", "h1");
    body["firstObjectKey"] = json!("lead");
    desk.post(&body);
    let id = AssociationId::from("W");
    assert_eq!(desk.link(&id, "ann", "h1"), Err(MutationRefusal::DuplicateRelation));
    assert!(desk.link(&id, "h1", "ann").is_ok());
    assert!(desk.unlink(&RelationId::from("w1")).is_ok());
    assert!(desk.link(&id, "ann", "h1").is_ok());
}

#[test]
fn of_equal_links_at_once_one_is_made_and_different_ones_all_are() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let at_once = |second: &(dyn Fn(usize) -> String + Sync)| {
        std::thread::scope(|scope| {
            let link = |number| desk.link(&interest, "ann", &second(number));
            let threads: Vec<_> = (0..32).map(|it| scope.spawn(move || link(it))).collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap());
            joined.collect::<Vec<_>>()
        })
    };
    let equal = at_once(&|_| "h".to_owned());
    assert_eq!(equal.iter().filter(|it| it.is_ok()).count(), 1);
    let duplicates = equal.iter().filter(|it| **it == Err(MutationRefusal::DuplicateRelation));
    assert_eq!(duplicates.count(), 31);
    let different = at_once(&|number| format!("h{number}"));
    let seqs: HashSet<_> = different.iter().map(|it| it.as_ref().unwrap().seq.unwrap()).collect();
    let ids: HashSet<_> = different.into_iter().map(|it| relation(it).id).collect();
    assert_eq!((seqs.len(), ids.len(), desk.store.head()), (32, 32, 34));
}

#[test]
fn a_delete_holds_against_webhooks_that_come_late() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let link = relation(desk.link(&interest, "ann", "h1"));
    desk.clock.pass(1_000);
    assert!(desk.unlink(&link.id).is_ok());
    let late = posted("RelationCreate", link.id.as_str(), interest.as_str(), "ann", "h1");
    desk.post_at(-500, late.clone());
    desk.post(&late);
    assert_eq!(desk.relations("ann"), Vec::<String>::new());
}

#[test]
fn a_delete_takes_effect_over_a_link_of_a_fast_clock() {
    let desk = Desk::new();
    desk.post(&defined("AssociationCreate", "W", ["Buyer", "Home"]));
    desk.post_at(HOUR, posted("RelationCreate", "w1", "W", "ann", "h1"));
    assert!(desk.unlink(&RelationId::from("w1")).is_ok());
    assert_eq!(desk.relations("ann"), Vec::<String>::new());
}

#[test]
fn a_link_is_visible_though_a_fast_clock_has_deleted_its_records() {
    for deleted in [
        json!({"type": "ContactDelete", "id": "ann", "locationId": "L"}),
        json!({"type": "RecordDelete", "id": "h1", "objectKey": "home", "locationId": "L"}),
        json!({"type": "RecordDelete", "id": "h1", "locationId": "L"}),
    ] {
        let desk = Desk::new();
        let interest = desk.interest().id;
        desk.post_at(HOUR, deleted.clone());
        let link = relation(desk.link(&interest, "ann", "h1"));
        assert_eq!(desk.relations("ann"), [link.id.as_str()], "{deleted}");
        assert_eq!(desk.link(&interest, "ann", "h1"), Err(MutationRefusal::DuplicateRelation));
    }
}

#[test]
fn a_hidden_link_is_not_found_and_no_duplicate() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let link = relation(desk.link(&interest, "ann", "h1"));
    desk.post_at(10, json!({"type": "ContactDelete", "id": "ann", "locationId": "L"}));
    assert_eq!(desk.unlink(&link.id), Err(MutationRefusal::RelationNotFound));
    let again = relation(desk.link(&interest, "ann", "h1"));
    assert_eq!(desk.relations("h1"), [again.id.as_str()]);
}

#[test]
fn mutations_of_one_call_see_those_before_them() {
    use MutationRefusal::{AssociationNotFound, DuplicateRelation, RelationNotFound};

    let desk = Desk::new();
    let interest = desk.interest().id;
    let link = |first: &str, second: &str| create_relation(interest.as_str(), first, second);
    let first = relation(desk.mutate(link("ann", "h1")));
    let outcomes = desk.mutate_all(vec![
        link("ann", "h1"),
        Mutation::DeleteRelation { id: first.id.clone() },
        link("ann", "h1"),
        link("ann", "h1"),
        Mutation::DeleteRelation { id: first.id },
        Mutation::DeleteAssociation { id: interest.clone() },
        link("ann", "h2"),
    ]);
    let refused: Vec<_> = outcomes.outcomes.into_iter().map(Result::err).collect();
    let expected = [
        Some(DuplicateRelation),
        None,
        None,
        Some(DuplicateRelation),
        Some(RelationNotFound),
        None,
        Some(AssociationNotFound),
    ];
    assert_eq!(refused, expected);
    assert_eq!(desk.relations("ann"), Vec::<String>::new());
}
