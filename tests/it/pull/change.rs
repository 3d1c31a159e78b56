//! A location that changes while it is read, and one that is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relata::Store;
use relata::pull::{BaseUrl, EventWriter, Reader, ServerDestination};
use relata::webhook::Keep;
use serde_json::json;

use crate::pull::pulled::{Pull, assert_same, labels, planned, relations};
use crate::support::database::fresh;
use crate::support::server::Server;
use crate::support::upstream::{Delivery, Fate, Plan, Settings, Slip, Slips, StandIn};

#[test]
fn no_link_that_was_there_throughout_is_missing_from_lists_that_slip() {
    // One end of the links is listed alone, and nothing is read a second way.
    let records = [("contact", 30), ("custom_objects.property", 400)];
    let joins = [("interest", ["contact", "custom_objects.property"], 420)];
    for kind in [Slip::Turn, Slip::Go, Slip::Come] {
        for rows in [1, 3] {
            let location = Plan { hub: 300, ..Plan::of(3, &records, &joins) }.location();
            let slips = Slips { kind, rows, times: 3 };
            let stand_in =
                StandIn::start(location.clone(), Settings { slips, ..Settings::default() });
            let start = stand_in.now();
            let mut pull = Pull::of(&stand_in, &location);
            (pull.read.page_size, pull.read.sample) = (Some(50), 0);
            let store = Store::in_memory().unwrap();
            let (report, _) = pull.run(&store).unwrap();
            assert!(report.methods.keys().eq(["contact"]));
            let found = relations(&store, &location.id);
            for (id, relation) in stand_in.truth_since(start).relations {
                assert_eq!(found.get(&id), Some(&relation), "{kind:?} {rows}");
            }
        }
    }
}

#[test]
fn a_list_that_moves_whenever_it_is_read_is_reported() {
    let location = planned();
    let slips = Slips { kind: Slip::Turn, rows: 1, times: usize::MAX };
    let stand_in = StandIn::start(location.clone(), Settings { slips, ..Settings::default() });
    let mut pull = Pull::of(&stand_in, &location);
    pull.read.page_size = Some(50);
    let store = Store::in_memory().unwrap();
    let (report, _) = pull.run(&store).unwrap();
    assert!(!report.unstable.is_empty() && !report.is_complete(), "{report:?}");
    assert_same(&store, &location.id, &stand_in.truth());
}

/// What a pull beside webhooks must hold to, however those arrive.
struct Beside {
    dated: bool,
    delay: Duration,
    lost_percent: u64,
    lag: Duration,
}

impl Beside {
    /// Pulls into a server that receives the webhooks of a location that changes meanwhile.
    fn check(&self) {
        let location = planned();
        let webhooks = Delivery {
            dated: self.dated,
            delay: self.delay,
            lost_percent: self.lost_percent,
            of_companies: true,
            // Without a date, a deleted record hides no link by itself.
            cascades: true,
            ..Settings::default().webhooks
        };
        let settings = Settings { webhooks, lag: self.lag, churn_every: 3, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let (_folder, db) = fresh().unwrap();
        let server = Server::start(&db).unwrap();
        let url = format!("http://{}", server.address);
        stand_in.change(|it| it.webhooks.url = Some(format!("{url}/webhooks")));
        let start = stand_in.now();
        let pull = Pull::of(&stand_in, &location);
        let base = BaseUrl::parse(&url, false).unwrap();
        let pause = Duration::from_millis(2);
        let to = ServerDestination::new(base, None, None, pause, pull.stop.clone()).unwrap();
        let mut writer = EventWriter::new(&location.id, Keep::Names, to).unwrap();
        let reader = Reader::new(pull.upstream.clone(), pull.read.clone(), pull.stop.clone());
        reader.unwrap().read(&mut writer, None, &mut |_| ()).unwrap();
        let throughout = stand_in.truth_since(start);
        stand_in.change(|it| it.churn_every = 0);
        stand_in.deliver();
        let truth = stand_in.truth();
        drop(server);
        let store = Store::open_read_only(&db).unwrap();
        let found = relations(&store, &location.id);

        for (id, relation) in &throughout.relations {
            assert_eq!(found.get(id), Some(relation), "it was there throughout");
        }
        let webhooks = stand_in.webhooks();
        let is_delivered = |fate: Fate| matches!(fate, Fate::Delivered(200));
        let ids = |kind: &str, arrived: bool| -> BTreeSet<String> {
            let those = webhooks.iter().filter(|it| it.kind == kind);
            let those = those.filter(|it| is_delivered(it.fate) == arrived);
            those.map(|it| it.body["id"].as_str().unwrap().to_owned()).collect()
        };
        let deleted = ids("RelationDelete", true);
        assert!(!deleted.is_empty(), "nothing was deleted");
        let back: Vec<_> = deleted.iter().filter(|id| found.contains_key(*id)).collect();
        assert!(back.is_empty(), "{} deleted links are back", back.len());
        // What else differs is what lost webhooks explain.
        let lost = [ids("RelationCreate", false), ids("RelationDelete", false)];
        let differs = |id: &&String| found.get(*id) != truth.relations.get(*id);
        let all: BTreeSet<&String> = found.keys().chain(truth.relations.keys()).collect();
        let unexplained: Vec<_> = all
            .into_iter()
            .filter(differs)
            .filter(|it| !lost.iter().any(|ids| ids.contains(*it)))
            .collect();
        assert_eq!(unexplained, Vec::<&String>::new());
    }
}

#[test]
fn what_is_deleted_stays_deleted_and_what_stays_is_there() {
    for dated in [true, false] {
        for (delay, lost_percent, lag) in [(0, 0, 0), (400, 0, 0), (0, 10, 0), (300, 0, 200)] {
            let [delay, lag] = [delay, lag].map(Duration::from_millis);
            Beside { dated, delay, lost_percent, lag }.check();
        }
    }
}

#[test]
fn a_second_pull_of_an_unchanged_location_writes_nothing() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let pull = Pull::of(&stand_in, &location);
    let store = Store::in_memory().unwrap();
    let (_, first) = pull.run(&store).unwrap();
    assert!(first.applied > 0 && first.stale == 0, "{first:?}");
    let head = store.head();
    let (report, second) = pull.run(&store).unwrap();
    assert_eq!((second.applied, second.stale, store.head()), (0, 0, head));
    assert!(report.is_complete() && second.unchanged > 0);
}

#[test]
fn a_second_pull_brings_new_names_and_labels() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let pull = Pull::of(&stand_in, &location);
    let (store, _) = pull.run_whole(&stand_in);
    let truth = stand_in.truth();
    let association = truth.associations.iter().find(|(_, it)| !it.is_system).unwrap().0;
    stand_in.edit(|it| it.rename_association(association, ["Former", "Latter"]));
    let (object, record) = truth.records.keys().next().unwrap();
    stand_in.edit(|it| it.rename_record(object, record, "Amara Okafor"));
    let head = store.head();
    pull.run(&store).unwrap();
    assert_eq!(store.head(), head + 2);
    assert_same(&store, &location.id, &stand_in.truth());
    // And names that come back are taken again.
    let before = truth.associations[association].labels.each_ref().map(String::as_str);
    stand_in.edit(|it| it.rename_association(association, before));
    pull.run(&store).unwrap();
    assert_eq!(labels(&store, &location.id)[association], before);
}

/// A definition replaces another as a whole, and the sender's lists lack the cardinalities.
#[test]
fn cardinalities_that_a_webhook_brought_are_kept() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let truth = stand_in.truth();
    let (id, known) = truth.associations.iter().next().unwrap();
    let store = Store::in_memory().unwrap();
    let body = json!({
        "type": "AssociationUpdate", "id": id, "locationId": location.id, "key": known.key,
        "firstObjectKey": known.objects[0], "firstObjectLabel": "Old",
        "secondObjectKey": known.objects[1], "secondObjectLabel": "Old",
        "firstObjectToSecondObjectCardinality": "ONE_TO_MANY",
        "secondObjectToFirstObjectCardinality": "MANY_TO_MANY",
    });
    let create = body.to_string().replace("AssociationUpdate", "AssociationCreate");
    store.ingest(create.as_bytes()).unwrap();
    Pull::of(&stand_in, &location).run(&store).unwrap();
    assert_same(&store, &location.id, &truth);
    let there = store.location(&location.id).unwrap().unwrap();
    let graph = there.read();
    let row = graph.view().association_by_id(id).unwrap();
    assert_eq!(row.association.first_to_second.as_deref(), Some("ONE_TO_MANY"));
    assert_eq!(row.association.second_to_first.as_deref(), Some("MANY_TO_MANY"));
}

#[test]
fn pulled_events_say_where_they_are_from_and_when_they_were_read() {
    let location = planned();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let (store, _) = Pull::of(&stand_in, &location).run_whole(&stand_in);
    let events = store.events(&location.id, 0, 10_000).unwrap();
    assert_eq!(events.events.len() as u64, store.head());
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for event in &events.events {
        let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(body["origin"], "pull", "{body}");
        assert!(body["observedAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{body}");
        assert!(body.get("timestamp").is_none() && body.get("webhookId").is_none(), "{body}");
        *kinds.entry(body["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected = [
        "AssociationCreate",
        "ContactCreate",
        "LocationCreate",
        "ObjectSchemaCreate",
        "OpportunityCreate",
        "RecordCreate",
        "RelationCreate",
    ];
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(kinds["ContactCreate"], 110);
}
