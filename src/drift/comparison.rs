//! Comparing a location of a store with the sender, or with a dump.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use crate::drift::compare::compare;
use crate::drift::confirming::{Confirming, findings};
use crate::drift::difference::What;
use crate::drift::error::DriftError;
use crate::drift::finding::{Finding, Verdict};
use crate::drift::local::read_local;
use crate::drift::scope::Scope;
use crate::drift::state::State;
use crate::model::Seq;
use crate::pull::{Progress, Reader, Report};
use crate::store::{LineOutcome, Store};

/// How a comparison is done.
#[derive(Debug, Clone)]
pub struct DriftSettings {
    /// Only these kinds of things; all if empty.
    pub only: BTreeSet<What>,
    /// How long webhooks may take to arrive, before a thing is read again.
    pub settle: Duration,
    /// Maximum number of differences to confirm, at one or two requests each.
    pub confirm_max: usize,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self { only: BTreeSet::new(), settle: Duration::from_secs(60), confirm_max: 5_000 }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The last event of the store when it began.
    pub seq: Seq,
    /// Number of relations that the store shows.
    pub relations: usize,
    /// The differences; those that webhooks have settled meanwhile are not among them.
    pub findings: Vec<Finding>,
    /// What was read from the sender; `None` for a dump.
    pub report: Option<Report>,
}

impl Comparison {
    /// Returns whether everything that was asked for was read.
    pub fn is_complete(&self) -> bool {
        self.report.as_ref().is_none_or(Report::is_complete)
    }
}

/// Compares a location of a store with the sender. The store may be open
/// [for reading only](Store::open_read_only), beside the server that receives webhooks.
///
/// A difference counts only if the same one is there when the thing is read by itself after
/// the time that webhooks may take. Costs a pull, and one or two requests for each difference.
///
/// # Errors
///
/// [`DriftError::Stopped`] if it was stopped before all was compared.
pub fn compare_with_sender(
    store: &Store,
    reader: &Reader,
    settings: &DriftSettings,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Comparison, DriftError> {
    let read = reader.settings();
    let location = &*read.location;
    let local = read_local(store, location)?;
    let mut upstream = State::default();
    let report = reader.read(&mut upstream, None, observe)?;
    if let Some(reason) = report.stopped {
        return Err(DriftError::Stopped(reason));
    }
    let scope = Scope {
        only: settings.only.clone(),
        objects: read.objects.clone(),
        associations: read.associations.clone(),
        record_objects: Some(report.records.keys().cloned().collect()),
        unreachable: report.unreachable.iter().cloned().collect(),
    };
    let differences = compare(&upstream, &local.state, &scope);
    let relations = local.state.relations.len();
    // Lists of relations under an association that the sender does not know are read, too.
    // Confirming takes long, and needs nothing else of the two states.
    let known = local.state.into_associations().chain(upstream.into_associations());
    let things = reader.things(known);
    let confirming = Confirming { things, store, location, settle: settings.settle };
    let findings = confirming.confirm(differences, settings.confirm_max)?;
    let report = Report { requests: reader.requests(), ..report };
    Ok(Comparison { seq: local.seq, relations, findings, report: Some(report) })
}

/// Compares a location of a store with a dump of events, one a line, gzip or not. Nothing is
/// confirmed.
///
/// # Errors
///
/// If the dump has a line that is no event, or none of the location.
pub fn compare_with_dump(
    store: &Store,
    location: &str,
    dump: impl Read,
    only: &BTreeSet<What>,
) -> Result<Comparison, DriftError> {
    let upstream = Store::in_memory().map_err(|error| DriftError::Dump(error.to_string()))?;
    let mut refused = None;
    upstream.import().read(dump, |line| {
        if let LineOutcome::Refused(refusal) = line.outcome {
            refused.get_or_insert_with(|| format!("line {}: {}", line.number, refusal.error));
        }
        Ok(())
    })?;
    if let Some(why) = refused {
        return Err(DriftError::Dump(why));
    }
    let Some(found) = upstream.location(location)? else {
        return Err(DriftError::Dump(format!("the dump has no event of location {location}")));
    };
    let upstream = State::of(&found.read());
    let local = read_local(store, location)?;
    let scope = Scope { only: only.clone(), ..Scope::default() };
    let differences = compare(&upstream, &local.state, &scope);
    let unconfirmed = differences.into_iter().map(|it| (it, Verdict::Unconfirmed)).collect();
    let findings = findings(store, location, unconfirmed)?;
    Ok(Comparison {
        seq: local.seq,
        relations: local.state.relations.len(),
        findings,
        report: None,
    })
}
