//! Associations that are created, renamed and deleted.

use relata::mutation::{Mutation, MutationRefusal};
use relata::{AssociationId, Options};
use serde_json::json;

use super::{
    Desk, association, create_association, create_relation, defined, end, mutate_all,
    new_association, relabel, relation,
};
use crate::support::clock::DAY;

const HOUR: i64 = 3_600_000;

#[test]
fn an_association_is_created_as_given_and_its_body_says_where_it_comes_from() {
    let desk = Desk::new();
    let mut new = new_association("Interest/1", "contact", "home");
    (new.first, new.second) = (end("contact", ""), end("home", "“Home”"));
    new.first_to_second = Some("ONE_TO_MANY".into());
    new.second_to_first = Some("".into());
    let made = association(desk.mutate(Mutation::CreateAssociation(new)));
    assert_eq!(desk.definition(&made.id), Some(made.clone()));
    assert_eq!((&*made.key, &*made.association_type), ("Interest/1", "USER_DEFINED"));
    let id = made.id.as_str();
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    assert!(id.len() == 24 && id.bytes().all(is_hex), "{id}");
    assert_eq!(
        desk.last_body(),
        json!({"type": "AssociationCreate", "locationId": "L", "id": id, "key": "Interest/1",
            "associationType": "USER_DEFINED",
            "firstObjectKey": "contact", "firstObjectLabel": "",
            "secondObjectKey": "home", "secondObjectLabel": "“Home”",
            "firstObjectToSecondObjectCardinality": "ONE_TO_MANY",
            "timestamp": desk.clock.wall().to_string(), "traceId": "trace", "origin": "api"})
    );
}

#[test]
fn one_association_has_a_key() {
    let desk = Desk::new();
    let made = desk.interest();
    let again = || desk.mutate(create_association("interest", "deal", "home"));
    assert_eq!(again(), Err(MutationRefusal::DuplicateAssociationKey));
    assert!(desk.mutate(create_association("Interest", "contact", "home")).is_ok(), "by bytes");
    let twice = desk.mutate_all(vec![
        create_association("other", "contact", "home"),
        create_association("other", "contact", "home"),
        Mutation::DeleteAssociation { id: made.id },
        create_association("interest", "contact", "home"),
    ]);
    let refused: Vec<bool> = twice.outcomes.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, true, false, false]);
    assert_eq!(again(), Err(MutationRefusal::DuplicateAssociationKey));
    // A key that only a webhook has given counts as well.
    desk.post(&defined("AssociationCreate", "W", ["a", "b"]));
    let taken = desk.mutate(create_association("key-W", "contact", "home"));
    assert_eq!(taken, Err(MutationRefusal::DuplicateAssociationKey));
}

#[test]
fn of_two_associations_with_one_key_at_once_one_is_made() {
    let desk = Desk::new();
    let outcomes: Vec<bool> = std::thread::scope(|scope| {
        let create = || desk.mutate(create_association("interest", "contact", "home")).is_ok();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|made| **made).count(), 1);
    assert_eq!(desk.store.head(), 1);
}

#[test]
fn a_rename_keeps_the_cardinalities_that_a_webhook_has_brought() {
    let desk = Desk::new();
    let id = AssociationId::from("W");
    let mut body = defined("AssociationUpdate", "W", ["Buyer", "Home"]);
    body["firstObjectToSecondObjectCardinality"] = json!("MANY_TO_MANY");
    body["secondObjectToFirstObjectCardinality"] = json!("ONE_TO_MANY");
    desk.post_at(0, body);
    let renamed = association(desk.mutate(relabel(&id, "Tenant", "House")));
    assert_eq!((&*renamed.first.label, &*renamed.second.label), ("Tenant", "House"));
    assert_eq!(renamed.first_to_second.as_deref(), Some("MANY_TO_MANY"));
    assert_eq!(renamed.second_to_first.as_deref(), Some("ONE_TO_MANY"));
    assert_eq!(desk.definition(&id), Some(renamed.clone()));
    let head = desk.store.head();
    let same = desk.mutate(relabel(&id, "Tenant", "House")).unwrap();
    assert_eq!((same.seq, desk.store.head()), (None, head), "the same labels need no event");
    assert_eq!(association(Ok(same)), renamed);
}

#[test]
fn an_undated_rename_follows_an_undated_definition_and_the_next_webhook_follows_it() {
    let desk = Desk::new();
    let id = AssociationId::from("W");
    desk.post(&defined("AssociationCreate", "W", ["Buyer", "Home"]));
    association(desk.mutate(relabel(&id, "Tenant", "House")));
    assert_eq!(desk.last_body().get("timestamp"), None);
    assert_eq!(&*desk.definition(&id).unwrap().first.label, "Tenant");
    desk.post(&defined("AssociationUpdate", "W", ["Owner", "Flat"]));
    assert_eq!(&*desk.definition(&id).unwrap().first.label, "Owner");
    desk.mutate(relabel(&id, "Tenant", "House")).unwrap();
    assert_eq!(&*desk.definition(&id).unwrap().first.label, "Tenant");
}

#[test]
fn renames_and_deletes_take_effect_over_events_of_a_fast_clock() {
    let desk = Desk::new();
    let id = AssociationId::from("W");
    desk.post_at(HOUR, defined("AssociationCreate", "W", ["Buyer", "Home"]));
    association(desk.mutate(relabel(&id, "Tenant", "House")));
    assert_eq!(&*desk.definition(&id).unwrap().first.label, "Tenant");
    let later = relata::Timestamp::from_millis(desk.clock.wall().as_millis() + HOUR + 1);
    assert_eq!(desk.last_body()["timestamp"], json!(later.to_string()));
    assert!(desk.mutate(Mutation::DeleteAssociation { id: id.clone() }).is_ok());
    assert_eq!(desk.definition(&id), None);
    // The clock has caught up.
    desk.clock.pass(DAY);
    desk.post_at(0, defined("AssociationUpdate", "W", ["Owner", "Flat"]));
    assert!(desk.mutate(relabel(&id, "Tenant", "House")).is_ok());
    assert_eq!(desk.last_body()["timestamp"], json!(later_by(&desk, 1)));
}

fn later_by(desk: &Desk, millis: i64) -> String {
    relata::Timestamp::from_millis(desk.clock.wall().as_millis() + millis).to_string()
}

#[test]
fn no_event_follows_one_of_the_last_millisecond_that_can_be_written() {
    let desk = Desk::new();
    let id = AssociationId::from("W");
    let mut body = defined("AssociationCreate", "W", ["Buyer", "Home"]);
    body["timestamp"] = json!("9999-12-31T23:59:59.999Z");
    desk.post(&body);
    assert_eq!(desk.mutate(relabel(&id, "a", "b")), Err(MutationRefusal::NoLaterTime));
    let gone = desk.mutate(Mutation::DeleteAssociation { id });
    assert_eq!((gone, desk.store.head()), (Err(MutationRefusal::NoLaterTime), 1));
}

#[test]
fn a_deleted_association_takes_its_relations_with_it() {
    let desk = Desk::new();
    let interest = desk.interest();
    let link = relation(desk.link(&interest.id, "ann", "h1"));
    let gone = association(desk.mutate(Mutation::DeleteAssociation { id: interest.id.clone() }));
    assert_eq!(gone, interest, "as it stood");
    assert_eq!(desk.last_body()["key"], json!("interest"));
    assert_eq!((desk.relations("ann"), desk.definition(&interest.id)), (vec![], None));
    let not_found = Err(MutationRefusal::AssociationNotFound);
    assert_eq!(desk.mutate(Mutation::DeleteAssociation { id: interest.id.clone() }), not_found);
    assert_eq!(desk.mutate(relabel(&interest.id, "a", "b")), not_found);
    assert_eq!(desk.link(&interest.id, "ann", "h2"), not_found);
    assert_eq!(desk.unlink(&link.id), Err(MutationRefusal::RelationNotFound));
    assert_eq!(desk.store.head(), 3);
}

#[test]
fn associations_of_the_sender_cannot_be_changed_and_are_there_when_first_used() {
    let desk = Desk::new();
    let id = AssociationId::from("BUSINESSES_CONTACTS_ASSOCIATION");
    let unknown = desk.mutate(Mutation::DeleteAssociation { id: id.clone() });
    assert_eq!(unknown, Err(MutationRefusal::AssociationNotFound));
    let both = desk.mutate_all(vec![
        create_relation(id.as_str(), "acme", "ann"),
        create_relation(id.as_str(), "acme", "ben"),
    ]);
    let seqs: Vec<_> = both.outcomes.iter().map(|it| it.as_ref().unwrap().seq).collect();
    assert_eq!((seqs, both.head), (vec![Some(2), Some(3)], 3));
    let first = &desk.store.events("L", 0, 1).unwrap().events[0];
    let body: serde_json::Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((first.at, &body["associationType"]), (None, &json!("SYSTEM_DEFINED")));
    let known = desk.definition(&id).unwrap();
    assert_eq!((known.first.object.as_str(), &*known.first.label), ("business", "Company"));
    assert_eq!((known.second.object.as_str(), &*known.second.label), ("contact", "Contact"));
    let refused = Err(MutationRefusal::SystemAssociation);
    assert_eq!(desk.mutate(relabel(&id, "a", "b")), refused);
    assert_eq!(desk.mutate(Mutation::DeleteAssociation { id: id.clone() }), refused);
    // Its labels are the sender's.
    let mut named = defined("AssociationUpdate", id.as_str(), ["Employer", "Employee"]);
    named["firstObjectKey"] = json!("business");
    named["secondObjectKey"] = json!("contact");
    desk.post(&named);
    assert_eq!(&*desk.definition(&id).unwrap().first.label, "Employer");
    desk.post(&defined("AssociationDelete", id.as_str(), ["a", "b"]));
    let gone = desk.link(&id, "acme", "cyd");
    assert_eq!(gone, Err(MutationRefusal::AssociationNotFound), "a deleted one is not made again");
}

#[test]
fn what_names_too_much_is_refused_and_leaves_nothing() {
    let mut options = Options::default();
    (options.names.associations, options.names.object_keys, options.names.locations) = (2, 3, 1);
    let desk = Desk::with(&options);
    let outcomes = desk.mutate_all(vec![
        create_association("one", "contact", "home"),
        create_association("two", "contact", "deal"),
        create_association("three", "contact", "home"),
        create_relation("OPPORTUNITIES_CONTACTS_ASSOCIATION", "o", "c"),
        create_association("four", "a", "b"),
    ]);
    let limited: Vec<Option<&str>> = outcomes
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Err(MutationRefusal::LimitReached(reached)) => reached.field,
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        })
        .collect();
    let expected = [None, None, Some("id"), Some("associationId"), Some("id")];
    assert_eq!((limited, outcomes.head), (expected.to_vec(), 2));
    let elsewhere = relata::mutation::Mutations {
        location: "M".into(),
        trace_id: None,
        mutations: vec![create_association("one", "contact", "home")],
    };
    let outcome = desk.store.mutate(elsewhere).unwrap().outcomes.remove(0).unwrap_err();
    assert!(matches!(outcome, MutationRefusal::LimitReached(it) if it.field == Some("locationId")));
    assert_eq!((desk.store.head(), desk.store.location_count()), (2, 1));
}

#[test]
fn texts_that_no_webhook_may_have_are_refused() {
    let desk = Desk::new();
    let long = "x".repeat(513);
    let longest = "é".repeat(256);
    let keyed = |key: &str| create_association(key, "contact", "home");
    let between = |first: &str, second: &str| create_association("k", first, second);
    let labelled = |label: &str| {
        let mut new = new_association("labelled", "contact", "home");
        new.first.label = label.into();
        Mutation::CreateAssociation(new)
    };
    let declared = |text: &str| {
        let mut new = new_association("declared", "contact", "home");
        new.second_to_first = Some(text.into());
        Mutation::CreateAssociation(new)
    };
    for (mutation, field) in [
        (keyed(""), Some("key")),
        (keyed(&long), Some("key")),
        (keyed(&longest), None),
        (keyed("nul\0"), None),
        (between("", "home"), Some("firstObjectKey")),
        (between("contact", "a/b"), Some("secondObjectKey")),
        (labelled(&long), Some("firstObjectLabel")),
        (labelled(""), None),
        (declared(&long), Some("secondObjectToFirstObjectCardinality")),
        (create_relation("", "a", "b"), Some("associationId")),
        (create_relation("A", "", "b"), Some("firstRecordId")),
        (create_relation("A", "a", &long), Some("secondRecordId")),
    ] {
        let shown = format!("{mutation:?}");
        match (desk.mutate(mutation), field) {
            (Ok(_), None) => {}
            (Err(MutationRefusal::Invalid(error)), Some(field)) => {
                assert_eq!(error.field(), Some(field), "{shown}");
            }
            (other, _) => panic!("{other:?} of {shown}"),
        }
    }
    let nowhere = relata::mutation::Mutations {
        location: "".into(),
        trace_id: None,
        mutations: vec![keyed("k")],
    };
    let refused = desk.store.mutate(nowhere).unwrap().outcomes.remove(0).unwrap_err();
    assert!(matches!(refused, MutationRefusal::Invalid(it) if it.field() == Some("locationId")));
    // Each body that was written is one that could have been posted.
    let copy = Desk::new();
    for event in desk.store.events("L", 0, 100).unwrap().events {
        copy.store.ingest(event.body.as_bytes()).unwrap();
    }
    assert_eq!(crate::support::sample::differences(&desk.store, &copy.store), []);
    assert!(mutate_all(&desk.store, Vec::new()).outcomes.is_empty());
}
