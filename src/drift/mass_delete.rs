//! A guard against a token that cannot see everything: to it, all is gone.

use std::collections::BTreeSet;

use crate::drift::difference::{Difference, Kind, Thing};
use crate::drift::error::DriftError;
use crate::drift::local::read_local;
use crate::drift::state::State;
use crate::model::RecordRef;
use crate::store::Store;

/// Relations that may always go.
const ALWAYS: usize = 20;

/// The part of the relations that may go: one in so many.
const ONE_IN: usize = 20;

/// Returns an error if removing differences would delete a great part of the relations.
pub(crate) fn check_mass_delete<'d>(
    store: &Store,
    location: &str,
    differences: impl Iterator<Item = &'d Difference>,
) -> Result<(), DriftError> {
    let state = read_local(store, location)?.state;
    let (going, alive) = (going(&state, differences), state.relations.len());
    if going > ALWAYS && going.saturating_mul(ONE_IN) > alive {
        return Err(DriftError::MassDelete { going, alive });
    }
    Ok(())
}

/// Counts the relations that go: by themselves, with a record or with an association.
fn going<'d>(state: &State, differences: impl Iterator<Item = &'d Difference>) -> usize {
    let (mut relations, mut associations) = (BTreeSet::new(), BTreeSet::new());
    let mut records: BTreeSet<(&str, &str)> = BTreeSet::new();
    for difference in differences.filter(|it| it.kind() == Kind::Extra) {
        match difference.local() {
            Some(Thing::Relation(it)) => drop(relations.insert(it.id.as_str())),
            Some(Thing::Association(it)) => drop(associations.insert(it.id.as_str())),
            Some(Thing::Record(it)) => drop(records.insert((it.object.as_str(), it.id.as_str()))),
            Some(Thing::Object(_)) | None => {}
        }
    }
    let goes = |end: &RecordRef| records.contains(&(end.object.as_str(), end.id.as_str()));
    let all = state.relations.values();
    all.filter(|it| {
        relations.contains(it.id.as_str())
            || associations.contains(it.association.as_str())
            || goes(&it.first)
            || goes(&it.second)
    })
    .count()
}
