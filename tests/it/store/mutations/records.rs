//! Records that are created, changed and deleted.

use relata::mutation::{Mutation, MutationRefusal, Thing};
use relata::webhook::Keep;
use relata::{AssociationId, ObjectKey, Options, RecordId};
use serde_json::{Value, json};

use super::{Desk, Outcome, defined, posted};
use crate::support::clock::DAY;

const HOUR: i64 = 3_600_000;

const PROPERTIES: &str = r#" {"name": "12 Maple Street", "price": {"value": 1, "currency": "€"}}"#;

fn create(id: Option<&str>, properties: Option<&str>) -> Mutation {
    let id = id.map(RecordId::from);
    Mutation::CreateRecord { object: "home".into(), id, properties: properties.map(Into::into) }
}

fn update(id: &str, properties: &str) -> Mutation {
    let properties = Some(properties.into());
    Mutation::UpdateRecord { object: "home".into(), id: id.into(), properties }
}

fn delete(id: &str) -> Mutation {
    Mutation::DeleteRecord { object: "home".into(), id: id.into() }
}

fn id_of(outcome: Outcome) -> String {
    match outcome.unwrap().thing {
        Thing::Record(record) => record.id.to_string(),
        other => panic!("{other:?}"),
    }
}

fn name(desk: &Desk, id: &str) -> Option<String> {
    let location = desk.store.location("L").unwrap()?;
    let snapshot = location.read().snapshot();
    let nodes = snapshot.nodes(relata::graph::Layers::Records);
    nodes.iter().find(|node| node.record == Some(id))?.name.map(str::to_owned)
}

fn is_listed(desk: &Desk, id: &str) -> bool {
    let location = desk.store.location("L").unwrap().unwrap();
    let snapshot = location.read().snapshot();
    let nodes = snapshot.nodes(relata::graph::Layers::Records);
    nodes.iter().any(|node| node.record == Some(id))
}

#[test]
fn as_much_is_kept_of_a_record_as_of_its_webhook() {
    for keep in [Keep::Bodies, Keep::Names, Keep::Ids] {
        let desk = Desk::with(&Options { keep, ..Options::default() });
        let id = id_of(desk.mutate(create(None, Some(PROPERTIES))));
        assert_eq!(id.len(), 24, "{id}");
        let mut expected = json!({"type": "RecordCreate", "id": id, "locationId": "L",
            "objectKey": "home", "timestamp": desk.clock.wall().to_string(),
            "traceId": "trace", "origin": "api"});
        let all: Value = serde_json::from_str(PROPERTIES).unwrap();
        match keep {
            Keep::Bodies => expected["properties"] = all,
            Keep::Names => {
                let price = r#"{"value": 1, "currency": "€"}"#;
                expected["properties"] = json!([
                    {"key": "name", "valueString": "12 Maple Street"},
                    {"key": "price", "valueString": price},
                ]);
            }
            Keep::Ids => {}
        }
        assert_eq!(desk.last_body(), expected, "{keep:?}");
        let named = if keep == Keep::Ids { None } else { Some("12 Maple Street") };
        assert_eq!(name(&desk, &id).as_deref(), named);
        assert!(is_listed(&desk, &id));
    }
}

#[test]
fn properties_are_one_json_object_or_list() {
    let desk = Desk::with(&Options { keep: Keep::Bodies, ..Options::default() });
    for good in ["{}", "[]", r#"[{"key":"name","valueString":"a"}]"#, " {\"a\": [1]}\n"] {
        assert!(desk.mutate(create(None, Some(good))).is_ok(), "{good}");
    }
    let deep = "[".repeat(64) + &"]".repeat(64);
    let head = desk.store.head();
    for bad in ["", "1", "null", "\"a\"", "{", "{}}", "{},\"id\":\"x\"", "{} {}", &deep] {
        let refused = desk.mutate(create(Some("h1"), Some(bad))).unwrap_err();
        assert!(matches!(refused, MutationRefusal::Invalid(_)), "{bad}: {refused}");
        assert!(desk.mutate(update("h1", bad)).is_err(), "{bad}");
    }
    assert_eq!(desk.store.head(), head);
}

#[test]
fn a_record_is_created_once_and_again_after_its_delete() {
    let desk = Desk::new();
    assert_eq!(id_of(desk.mutate(create(Some("h1"), None))), "h1");
    assert_eq!(desk.mutate(create(Some("h1"), None)), Err(MutationRefusal::DuplicateRecord));
    assert!(desk.mutate(update("h1", PROPERTIES)).is_ok());
    assert!(desk.mutate(delete("h1")).is_ok());
    assert!(!is_listed(&desk, "h1"));
    for gone in [delete("h1"), update("h1", "{}"), delete("h2"), update("h2", "{}")] {
        assert_eq!(desk.mutate(gone), Err(MutationRefusal::RecordNotFound));
    }
    assert!(desk.mutate(create(Some("h1"), None)).is_ok());
    assert!(is_listed(&desk, "h1"));
    // Also in one call.
    let outcomes = desk.mutate_all(vec![
        delete("h1"),
        delete("h1"),
        update("h1", "{}"),
        create(Some("h1"), None),
        update("h1", "{}"),
    ]);
    let done: Vec<bool> = outcomes.outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, false, true, true]);
}

#[test]
fn an_update_takes_effect_and_stands_in_the_way_of_no_undated_webhook() {
    let desk = Desk::new();
    let named = |name: &str| {
        json!({"type": "RecordUpdate", "id": "h1", "objectKey": "home", "locationId": "L",
            "properties": {"name": name}})
    };
    desk.post(&named("first"));
    assert!(desk.mutate(update("h1", r#"{"name":"second"}"#)).is_ok());
    assert_eq!(name(&desk, "h1").as_deref(), Some("second"));
    desk.post(&named("third"));
    assert_eq!(name(&desk, "h1").as_deref(), Some("third"));
    desk.post_at(HOUR, named("fourth"));
    assert!(desk.mutate(update("h1", r#"{"name":"fifth"}"#)).is_ok());
    assert_eq!(name(&desk, "h1").as_deref(), Some("fifth"));
    assert!(desk.mutate(delete("h1")).is_ok());
    assert!(!is_listed(&desk, "h1"));
}

#[test]
fn a_delete_hides_every_link_that_the_record_has() {
    let desk = Desk::new();
    desk.post(&defined("AssociationCreate", "W", ["Buyer", "Home"]));
    desk.post(&posted("RelationCreate", "undated", "W", "ann", "h1"));
    desk.post_at(DAY, posted("RelationCreate", "ahead", "W", "ben", "h1"));
    let interest = AssociationId::from("W");
    assert!(desk.link(&interest, "cyd", "h1").is_ok());
    assert_eq!(desk.relations("h1").len(), 3);
    // The record is known by its links alone.
    assert!(desk.mutate(delete("h1")).is_ok());
    assert_eq!((desk.relations("h1"), is_listed(&desk, "h1")), (vec![], false));
    assert!(desk.link(&interest, "dan", "h1").is_ok());
    assert_eq!((desk.relations("h1").len(), is_listed(&desk, "h1")), (1, true));
    // One that is deleted and linked again can be deleted again.
    assert!(desk.mutate(delete("h1")).is_ok());
    assert_eq!((desk.relations("h1"), is_listed(&desk, "h1")), (vec![], false));
    let unknown = Mutation::DeleteRecord { object: ObjectKey::from("deal"), id: "h1".into() };
    assert_eq!(desk.mutate(unknown), Err(MutationRefusal::RecordNotFound));
}
