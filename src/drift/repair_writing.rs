//! Writing the events of a repair: to a store, or to the server that has it open.

use crate::drift::error::DriftError;
use crate::model::{LocationId, Seq, Stamp};
use crate::pull::{ImportedLine, PullError, ServerDestination, StopReason};
use crate::store::{
    Condition, Delivery, Mutation, MutationRefusal, Mutations, Store, Thing as Written,
};

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

/// An event that repairs a store.
pub(crate) struct RepairEvent {
    pub(crate) delivery: Delivery,
    /// The greatest event of its thing when it was planned.
    pub(crate) newest: Option<Stamp>,
}

/// Writes events that were planned when this was the last event, each only if its thing has
/// not changed since. Returns what became of each.
pub(crate) type Write<'w> =
    &'w mut dyn FnMut(Seq, Vec<RepairEvent>) -> Result<Vec<Repair>, DriftError>;

pub(crate) fn write_to_store(
    store: &Store,
    location: &str,
    events: Vec<RepairEvent>,
) -> Result<Vec<Repair>, DriftError> {
    let mutation = |RepairEvent { delivery, newest }| {
        let condition = newest.map_or(Condition::Unknown, |it| Condition::NewestIs(it.seq()));
        Mutation::Append { delivery: Box::new(delivery), condition }
    };
    let mutations = events.into_iter().map(mutation).collect();
    let location = LocationId::from(location);
    let written = store.mutate(Mutations { location, trace_id: None, mutations })?;
    let repairs = written.outcomes.into_iter().map(|outcome| match outcome {
        Ok(it) if matches!(it.thing, Written::Event(_)) => Repair::Applied(it.seq),
        Ok(_) | Err(MutationRefusal::ConditionFailed { .. }) => Repair::Skipped,
        Err(refusal) => Repair::Refused(refusal.to_string()),
    });
    Ok(repairs.collect())
}

/// Sends events to the server that writes to the store. It leaves out each event whose thing a
/// later event than the last one seen has changed, and refuses all if it has another store.
pub(crate) fn write_to_server(
    server: &ServerDestination,
    store: &Store,
    seen: Seq,
    events: &[RepairEvent],
) -> Result<Vec<Repair>, DriftError> {
    let lines: Vec<&str> = events.iter().map(|it| &*it.delivery.body).collect();
    let (lines, epoch) = (lines.join("\n"), store.epochs().current().to_string());
    let written = server.write_unchanged_since(seen, &epoch, lines.as_bytes());
    let written = written.map_err(|error| match error {
        PullError::Stopped(StopReason::Unanswered(why)) => DriftError::Store(why),
        error => error.into(),
    })?;
    if written.len() != events.len() {
        return Err(DriftError::Store("the server does not say what became of all events".into()));
    }
    let repair = |line: ImportedLine| match &*line.status {
        "applied" => Repair::Applied(line.seq),
        "refused" => Repair::Refused(line.detail.unwrap_or_default()),
        _ => Repair::Skipped,
    };
    Ok(written.into_iter().map(repair).collect())
}
