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

/// Returns an error if removing differences would delete a great part of the relations. Costs
/// the location, unless too little is removed for that.
pub(crate) fn check_mass_delete<'d>(
    store: &Store,
    location: &str,
    differences: impl Iterator<Item = &'d Difference>,
) -> Result<(), DriftError> {
    let removed = Removed::of(differences);
    if removed.is_little() {
        return Ok(());
    }
    let state = read_local(store, location)?.state;
    let (going, alive) = (removed.going(&state), state.relations.len());
    if going > ALWAYS && going.saturating_mul(ONE_IN) > alive {
        return Err(DriftError::MassDelete { going, alive });
    }
    Ok(())
}

/// Things that are removed, and relations with them.
#[derive(Default)]
struct Removed<'d> {
    relations: BTreeSet<&'d str>,
    associations: BTreeSet<&'d str>,
    records: BTreeSet<(&'d str, &'d str)>,
}

impl<'d> Removed<'d> {
    fn of(differences: impl Iterator<Item = &'d Difference>) -> Self {
        let mut removed = Self::default();
        for difference in differences.filter(|it| it.kind() == Kind::Extra) {
            match difference.local() {
                Some(Thing::Relation(it)) => drop(removed.relations.insert(it.id.as_str())),
                Some(Thing::Association(it)) => drop(removed.associations.insert(it.id.as_str())),
                Some(Thing::Record(it)) => {
                    removed.records.insert((it.object.as_str(), it.id.as_str()));
                }
                Some(Thing::Object(_)) | None => {}
            }
        }
        removed
    }

    /// Returns whether no more relations go than always may, whatever the location has.
    fn is_little(&self) -> bool {
        self.associations.is_empty() && self.records.is_empty() && self.relations.len() <= ALWAYS
    }

    /// Counts the relations that go: by themselves, with a record or with an association.
    fn going(&self, state: &State) -> usize {
        let goes = |end: &RecordRef| self.records.contains(&(end.object.as_str(), end.id.as_str()));
        let all = state.relations.values();
        all.filter(|it| {
            self.relations.contains(it.id.as_str())
                || self.associations.contains(it.association.as_str())
                || goes(&it.first)
                || goes(&it.second)
        })
        .count()
    }
}
