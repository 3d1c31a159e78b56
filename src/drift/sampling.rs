//! Comparing the links of some records alone, and what that says about the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::compare::compare;
use crate::drift::comparison::{Comparison, DriftSettings};
use crate::drift::confirming::Confirming;
use crate::drift::difference::{Difference, Thing, What};
use crate::drift::error::DriftError;
use crate::drift::finding::{Finding, Verdict};
use crate::drift::local::{Local, read_local};
use crate::drift::scope::Scope;
use crate::drift::state::State;
use crate::model::{Association, RecordRef, Relation};
use crate::pull::{Reader, Report, Sample, Sampled};
use crate::store::Store;

/// The number of standard deviations that 95 % of a normal distribution are within.
const Z: f64 = 1.96;

/// What a sample says about all records whose links could have been read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleEstimate {
    /// Records of the store whose links were compared.
    pub sampled: usize,
    /// Those of them with a difference.
    pub different: usize,
    /// Records of the store that the sample was taken from.
    pub records: usize,
    /// The part of these records that differ is between these, with a confidence of 95 %.
    pub between: [f64; 2],
}

impl SampleEstimate {
    /// Estimates a part by Wilson's interval, which holds for parts near zero, too.
    #[expect(clippy::cast_precision_loss, reason = "numbers of records")]
    fn new(sampled: usize, different: usize, records: usize) -> Self {
        let all = (sampled.max(1)) as f64;
        let part = different as f64 / all;
        let (centre, spread) = (
            part + Z * Z / (2.0 * all),
            Z * (part * (1.0 - part) / all + Z * Z / (4.0 * all * all)).sqrt(),
        );
        let bound = |value: f64| (value / (1.0 + Z * Z / all)).clamp(0.0, 1.0);
        let between = match sampled {
            0 => [0.0, 1.0],
            // Nothing is left to estimate.
            _ if sampled == records => [part, part],
            _ => [bound(centre - spread), bound(centre + spread)],
        };
        Self { sampled, different, records, between }
    }
}

/// Compares the links of so many records of the store, chosen by a seed, of the object keys
/// whose lists show every link. Costs at most 15 requests, one for each of these records and
/// association, and those that confirm differences.
///
/// # Errors
///
/// As [`compare_with_sender`](crate::drift::compare_with_sender).
pub fn compare_sample(
    store: &Store,
    reader: &Reader,
    settings: &DriftSettings,
    size: usize,
    seed: u64,
) -> Result<(Comparison, SampleEstimate), DriftError> {
    let location = &*reader.settings().location;
    let local = read_local(store, location)?;
    let layer = reader.listed_objects()?;
    let definitions: BTreeMap<String, Association> =
        layer.associations.into_iter().map(|it| (it.id.as_str().to_owned(), it)).collect();
    let (chosen, records) = choose(&local.state, &layer.objects, size, seed);
    let known = local.state.associations.clone().into_iter().chain(definitions.clone());
    let things = reader.things(known.map(|(_, association)| association));
    let mut upstream = State { associations: definitions, ..State::default() };
    for record in &chosen {
        let relations = things.links(record)?.into_iter();
        upstream.relations.extend(relations.map(|it| (it.id.as_str().to_owned(), it)));
    }
    let scope = Scope {
        only: [What::Relation].into(),
        objects: reader.settings().objects.clone(),
        associations: reader.settings().associations.clone(),
        ..Scope::default()
    };
    let differences = compare(&upstream, &of_records(&local, &chosen), &scope);
    let (seq, relations) = (local.seq, local.state.relations.len());
    // Confirming takes long, and needs neither.
    drop((upstream, local));
    let confirming = Confirming { things, store, location, settle: settings.settle };
    let findings = confirming.confirm(differences, settings.confirm_max)?;
    let counted = findings.iter().filter(|it| matches!(it.verdict, Verdict::Confirmed { .. }));
    let named: BTreeSet<(&str, &str)> = counted.flat_map(ends).collect();
    let differs = |it: &&RecordRef| named.contains(&(it.object.as_str(), it.id.as_str()));
    let different = chosen.iter().filter(differs).count();
    let estimate = SampleEstimate::new(chosen.len(), different, records);
    let report = Report {
        location: location.to_owned(),
        requests: reader.requests(),
        unreachable: layer.unreachable,
        ..Report::default()
    };
    Ok((Comparison { seq, relations, findings, report: Some(report) }, estimate))
}

/// Chooses records of some object keys. Returns them, and how many there are.
fn choose(state: &State, objects: &[String], size: usize, seed: u64) -> (Vec<RecordRef>, usize) {
    let mut sample = Sample::new(size, seed);
    let mut all: BTreeMap<String, RecordRef> = BTreeMap::new();
    for (id, keys) in &state.records {
        for key in keys.iter().filter(|key| objects.contains(key)) {
            let record = RecordRef { object: key.as_str().into(), id: id.as_str().into() };
            let name = format!("{key}/{id}");
            sample.offer(&Sampled { record: name.clone(), relations: Vec::new() });
            all.insert(name, record);
        }
    }
    let chosen = sample.take().into_iter().filter_map(|it| all.get(&it.record).cloned());
    (chosen.collect(), all.len())
}

/// Returns what a store has of the links of some records.
fn of_records(local: &Local, chosen: &[RecordRef]) -> State {
    let chosen: BTreeSet<(&str, &str)> =
        chosen.iter().map(|it| (it.object.as_str(), it.id.as_str())).collect();
    let is_chosen = |it: &RecordRef| chosen.contains(&(it.object.as_str(), it.id.as_str()));
    let touches = |it: &Relation| is_chosen(&it.first) || is_chosen(&it.second);
    let relations = local.state.relations.iter().filter(|(_, it)| touches(it));
    State {
        associations: local.state.associations.clone(),
        relations: relations.map(|(id, it)| (id.clone(), it.clone())).collect(),
        ..State::default()
    }
}

/// Returns the records at the ends of a relation, as either side has it.
fn ends(finding: &Finding) -> impl Iterator<Item = (&str, &str)> {
    let difference: &Difference = &finding.difference;
    let sides = [difference.upstream(), difference.local()].into_iter().flatten();
    let ends = sides.filter_map(|it| match it {
        Thing::Relation(it) => Some([&it.first, &it.second]),
        _ => None,
    });
    ends.flatten().map(|it| (it.object.as_str(), it.id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Wilson's interval as tables give them.
    #[test]
    fn the_interval_is_wilsons() {
        for (sampled, different, low, high) in [
            (0, 0, 0.0, 1.0),
            (200, 0, 0.0, 0.0188),
            (200, 2, 0.0027, 0.0357),
            (10, 5, 0.2366, 0.7634),
            (100, 100, 0.9630, 1.0),
        ] {
            let [found_low, found_high] = SampleEstimate::new(sampled, different, 9_999).between;
            assert!((found_low - low).abs() < 5e-4, "{sampled} {different}: {found_low}");
            assert!((found_high - high).abs() < 5e-4, "{sampled} {different}: {found_high}");
        }
        assert!(SampleEstimate::new(10, 1, 10).between.iter().all(|it| (it - 0.1).abs() < 1e-9));
    }
}
