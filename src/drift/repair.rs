//! Repairing a store: events that make it as the sender is.

use crate::drift::comparison::Comparison;
use crate::drift::difference::{Kind, Thing, What};
use crate::drift::error::DriftError;
use crate::drift::finding::Finding;
use crate::drift::local::newest_event;
use crate::drift::mass_delete::check_mass_delete;
use crate::drift::repair_events::{RepairEvents, is_there};
use crate::graph::{Draft, LocationGraph, Outcome};
use crate::model::{LocationId, Seq, Stamp, Timestamp};
use crate::store::{
    Condition, Delivery, Mutation, MutationRefusal, Mutations, Store, Thing as Written,
};
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

/// What became of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// It is gone: by this event, or by one about another thing.
    Applied(Option<Seq>),
    /// The thing has changed since it was compared.
    Skipped,
    /// An event about the thing is dated later than the sender's clock was when it was asked.
    Clock,
    /// It is not certain, or of a kind that is only reported.
    Left,
    /// The store refuses the event.
    Refused(String),
}

impl Repair {
    /// Returns the name, as reports have it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Skipped => "skipped",
            Self::Clock => "clock",
            Self::Left => "left",
            Self::Refused(_) => "refused",
        }
    }
}

/// What is to be done about a difference.
enum Plan {
    Append(Box<Mutation>),
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
            for (place, repair) in apply(store, location, batch)? {
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
    store: &Store,
    location: &str,
    batch: &[(usize, &Finding, Timestamp)],
) -> Result<Vec<(usize, Repair)>, DriftError> {
    let mut events = RepairEvents::new(location);
    let known = store.location(location)?;
    let next = store.head() + 1;
    let (mut done, mut places, mut mutations) = (Vec::new(), Vec::new(), Vec::new());
    for &(place, finding, at) in batch {
        let plan = match &known {
            Some(known) => plan(&known.read(), next, &mut events, finding, at),
            None => plan(&LocationGraph::new(), next, &mut events, finding, at),
        };
        match plan {
            Plan::Done(repair) => done.push((place, repair)),
            Plan::Append(mutation) => {
                places.push(place);
                mutations.push(*mutation);
            }
        }
    }
    if mutations.is_empty() {
        return Ok(done);
    }
    let location = LocationId::from(location);
    let written = store.mutate(Mutations { location, trace_id: None, mutations })?;
    let repairs = written.outcomes.into_iter().map(|outcome| match outcome {
        Ok(it) if matches!(it.thing, Written::Event(_)) => Repair::Applied(it.seq),
        Ok(_) | Err(MutationRefusal::ConditionFailed { .. }) => Repair::Skipped,
        Err(refusal) => Repair::Refused(refusal.to_string()),
    });
    done.extend(places.into_iter().zip(repairs));
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
            let condition =
                finding.newest.map_or(Condition::Unknown, |it| Condition::NewestIs(it.seq()));
            let delivery = Box::new(delivery);
            return Plan::Append(Box::new(Mutation::Append { delivery, condition }));
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
