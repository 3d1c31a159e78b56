//! A pull from the stand-in into a store, and what must be in the store then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relata::Store;
use relata::graph::Layers;
use relata::pull::{
    BaseUrl, EventCounts, EventWriter, PullError, ReadSettings, Reader, Report, Secret, Stop,
    StoreDestination, UpstreamSettings,
};
use relata::webhook::Keep;

use crate::support::upstream::{Location, Plan, StandIn, TrueRelation, Truth};

/// The settings of a pull that a test may change.
pub(crate) struct Pull {
    pub(crate) upstream: UpstreamSettings,
    pub(crate) read: ReadSettings,
    pub(crate) keep: Keep,
    pub(crate) stop: Stop,
}

impl Pull {
    /// As fast as possible, and with short pauses.
    pub(crate) fn of(stand_in: &StandIn, location: &Location) -> Self {
        let base = BaseUrl::parse(&stand_in.url(), false).unwrap();
        let token = Secret::parse(location.token.clone()).unwrap();
        let upstream = UpstreamSettings {
            rate: 100_000.0,
            concurrency: 8,
            unlimited: true,
            daily_reserve: 0,
            first_pause: Duration::from_millis(2),
            timeout: Duration::from_secs(3),
            ..UpstreamSettings::new(base, token)
        };
        let read = ReadSettings {
            settle: Duration::from_millis(20),
            sample: 20,
            ..ReadSettings::new(location.id.clone())
        };
        Self { upstream, read, keep: Keep::Names, stop: Stop::default() }
    }

    pub(crate) fn run(&self, store: &Store) -> Result<(Report, EventCounts), PullError> {
        let reader =
            Reader::new(self.upstream.clone(), self.read.clone(), self.stop.clone()).unwrap();
        let destination = StoreDestination(store);
        let mut writer = EventWriter::new(&self.read.location, self.keep, destination)?;
        let report = reader.read(&mut writer, None, &mut |_| ())?;
        let counts = writer.counts().clone();
        assert_eq!((counts.refused, &counts.refusal), (0, &None));
        Ok((report, counts))
    }

    /// Runs into a store of its own, which must have all then.
    pub(crate) fn run_whole(&self, stand_in: &StandIn) -> (Store, Report) {
        let store = Store::in_memory().unwrap();
        let (report, _) = self.run(&store).unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert_same(&store, &self.read.location, &stand_in.truth());
        (store, report)
    }
}

/// The location of most tests.
pub(crate) fn planned() -> Location {
    Plan::new(7).location()
}

/// The relations of a location in a store.
pub(crate) fn relations(store: &Store, location: &str) -> BTreeMap<String, TrueRelation> {
    let Some(location) = store.location(location).unwrap() else { return BTreeMap::new() };
    let snapshot = location.read().snapshot();
    let links = snapshot.links(Layers::Records);
    let relation = |link: &relata::graph::Edge<'_>| {
        let end = |object: &str, record: Option<&str>| {
            (object.to_owned(), record.unwrap_or_default().to_owned())
        };
        TrueRelation {
            association: link.association.to_owned(),
            first: end(link.first.object, link.first.record),
            second: end(link.second.object, link.second.record),
        }
    };
    links.iter().map(|link| (link.relation.unwrap().to_owned(), relation(link))).collect()
}

/// The records of a location in a store, with their names.
pub(crate) fn records(store: &Store, location: &str) -> BTreeMap<(String, String), String> {
    let location = store.location(location).unwrap().unwrap();
    let snapshot = location.read().snapshot();
    let nodes = snapshot.nodes(Layers::Records);
    let named = nodes.iter().map(|node| {
        let id = node.record.unwrap_or_default().to_owned();
        ((node.object.to_owned(), id), node.name.unwrap_or_default().to_owned())
    });
    named.collect()
}

/// The labels of the associations of a location in a store.
pub(crate) fn labels(store: &Store, location: &str) -> BTreeMap<String, [String; 2]> {
    let location = store.location(location).unwrap().unwrap();
    let graph = location.read();
    let rows = graph.view().associations().map(|row| {
        let ends = [&row.association.first, &row.association.second];
        (row.association.id.to_string(), ends.map(|end| end.label.to_string()))
    });
    rows.collect()
}

/// Checks that a store has exactly what a location holds.
pub(crate) fn assert_same(store: &Store, location: &str, truth: &Truth) {
    let found = relations(store, location);
    let missing: Vec<_> =
        truth.relations.iter().filter(|(id, it)| found.get(*id) != Some(it)).collect();
    assert!(missing.is_empty(), "{} relations are missing: {:?}", missing.len(), missing.first());
    let extra: BTreeSet<_> = found.keys().filter(|id| !truth.relations.contains_key(*id)).collect();
    assert_eq!(extra, BTreeSet::new(), "relations that are not there");
    let found = records(store, location);
    let missing: Vec<_> =
        truth.records.iter().filter(|(id, name)| found.get(*id) != Some(name)).collect();
    assert!(missing.is_empty(), "{} records: {:?}", missing.len(), missing.first());
    assert_eq!(found.len(), truth.records.len());
    let expected: BTreeMap<_, _> =
        truth.associations.iter().map(|(id, it)| (id.clone(), it.labels.clone())).collect();
    assert_eq!(labels(store, location), expected);
}
