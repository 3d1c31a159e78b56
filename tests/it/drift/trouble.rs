//! A sender that lists too little, or nothing at all.

use std::time::Duration;

use relata::drift::{
    DriftError, DriftSettings, Kind, RepairSettings, Verdict, compare_with_sender, repair,
};
use relata::pull::{Method, PullError, Reader};

use crate::drift::compared::Pulled;
use crate::pull::pulled::Pull;
use crate::support::upstream::{Embedded, Refusals, Settings};

/// Lists of several kinds of links lose rows, and all lists are behind.
#[test]
fn no_living_link_is_confirmed_as_extra_where_lists_lose_rows() {
    let pulled = Pulled::with(Settings::default());
    pulled.stand_in.churn(20);
    pulled.receive();
    pulled.stand_in.change(|it| {
        it.mixed_loss_percent = 50;
        it.embedded = Embedded::Absent;
        it.lag = Duration::from_millis(200);
    });
    let Pull { upstream, mut read, stop, .. } = Pull::of(&pulled.stand_in, &pulled.location);
    (read.method, read.sample) = (Some(Method::List), 0);
    let reader = Reader::new(upstream, read, stop).unwrap();
    let settings = DriftSettings { settle: Duration::from_millis(300), ..Default::default() };
    let requests = pulled.stand_in.seen().len();
    let comparison = compare_with_sender(&pulled.store, &reader, &settings, &mut |_| ()).unwrap();
    let report = comparison.report.as_ref().unwrap();
    assert_eq!(report.requests, (pulled.stand_in.seen().len() - requests) as u64);
    // There was something to confirm, and nothing of it is extra.
    assert!(report.relations < pulled.stand_in.truth().relations.len() as u64);
    let extra = comparison.findings.iter().filter(|it| it.difference.kind() == Kind::Extra);
    let truth = pulled.stand_in.truth();
    let living = extra.filter(|it| truth.relations.contains_key(it.difference.id()));
    assert_eq!(living.count(), 0);
}

#[test]
fn a_token_that_sees_no_links_deletes_none() {
    let pulled = Pulled::with(Settings::default());
    let refusals = |denied, blind| Refusals { denied, blind, ..Settings::default().refusals };
    let scope = "associations/relation.readonly";
    pulled.stand_in.change(|it| it.refusals = refusals(vec![scope], Vec::new()));
    let error = pulled.try_compare().unwrap_err();
    assert!(matches!(&error, DriftError::Upstream(PullError::Refused(_))), "{error}");
    assert!(error.to_string().contains(scope), "{error}");

    pulled.stand_in.change(|it| {
        it.refusals = refusals(Vec::new(), vec![scope]);
        it.embedded = Embedded::Absent;
    });
    let comparison = pulled.compare();
    assert_eq!(comparison.findings.len(), comparison.relations);
    let head = pulled.store.head();
    let repair = |allow_mass_delete| {
        let settings = RepairSettings { allow_mass_delete, ..RepairSettings::default() };
        repair(&pulled.store, &pulled.location.id, &comparison, &settings)
    };
    let error = repair(false).unwrap_err();
    let alive = comparison.relations;
    assert!(
        matches!(error, DriftError::MassDelete { going, alive: all } if going == alive && all == alive),
        "{error}"
    );
    assert_eq!(pulled.store.head(), head);
    repair(true).unwrap();
    assert_eq!(pulled.store.head(), head + alive as u64);
}

#[test]
fn what_is_beyond_the_limit_is_reported_unconfirmed_and_stays() {
    let pulled = Pulled::with(Settings::default());
    let ids: Vec<String> = pulled.stand_in.truth().relations.keys().take(5).cloned().collect();
    for id in &ids {
        pulled.stand_in.edit(|it| it.delete_relation(id));
    }
    pulled.stand_in.pass(Duration::from_secs(3));
    let settle = Duration::from_millis(1);
    let settings = DriftSettings { settle, confirm_max: 2, ..Default::default() };
    let comparison =
        compare_with_sender(&pulled.store, &pulled.reader(), &settings, &mut |_| ()).unwrap();
    let unconfirmed = comparison.findings.iter().filter(|it| it.verdict == Verdict::Unconfirmed);
    assert_eq!((comparison.findings.len(), unconfirmed.count()), (5, 3));
    let head = pulled.store.head();
    pulled.repair(&comparison);
    assert_eq!(pulled.store.head(), head + 2);
}
