//! What a comparison finds, and what a repair does about it.

use relata::Timestamp;
use relata::drift::{Kind, Repair, What};
use serde_json::{Value, json};

use crate::drift::compared::{Pulled, assert_confirmed, found};
use crate::pull::pulled::labels;
use crate::support::upstream::{Delivery, Settings};

fn settings(lost_percent: u64, dated: bool) -> Settings {
    let webhooks = Delivery {
        dated,
        lost_percent,
        of_companies: true,
        cascades: true,
        ..Settings::default().webhooks
    };
    Settings { webhooks, ..Settings::default() }
}

#[test]
fn a_fresh_pull_has_no_difference() {
    let pulled = Pulled::with(Settings::default());
    let comparison = pulled.compare();
    assert_eq!(comparison.findings, []);
    assert_eq!(comparison.seq, pulled.store.head());
    assert_eq!(comparison.relations, pulled.stand_in.truth().relations.len());
}

/// The findings are the difference of the two sets, and after a repair there is none.
#[test]
fn what_lost_webhooks_leave_is_found_and_repaired() {
    for dated in [true, false] {
        let pulled = Pulled::with(settings(30, dated));
        pulled.stand_in.churn(120);
        pulled.receive();
        let comparison = pulled.compare();
        assert_confirmed(&comparison);
        let real = pulled.real();
        assert!(real.len() > 10, "{real:?}");
        assert_eq!(found(&comparison), real, "dated: {dated}");
        let repairs = pulled.repair(&comparison);
        let left: Vec<_> = repairs.iter().zip(&comparison.findings).collect();
        let left: Vec<_> =
            left.into_iter().filter(|(it, _)| !matches!(it, Repair::Applied(_))).collect();
        assert!(left.is_empty(), "dated: {dated}: {left:?}");
        assert_eq!(pulled.real(), [].into(), "dated: {dated}");
        let head = pulled.store.head();
        let again = pulled.compare();
        assert_eq!(again.findings, []);
        assert_eq!(pulled.store.head(), head);
    }
}

/// Of links between companies and contacts the sender reports nothing.
#[test]
fn links_that_have_no_webhooks_are_removed() {
    let pulled = Pulled::with(Settings::default());
    let truth = pulled.stand_in.truth();
    let silent = truth
        .relations
        .iter()
        .filter(|(_, it)| it.association == "BUSINESSES_CONTACTS_ASSOCIATION")
        .map(|(id, _)| id.clone());
    let gone: Vec<String> = silent.take(5).collect();
    for id in &gone {
        pulled.stand_in.edit(|it| it.delete_relation(id));
    }
    pulled.receive();
    let comparison = pulled.compare();
    let expected = gone.into_iter().map(|id| (Kind::Extra, What::Relation, id)).collect();
    assert_eq!(found(&comparison), expected);
    let events = pulled.repair(&comparison);
    assert!(events.iter().all(|it| matches!(it, Repair::Applied(Some(_)))));
    assert_eq!(pulled.compare().findings, []);
}

/// A body that the store accepts about one association, as the location has it.
fn definition(pulled: &Pulled, id: &str, kind: &str, dated: bool) -> Value {
    let known = &pulled.stand_in.truth().associations[id];
    let mut body = json!({
        "type": kind, "id": id, "locationId": pulled.location.id, "key": known.key,
        "associationType": "USER_DEFINED",
        "firstObjectKey": known.objects[0], "firstObjectLabel": known.labels[0],
        "secondObjectKey": known.objects[1], "secondObjectLabel": known.labels[1],
        "firstObjectToSecondObjectCardinality": "ONE_TO_MANY",
        "secondObjectToFirstObjectCardinality": "MANY_TO_MANY",
    });
    if dated {
        body["timestamp"] = json!(Timestamp::from_millis(pulled.stand_in.now()).to_string());
    }
    body
}

#[test]
fn a_lost_rename_is_repaired_and_cardinalities_stay() {
    for dated in [true, false] {
        let pulled = Pulled::with(settings(100, dated));
        let truth = pulled.stand_in.truth();
        let id = truth.associations.iter().find(|(_, it)| !it.is_system).unwrap().0;
        let update = definition(&pulled, id, "AssociationUpdate", dated);
        pulled.store.ingest(update.to_string().as_bytes()).unwrap();
        pulled.stand_in.edit(|it| it.rename_association(id, ["Former", "Latter"]));
        let comparison = pulled.compare();
        let expected = [(Kind::Different, What::Association, id.clone())];
        assert_eq!(found(&comparison), expected.into());
        assert!(matches!(pulled.repair(&comparison)[..], [Repair::Applied(Some(_))]));
        assert_eq!(labels(&pulled.store, &pulled.location.id)[id], ["Former", "Latter"]);
        let location = pulled.store.location(&pulled.location.id).unwrap().unwrap();
        let association = location.read().association(id).unwrap().clone();
        assert_eq!(association.first_to_second.as_deref(), Some("ONE_TO_MANY"));
        assert_eq!(association.second_to_first.as_deref(), Some("MANY_TO_MANY"));
        // An undated definition stays open to undated updates.
        pulled.stand_in.pass(std::time::Duration::from_secs(3));
        let update = definition(&pulled, id, "AssociationUpdate", dated);
        let update = update.to_string().replace("Former", "Newest");
        pulled.store.ingest(update.as_bytes()).unwrap();
        assert_eq!(labels(&pulled.store, &pulled.location.id)[id], ["Newest", "Latter"]);
    }
}

fn delete(pulled: &Pulled, id: &str, at: Option<i64>) -> String {
    let relation = &pulled.stand_in.truth().relations[id];
    let mut body = json!({
        "type": "RelationDelete", "id": id, "locationId": pulled.location.id,
        "associationId": relation.association,
        "firstObjectKey": relation.first.0, "firstRecordId": relation.first.1,
        "secondObjectKey": relation.second.0, "secondRecordId": relation.second.1,
    });
    if let Some(at) = at {
        body["timestamp"] = json!(Timestamp::from_millis(at).to_string());
    }
    body.to_string()
}

#[test]
fn a_tombstone_gives_way_to_the_sender_unless_its_clock_is_fast() {
    let pulled = Pulled::with(Settings::default());
    let truth = pulled.stand_in.truth();
    let ids: Vec<&String> = truth.relations.keys().take(3).collect();
    let now = pulled.stand_in.now();
    for (id, at) in ids.iter().zip([None, Some(now), Some(now + 3_600_000)]) {
        pulled.store.ingest(delete(&pulled, id, at).as_bytes()).unwrap();
    }
    let comparison = pulled.compare();
    assert_confirmed(&comparison);
    let missing = ids.iter().map(|id| (Kind::Missing, What::Relation, (*id).clone()));
    assert_eq!(found(&comparison), missing.collect());
    let head = pulled.store.head();
    let repairs = pulled.repair(&comparison);
    let applied = |it: &&Repair| matches!(it, Repair::Applied(Some(_)));
    assert_eq!(repairs.iter().filter(applied).count(), 2, "{repairs:?}");
    assert_eq!(repairs.iter().filter(|it| **it == Repair::Clock).count(), 1, "{repairs:?}");
    assert_eq!(pulled.store.head(), head + 2);
    let clock = [(Kind::Missing, What::Relation, ids[2].clone())];
    assert_eq!(found(&pulled.compare()), clock.into());
}

#[test]
fn what_a_webhook_changes_before_the_repair_is_skipped() {
    let pulled = Pulled::with(settings(100, true));
    let truth = pulled.stand_in.truth();
    let ids: Vec<&String> = truth.relations.keys().take(2).collect();
    for id in &ids {
        pulled.stand_in.edit(|it| it.delete_relation(id));
    }
    let comparison = pulled.compare();
    assert_eq!(comparison.findings.len(), 2);
    let late = pulled.stand_in.webhooks().into_iter().next().unwrap();
    assert_eq!(late.body["id"], **ids[0]);
    pulled.store.ingest(late.body.to_string().as_bytes()).unwrap();
    let head = pulled.store.head();
    let repairs = pulled.repair(&comparison);
    assert_eq!(repairs, [Repair::Skipped, Repair::Applied(Some(head + 1))]);
    assert_eq!(pulled.compare().findings, []);
}

#[test]
fn repairs_say_where_they_are_from() {
    let pulled = Pulled::with(settings(100, true));
    let id = pulled.stand_in.truth().relations.keys().next().unwrap().clone();
    pulled.stand_in.edit(|it| it.delete_relation(&id));
    let comparison = pulled.compare();
    pulled.repair(&comparison);
    let at = comparison.findings[0].confirmed_at().unwrap();
    let page = pulled.store.events(&pulled.location.id, pulled.store.head() - 1, 1).unwrap();
    let body: Value = serde_json::from_str(&page.events[0].body).unwrap();
    assert_eq!((&body["type"], &body["origin"]), (&json!("RelationDelete"), &json!("drift")));
    assert_eq!((&body["id"], &body["timestamp"]), (&json!(id), &json!(at.to_string())));
}
