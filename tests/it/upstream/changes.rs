//! That a location changes while it is read, and that webhooks report it as they are set to.

use std::collections::BTreeSet;
use std::time::Duration;

use super::client::{Client, started};
use super::whole::{ids, list, read};
use crate::support::database::fresh;
use crate::support::server::{Error, Server};
use crate::support::upstream::{
    Delivery, Fate, Location, Order, PageCap, PageCaps, Plan, Settings, Slip, Slips, StandIn,
    Truth, Webhook,
};

fn start(settings: Settings) -> (StandIn, Client, Location) {
    started(Plan::new(12).location(), settings)
}

#[test]
fn links_come_and_go_at_the_front_of_a_list_that_is_read() -> Result<(), Error> {
    let caps = PageCaps::all(PageCap::clamped(50));
    for (kind, order) in [(Slip::Go, Order::Oldest), (Slip::Come, Order::Newest)] {
        let (stand_in, client, location) = start(Settings { caps, order, ..Settings::default() });
        stand_in.change(|settings| settings.webhooks.of_companies = true);
        let hub = &location.records["contact"][0].id;
        let path = format!("/associations/relations/{hub}?locationId={{L}}");
        let before = ids(&list(&client, &path, "relations", 50)?);
        let from = stand_in.now();
        stand_in.change(|settings| settings.slips = Slips { kind, rows: 3, times: 2 });
        let rows = list(&client, &path, "relations", 50)?;
        let throughout: BTreeSet<String> = stand_in
            .truth_since(from)
            .relations
            .into_keys()
            .filter(|id| before.contains(id))
            .collect();
        let after = ids(&list(&client, &path, "relations", 50)?);
        let slipped = throughout.difference(&ids(&rows)).count();
        match kind {
            // Deleted at the front: as many behind were skipped.
            Slip::Go => assert_eq!((before.len() - after.len(), slipped), (6, 6)),
            // Made at the front: as many were seen twice.
            _ => assert_eq!(
                (after.len() - before.len(), slipped, rows.len()),
                (6, 0, before.len() + 6)
            ),
        }
        let kinds: Vec<String> = stand_in.webhooks().into_iter().map(|it| it.kind).collect();
        let kind = if kind == Slip::Go { "RelationDelete" } else { "RelationCreate" };
        assert_eq!(kinds, [kind; 6]);
    }
    Ok(())
}

#[test]
fn churn_is_reported_but_for_links_between_companies_and_contacts() -> Result<(), Error> {
    let (stand_in, client, _) = start(Settings { churn_every: 2, ..Settings::default() });
    let from = stand_in.now();
    let before = stand_in.truth();
    read(&client, 100)?;
    stand_in.change(|settings| settings.churn_every = 0);
    let webhooks = stand_in.webhooks();
    let kinds: BTreeSet<&str> = webhooks.iter().map(|it| &*it.kind).collect();
    for kind in ["RelationCreate", "RelationDelete", "AssociationUpdate", "ContactDelete"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    let throughout = stand_in.truth_since(from);
    assert!(throughout.relations.len() < before.relations.len());
    assert!(throughout.relations.keys().all(|id| before.relations.contains_key(id)));
    // What was read afterwards is what is there.
    let truth = stand_in.truth();
    assert_ne!(truth, before);
    assert_eq!(Truth { gone: truth.gone.clone(), ..read(&client, 100)? }, truth);

    let gone = |location: &Truth| -> BTreeSet<String> {
        before
            .relations
            .keys()
            .filter(|id| !location.relations.contains_key(*id))
            .cloned()
            .collect()
    };
    let company =
        |id: &String| before.relations[id].association == "BUSINESSES_CONTACTS_ASSOCIATION";
    let ends_gone = |id: &String| {
        let relation = &before.relations[id];
        [&relation.first, &relation.second].iter().any(|end| !truth.records.contains_key(*end))
    };
    let of = |kind: &str| -> BTreeSet<String> {
        let of = webhooks.iter().filter(|it| it.kind == kind);
        of.map(|it| it.body["id"].as_str().unwrap().to_owned()).collect()
    };
    let reported = of("RelationDelete");
    let gone = gone(&truth);
    assert!(gone.iter().any(company) && gone.iter().any(ends_gone));
    for id in &gone {
        assert!(reported.contains(id) || company(id) || ends_gone(id), "{id} went without a word");
    }
    assert!(!reported.iter().any(|id| before.relations.contains_key(id) && company(id)));

    Ok(())
}

#[test]
fn links_of_companies_and_cascades_are_reported_if_it_is_set() {
    let (stand_in, _, location) = start(Settings::default());
    stand_in.change(|settings| {
        settings.webhooks.of_companies = true;
        settings.webhooks.cascades = true;
    });
    let contact = location.records["contact"][1].id.clone();
    let owner = location.records["business"][1].id.clone();
    let at = location.associations.iter().position(|it| it.id == "BUSINESSES_CONTACTS_ASSOCIATION");
    stand_in.edit(|change| {
        assert!(change.make_relation(at.unwrap(), [owner, contact.clone()]).is_some());
        change.delete_record("contact", &contact);
    });
    let webhooks = stand_in.webhooks();
    let kinds: Vec<&str> = webhooks.iter().map(|it| &*it.kind).collect();
    assert_eq!(kinds[..3], ["RelationCreate", "ContactDelete", "RelationDelete"]);
}

#[test]
fn webhooks_are_late_lost_and_undated_as_they_are_set() -> Result<(), Error> {
    let (stand_in, _, _) = start(Settings::default());
    stand_in.change(|settings| {
        settings.webhooks = Delivery { lost_percent: 25, ..settings.webhooks.clone() };
    });
    stand_in.churn(200);
    let dated = |it: &Webhook| it.body["timestamp"].is_string();
    let webhooks = stand_in.webhooks();
    assert!(webhooks.iter().all(dated));
    let lost = webhooks.iter().filter(|it| it.fate == Fate::Lost).count();
    assert!(lost > webhooks.len() / 8 && lost < webhooks.len() / 2, "{lost}");
    stand_in.change(|settings| {
        settings.webhooks = Delivery {
            dated: false,
            lost_percent: 0,
            // Nobody waits that long.
            delay: Duration::from_secs(3_600),
            ..settings.webhooks.clone()
        };
    });
    let before = stand_in.now();
    stand_in.churn(20);
    let after = stand_in.now();
    let late = &stand_in.webhooks()[webhooks.len()..];
    assert!(!late.iter().any(dated));
    assert!(late.iter().all(|it| it.due >= before && it.due <= after + 3_600_000));
    assert!(late.iter().any(|it| it.due > after + 600_000));

    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let url = format!("http://{}/webhooks", server.address);
    stand_in.change(|settings| settings.webhooks.url = Some(url));
    // Time brings some of them, and the rest can be had at once.
    stand_in.pass(Duration::from_secs(1_800));
    stand_in.deliver();
    stand_in.churn(3);
    stand_in.pass(Duration::from_secs(3_600));
    stand_in.settle();
    let fates: BTreeSet<String> =
        stand_in.webhooks().iter().map(|it| format!("{:?}", it.fate)).collect();
    assert_eq!(fates.into_iter().collect::<Vec<_>>(), ["Delivered(200)", "Lost"]);
    Ok(())
}

/// What a store makes of the webhooks is what the location holds.
#[test]
fn a_store_that_has_all_webhooks_holds_what_the_location_holds() -> Result<(), Error> {
    for dated in [true, false] {
        let location = Plan::of(13, &[("contact", 0), ("custom_objects.house", 0)], &[]).location();
        let settings = Settings::default();
        let webhooks = Delivery { dated, of_companies: true, ..settings.webhooks.clone() };
        let stand_in = StandIn::start(location.clone(), Settings { webhooks, ..settings });
        stand_in.edit(|change| {
            change.make_association("owner", ["custom_objects.house", "contact"]);
            let gone = change.make_association("gone", ["contact", "contact"]);
            for number in 0..30 {
                change.make_record("contact", &format!("Amara {number}"));
                change.make_record("custom_objects.house", &format!("{number} Elm"));
            }
            let [one, two] =
                [0, 1].map(|at: usize| change.location.records["contact"][at].id.clone());
            change.make_relation(1, [one, two]);
            change.delete_association(&gone);
        });
        for _ in 0..400 {
            // So that no two changes have one time.
            stand_in.pass(Duration::from_millis(1));
            stand_in.churn(1);
        }
        let (_directory, db) = fresh()?;
        let server = Server::start(&db)?;
        let url = format!("http://{}/webhooks", server.address);
        stand_in.change(|settings| settings.webhooks.url = Some(url));
        stand_in.deliver();
        let truth = stand_in.truth();
        assert!(truth.relations.len() > 20 && !truth.gone.is_empty());
        let path = format!("/v1/locations/{}/export?format=csv&layer=records", location.id);
        let rows = server.get(&path)?.text();
        let mut reader = csv::Reader::from_reader(rows.as_bytes());
        let rows: BTreeSet<String> = reader.records().map(|it| it.unwrap()[8].to_owned()).collect();
        assert_eq!(rows, truth.relations.keys().cloned().collect(), "dated: {dated}");
    }
    Ok(())
}
