//! Repairing a store: events that make it as the sender is.

use crate::drift::comparison::Comparison;
use crate::drift::difference::{Kind, Thing, What};
use crate::drift::error::DriftError;
use crate::drift::finding::Finding;
use crate::drift::local::newest_event;
use crate::drift::mass_delete::check_mass_delete;
use crate::drift::repair_events::{RepairEvents, is_there};
use crate::drift::repair_writing::{Repair, RepairEvent, Write, write_to_server, write_to_store};
use crate::graph::{Draft, LocationGraph, Outcome};
use crate::model::{Seq, Stamp, Timestamp};
use crate::pull::ServerDestination;
use crate::store::{Delivery, Store};
use crate::webhook::Decoded;

/// Events that are committed together.
const BATCH: usize = 500;

/// How a store is repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepairSettings {
    /// Applies what a dump says, as of this time: nothing of it is confirmed.
    pub trust_dump: Option<Timestamp>,
    /// Applies it even if a great part of the relations would go.
    pub allow_mass_delete: bool,
}

/// What is to be done about a difference.
enum Plan {
    Append(Box<RepairEvent>),
    Done(Repair),
}

/// Writes events that remove differences: a create where something is missing, a delete where
/// something is extra, an update where a definition differs. Returns what became of each
/// finding, in their order.
///
/// A create is undated, as of a pull, unless something dated hides the thing; deletes carry
/// the sender's time of when it was confirmed. Each event is written only if the greatest
/// event of its thing is still the one that was compared.
///
/// # Errors
///
/// [`DriftError::MassDelete`] if more than 20 relations and more than a twentieth of them would
/// go, unless the settings allow it. Nothing is written then.
pub fn repair(
    store: &Store,
    location: &str,
    comparison: &Comparison,
    settings: &RepairSettings,
) -> Result<Vec<Repair>, DriftError> {
    let mut write = |_, events| write_to_store(store, location, events);
    repair_by(&mut write, store, location, comparison, settings)
}

/// Repairs as [`repair`] does, by sending the events to the server that writes to the store,
/// which is open [for reading only](Store::open_read_only).
pub fn repair_by_server(
    server: &ServerDestination,
    store: &Store,
    location: &str,
    comparison: &Comparison,
    settings: &RepairSettings,
) -> Result<Vec<Repair>, DriftError> {
    let mut write = |seen, events: Vec<_>| write_to_server(server, store, seen, &events);
    repair_by(&mut write, store, location, comparison, settings)
}

fn repair_by(
    write: Write<'_>,
    store: &Store,
    location: &str,
    comparison: &Comparison,
    settings: &RepairSettings,
) -> Result<Vec<Repair>, DriftError> {
    let findings = &comparison.findings;
    let at = |finding: &Finding| match &comparison.report {
        Some(_) => finding.confirmed_at(),
        None => settings.trust_dump,
    };
    if !settings.allow_mass_delete {
        let certain = findings.iter().filter(|it| at(it).is_some()).map(|it| &it.difference);
        check_mass_delete(store, location, certain)?;
    }
    let mut repairs = vec![Repair::Left; findings.len()];
    // What relations need comes before them, and what hides them, too.
    for what in What::ALL {
        let of_kind: Vec<(usize, &Finding, Timestamp)> = findings
            .iter()
            .enumerate()
            .filter(|(_, finding)| finding.difference.what() == what)
            .filter_map(|(place, finding)| Some((place, finding, at(finding)?)))
            .collect();
        for batch in of_kind.chunks(BATCH) {
            for (place, repair) in apply(write, store, location, batch)? {
                if let Some(slot) = repairs.get_mut(place) {
                    *slot = repair;
                }
            }
        }
    }
    Ok(repairs)
}

/// Plans and commits some repairs.
fn apply(
    write: Write<'_>,
    store: &Store,
    location: &str,
    batch: &[(usize, &Finding, Timestamp)],
) -> Result<Vec<(usize, Repair)>, DriftError> {
    let mut events = RepairEvents::new(location);
    let seen = store.refresh()?;
    let known = store.location(location)?;
    let (mut done, mut places, mut planned) = (Vec::new(), Vec::new(), Vec::new());
    for &(place, finding, at) in batch {
        let plan = match &known {
            Some(known) => plan(&known.read(), seen + 1, &mut events, finding, at),
            None => plan(&LocationGraph::new(), seen + 1, &mut events, finding, at),
        };
        match plan {
            Plan::Done(repair) => done.push((place, repair)),
            Plan::Append(event) => {
                places.push(place);
                planned.push(*event);
            }
        }
    }
    if !planned.is_empty() {
        done.extend(places.into_iter().zip(write(seen, planned)?));
    }
    Ok(done)
}

/// Plans one repair by trying events on a draft: the first that has the effect is written.
fn plan(
    graph: &LocationGraph,
    next: Seq,
    events: &mut RepairEvents<'_>,
    finding: &Finding,
    at: Timestamp,
) -> Plan {
    let difference = &finding.difference;
    if newest_event(graph, difference) != finding.newest {
        return Plan::Done(Repair::Skipped);
    }
    if is_repaired(graph, finding) {
        return Plan::Done(Repair::Applied(None));
    }
    // A dated create or update would hide undated events that follow: it is the last resort.
    let times: &[Option<Timestamp>] = match difference.kind() {
        Kind::Missing => &[None, Some(at)],
        Kind::Extra => &[Some(at)],
        Kind::Different => match finding.newest.and_then(Stamp::at) {
            None => &[None],
            Some(_) => &[Some(at)],
        },
    };
    for &time in times {
        let Some(body) = events.of(difference, time, at) else {
            return Plan::Done(Repair::Left);
        };
        let delivery = match Delivery::read(body.as_bytes(), None, None) {
            Ok(delivery) => delivery,
            Err(error) => return Plan::Done(Repair::Refused(error.to_string())),
        };
        if has_effect(graph, next, &delivery, finding) {
            return Plan::Append(Box::new(RepairEvent { delivery, newest: finding.newest }));
        }
    }
    Plan::Done(Repair::Clock)
}

/// Returns whether another event has removed a difference meanwhile: a link goes with its
/// association, and comes with it.
fn is_repaired(graph: &LocationGraph, finding: &Finding) -> bool {
    let difference = &finding.difference;
    match difference.kind() {
        Kind::Missing => difference.upstream().is_some_and(|it| is_there(graph, it)),
        Kind::Extra => difference.local().is_some_and(|it| !is_there(graph, it)),
        Kind::Different => false,
    }
}

/// Returns whether an event removes a difference.
fn has_effect(graph: &LocationGraph, next: Seq, delivery: &Delivery, finding: &Finding) -> bool {
    let Decoded::Event(event) = delivery.decoded() else { return false };
    let mut draft = Draft::default();
    let outcome = draft.merge(graph, next, event);
    let difference = &finding.difference;
    match difference.upstream() {
        Some(Thing::Relation(it)) => draft.relation(graph, it.id.as_str()).is_some(),
        Some(Thing::Record(it)) => draft.shows_record(graph, &it.object, it.id.as_str()),
        _ => outcome == Outcome::Applied,
    }
}
