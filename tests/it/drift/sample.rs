//! Comparing a sample, and what it says about the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use relata::drift::{DriftSettings, Thing, compare_sample};

use crate::drift::compared::Pulled;
use crate::pull::pulled::records;
use crate::support::upstream::Settings;

/// With a confidence of 95 %, the interval misses the true part in one of 20 cases.
#[test]
fn the_interval_holds_in_nearly_all_samples() {
    let pulled = Pulled::with(Settings::default());
    let truth = pulled.stand_in.truth();
    let gone: Vec<String> = truth.relations.keys().step_by(100).cloned().collect();
    for id in &gone {
        pulled.stand_in.edit(|it| it.delete_relation(id));
    }
    pulled.stand_in.pass(Duration::from_secs(3));
    let comparison = pulled.compare();
    assert_eq!(comparison.findings.len(), gone.len());
    let differing: BTreeSet<(String, String)> = comparison
        .findings
        .iter()
        .filter_map(|it| match it.difference.local() {
            Some(Thing::Relation(it)) => Some([it.first.clone(), it.second.clone()]),
            _ => None,
        })
        .flatten()
        .map(|it| (it.object.as_str().to_owned(), it.id.as_str().to_owned()))
        .collect();
    // What a pull lists, and so what is sampled.
    let methods = comparison.report.unwrap().methods;
    let all = records(&pulled.store, &pulled.location.id);
    let all: Vec<_> = all.into_keys().filter(|it| methods.contains_key(&it.0)).collect();
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let part = all.iter().filter(|it| differing.contains(*it)).count() as f64 / all.len() as f64;
    assert!(part > 0.005, "{part}");

    let settings = DriftSettings { settle: Duration::from_millis(1), ..Default::default() };
    let (mut held, mut chosen) = (0, BTreeSet::new());
    for seed in 0..20 {
        let reader = pulled.reader();
        let (found, estimate) =
            compare_sample(&pulled.store, &reader, &settings, 40, seed).unwrap();
        assert_eq!((estimate.sampled, estimate.records), (40, all.len()));
        assert_eq!(found.findings.is_empty(), estimate.different == 0);
        let [low, high] = estimate.between;
        held += usize::from((low..=high).contains(&part));
        chosen.insert(found.findings.len());
    }
    assert!(held >= 19, "{held} of 20");
    assert!(chosen.len() > 1, "each seed chooses the same records");
    // All of them say exactly how many.
    let whole = compare_sample(&pulled.store, &pulled.reader(), &settings, 10_000, 1).unwrap().1;
    assert!(whole.between.iter().all(|it| (it - part).abs() < 1e-9), "{whole:?} {part}");
}
