//! The links that a killed process has left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use relata::Store;
use relata::graph::Layers;

use crate::support::server::Error;

/// The links between the records of a location.
pub(crate) struct Links {
    /// The ids of all.
    pub(crate) ids: BTreeSet<String>,
    /// How many there are from each record.
    pub(crate) from: BTreeMap<String, usize>,
}

impl Links {
    /// Reads them from a database, which is opened for that and closed again.
    pub(crate) fn read(db: &Path, location: &str) -> Result<Self, Error> {
        let store = Store::open(db)?;
        let location = store.location(location)?.ok_or("nothing was written")?;
        let snapshot = location.read().snapshot();
        let (mut ids, mut from) = (BTreeSet::new(), BTreeMap::new());
        for link in snapshot.links(Layers::Records) {
            ids.insert(link.relation.unwrap().to_owned());
            *from.entry(link.first.record.unwrap().to_owned()).or_default() += 1;
        }
        drop(location);
        store.close()?;
        Ok(Self { ids, from })
    }
}
