//! Given events that are written if the thing is still as it was.

use relata::mutation::{Condition, Mutation, MutationRefusal, Thing};
use relata::{Seq, Status};
use serde_json::{Value, json};

use super::{
    Desk, Outcome, create_association, create_relation, defined, delivery, posted, relation,
};

fn append(desk: &Desk, condition: Condition, body: &Value) -> Outcome {
    desk.mutate(Mutation::Append { delivery: delivery(body), condition })
}

fn done(outcome: Outcome) -> (Status, Option<Seq>) {
    let done = outcome.unwrap();
    let Thing::Event(status) = done.thing else { panic!("{done:?}") };
    (status, done.seq)
}

/// Each thing in turn: an event that makes it, one that changes it, and the newest of them.
#[test]
fn an_event_is_written_while_its_thing_is_as_it_was() {
    let record = |event_type: &str| json!({"type": event_type, "id": "h1", "objectKey": "home", "locationId": "L"});
    let contact = |event_type: &str| json!({"type": event_type, "id": "ann", "locationId": "L"});
    let schema = |event_type: &str, labels: &str| {
        json!({"type": event_type, "id": "s", "key": "home", "locationId": "L",
            "labels": {"singular": labels, "plural": labels}})
    };
    let office = |name: &str| json!({"type": "LocationUpdate", "id": "L", "name": name});
    for [first, second] in [
        [
            defined("AssociationCreate", "W", ["a", "b"]),
            defined("AssociationDelete", "W", ["a", "b"]),
        ],
        [
            posted("RelationCreate", "r", "W", "ann", "h1"),
            posted("RelationDelete", "r", "W", "ann", "h1"),
        ],
        [record("RecordCreate"), record("RecordDelete")],
        [
            json!({"type": "RecordUpdate", "id": "x", "locationId": "L"}),
            json!({"type": "RecordDelete", "id": "x", "locationId": "L"}),
        ],
        [contact("ContactCreate"), contact("ContactDelete")],
        [schema("ObjectSchemaCreate", "Home"), schema("ObjectSchemaUpdate", "House")],
        [office("Ann's"), office("Ben's")],
    ] {
        let desk = Desk::new();
        // A seq that differs from that of every other test.
        desk.post(&posted("RelationCreate", "other", "W", "cyd", "h9"));
        let refused = |newest| Err(MutationRefusal::ConditionFailed { newest });
        assert_eq!(append(&desk, Condition::NewestIs(1), &first), refused(None), "{first}");
        let created = done(append(&desk, Condition::Unknown, &first));
        assert_eq!(created, (Status::Applied, Some(2)), "{first}");
        assert_eq!(append(&desk, Condition::Unknown, &second), refused(Some(2)), "{first}");
        assert_eq!(append(&desk, Condition::NewestIs(1), &second), refused(Some(2)), "{first}");
        let changed = done(append(&desk, Condition::NewestIs(2), &second));
        assert_eq!(changed, (Status::Applied, Some(3)), "{second}");
        assert_eq!(append(&desk, Condition::NewestIs(2), &first), refused(Some(3)), "{first}");
        assert_eq!(desk.store.head(), 3);
    }
}

#[test]
fn a_condition_sees_the_mutations_before_it() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let link = relation(desk.link(&interest, "ann", "h1"));
    let gone = posted("RelationDelete", link.id.as_str(), interest.as_str(), "ann", "h1");
    let undone = |condition| Mutation::Append { delivery: delivery(&gone), condition };
    let outcomes = desk.mutate_all(vec![
        Mutation::DeleteRelation { id: link.id.clone() },
        undone(Condition::NewestIs(2)),
        undone(Condition::NewestIs(3)),
    ]);
    let [deleted, failed, stale] = &outcomes.outcomes[..] else { panic!("{outcomes:?}") };
    assert!(deleted.is_ok());
    assert_eq!(*failed, Err(MutationRefusal::ConditionFailed { newest: Some(3) }));
    assert_eq!(done(stale.clone()), (Status::Stale, Some(4)), "an undated one is older");
}

#[test]
fn a_repeat_in_the_same_call_is_a_duplicate() {
    let desk = Desk::new();
    let mut body = defined("AssociationCreate", "W", ["a", "b"]);
    body["webhookId"] = json!("hook");
    let append = || Mutation::Append { delivery: delivery(&body), condition: Condition::Unknown };
    let outcomes = desk.mutate_all(vec![append(), append()]).outcomes;
    let told: Vec<_> = outcomes.into_iter().map(done).collect();
    assert_eq!(told, [(Status::Applied, Some(1)), (Status::Duplicate, Some(1))]);
    assert_eq!(desk.store.head(), 1);
}

/// A relation that an earlier event of the same call has moved links its new ends alone.
#[test]
fn a_relation_that_was_moved_is_no_duplicate_at_its_old_ends() {
    let desk = Desk::new();
    let interest = desk.interest().id;
    let link = relation(desk.link(&interest, "ann", "h1"));
    let mut moved = posted("RelationCreate", link.id.as_str(), interest.as_str(), "ann", "h2");
    moved["timestamp"] = json!("2099-01-01T00:00:00.000Z");
    let outcomes = desk.mutate_all(vec![
        Mutation::Append { delivery: delivery(&moved), condition: Condition::NewestIs(2) },
        create_relation(interest.as_str(), "ann", "h1"),
        create_relation(interest.as_str(), "ann", "h2"),
    ]);
    let [moving, old, new] = &outcomes.outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(done(moving.clone()).0, Status::Applied);
    assert!(old.is_ok(), "{old:?}");
    assert_eq!(*new, Err(MutationRefusal::DuplicateRelation));
}

#[test]
fn a_delivery_is_written_once_and_in_its_own_location() {
    let desk = Desk::new();
    let mut body = defined("AssociationCreate", "W", ["a", "b"]);
    body["webhookId"] = json!("hook");
    body["origin"] = json!("drift");
    body["observedAt"] = json!("2026-01-02T03:04:05.006Z");
    assert_eq!(done(append(&desk, Condition::Unknown, &body)), (Status::Applied, Some(1)));
    assert_eq!(desk.last_body(), body, "byte for byte");
    assert_eq!(done(append(&desk, Condition::Unknown, &body)), (Status::Duplicate, Some(1)));
    assert_eq!(desk.post(&body), Status::Duplicate);
    body["locationId"] = json!("M");
    for (body, field) in [
        (body, "locationId"),
        (json!({"type": "NoteCreate", "id": "n", "locationId": "L"}), "type"),
    ] {
        let refused = append(&desk, Condition::Unknown, &body).unwrap_err();
        let MutationRefusal::Invalid(error) = refused else { panic!("{refused}") };
        assert_eq!(error.field(), Some(field));
    }
    assert_eq!((desk.store.head(), desk.store.location_count()), (1, 1));
    assert!(desk.mutate(create_association("k", "contact", "home")).is_ok());
}
