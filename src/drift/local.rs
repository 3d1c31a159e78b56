//! A location of a store as one side of a comparison.

use crate::drift::difference::{Difference, Thing};
use crate::drift::error::DriftError;
use crate::drift::state::{State, thing_in};
use crate::graph::{Draft, LocationGraph};
use crate::model::{Change, ObjectSchema, Seq, Stamp};
use crate::store::Store;

/// A location of a store as it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Local {
    /// What is visible of it.
    pub(crate) state: State,
    /// The last event that the store had.
    pub(crate) seq: Seq,
}

/// Reads a location of a store as it is now, also beside the process that writes to it. Costs
/// the location.
pub(crate) fn read_local(store: &Store, location: &str) -> Result<Local, DriftError> {
    let seq = store.refresh()?;
    let state = store.location(location)?.map(|it| State::of(&it.read())).unwrap_or_default();
    Ok(Local { state, seq })
}

/// Returns what a store shows now of the thing of each difference. Costs a look-up for each.
pub(crate) fn things_now<'d>(
    store: &Store,
    location: &str,
    differences: impl Iterator<Item = &'d Difference>,
) -> Result<Vec<Option<Thing>>, DriftError> {
    store.refresh()?;
    let known = store.location(location)?;
    let thing = |difference: &Difference| thing_in(&known.as_ref()?.read(), difference);
    Ok(differences.map(thing).collect())
}

/// Returns the greatest event of the thing of each difference.
pub(crate) fn newest_events<'d>(
    store: &Store,
    location: &str,
    differences: impl Iterator<Item = &'d Difference>,
) -> Result<Vec<Option<Stamp>>, DriftError> {
    let known = store.location(location)?;
    let newest = |difference: &Difference| {
        let graph = known.as_ref()?.read();
        newest_event(&graph, difference)
    };
    Ok(differences.map(newest).collect())
}

/// Returns the greatest event of the thing of a difference: of the one that the store has, if
/// it has one.
pub(crate) fn newest_event(graph: &LocationGraph, difference: &Difference) -> Option<Stamp> {
    let change = match difference.local().or(difference.upstream())? {
        Thing::Object(object) => Change::ObjectSchema(ObjectSchema {
            key: object.key.clone(),
            singular: None,
            plural: None,
            primary: None,
        }),
        Thing::Association(association) => Change::Association(association.clone()),
        Thing::Record(record) => Change::Record {
            object: Some(record.object.clone()),
            id: record.id.clone(),
            properties: Box::default(),
        },
        Thing::Relation(relation) => Change::Relation(relation.clone()),
    };
    Draft::default().newest(graph, &change)
}
