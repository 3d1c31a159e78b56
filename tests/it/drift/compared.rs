//! Comparisons with the stand-in, and differences of a store as they really are.

use std::collections::BTreeSet;
use std::time::Duration;

use relata::Store;
use relata::drift::{
    Comparison, DriftError, DriftSettings, Kind, Repair, RepairSettings, Verdict, What,
    compare_with_sender, repair,
};
use relata::pull::Reader;

use crate::pull::pulled::{Pull, labels, planned, records, relations};
use crate::support::upstream::{Fate, Location, Settings, StandIn};

/// A store that has all of a location, and the location.
pub(crate) struct Pulled {
    pub(crate) stand_in: StandIn,
    pub(crate) location: Location,
    pub(crate) store: Store,
}

impl Pulled {
    pub(crate) fn with(settings: Settings) -> Self {
        let location = planned();
        let stand_in = StandIn::start(location.clone(), settings);
        let (store, _) = Pull::of(&stand_in, &location).run_whole(&stand_in);
        Self { stand_in, location, store }
    }

    /// Hands the webhooks that are not lost to the store.
    pub(crate) fn receive(&self) {
        for webhook in self.stand_in.webhooks().iter().filter(|it| it.fate == Fate::Waiting) {
            self.store.ingest(webhook.body.to_string().as_bytes()).unwrap();
        }
    }

    pub(crate) fn reader(&self) -> Reader {
        let Pull { upstream, read, stop, .. } = Pull::of(&self.stand_in, &self.location);
        Reader::new(upstream, read, stop).unwrap()
    }

    /// Compares, when what happened before is some seconds old: a `Date` has no milliseconds.
    pub(crate) fn try_compare(&self) -> Result<Comparison, DriftError> {
        self.stand_in.pass(Duration::from_secs(3));
        let settings = DriftSettings { settle: Duration::from_millis(1), ..Default::default() };
        compare_with_sender(&self.store, &self.reader(), &settings, &mut |_| ())
    }

    pub(crate) fn compare(&self) -> Comparison {
        let comparison = self.try_compare().unwrap();
        assert!(comparison.is_complete(), "{:?}", comparison.report);
        comparison
    }

    pub(crate) fn repair(&self, comparison: &Comparison) -> Vec<Repair> {
        let settings = RepairSettings::default();
        repair(&self.store, &self.location.id, comparison, &settings).unwrap()
    }

    /// The differences between the store and what the location really holds.
    pub(crate) fn real(&self) -> BTreeSet<(Kind, What, String)> {
        let truth = self.stand_in.truth();
        let (mut found, id) = (BTreeSet::new(), &self.location.id);
        let mut add = |what, there: Vec<&String>, here: Vec<&String>| {
            let [there, here] = [there, here].map(|it| it.into_iter().collect::<BTreeSet<_>>());
            let missing = there.difference(&here).map(|it| (Kind::Missing, what, (*it).clone()));
            let extra = here.difference(&there).map(|it| (Kind::Extra, what, (*it).clone()));
            found.extend(missing.chain(extra));
        };
        let here = relations(&self.store, id);
        add(What::Relation, truth.relations.keys().collect(), here.keys().collect());
        let here = records(&self.store, id);
        let [one, other] = [&truth.records, &here].map(|it| it.keys().map(|it| &it.1).collect());
        add(What::Record, one, other);
        let here = labels(&self.store, id);
        add(What::Association, truth.associations.keys().collect(), here.keys().collect());
        for (id, association) in &truth.associations {
            if here.get(id).is_some_and(|labels| *labels != association.labels) {
                found.insert((Kind::Different, What::Association, id.clone()));
            }
        }
        found
    }
}

/// What a comparison found.
pub(crate) fn found(comparison: &Comparison) -> BTreeSet<(Kind, What, String)> {
    let differences = comparison.findings.iter().map(|it| &it.difference);
    differences.map(|it| (it.kind(), it.what(), it.id().to_owned())).collect()
}

/// Checks that everything that was found is confirmed.
pub(crate) fn assert_confirmed(comparison: &Comparison) {
    let confirmed = |it: &Verdict| matches!(it, Verdict::Confirmed { .. });
    assert!(comparison.findings.iter().all(|it| confirmed(&it.verdict)));
}
