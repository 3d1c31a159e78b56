//! What a verification has found, in the order of the locations.

use std::collections::BTreeMap;

use crate::graph::Difference;
use crate::model::LocationId;

/// Number of differences held beyond those that are reported.
const HELD_MAX: usize = 1_000;

/// The locations that differ, by their place in the list, and the first differences.
#[derive(Debug)]
pub(super) struct Findings {
    limit: usize,
    held: usize,
    by_place: BTreeMap<usize, (LocationId, Vec<Difference>)>,
}

impl Findings {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, held: 0, by_place: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, place: usize, id: &LocationId, differences: Vec<Difference>) {
        if differences.is_empty() {
            return;
        }
        self.held += differences.len();
        self.by_place.insert(place, (id.clone(), differences));
        if self.held > self.limit.saturating_add(HELD_MAX) {
            self.drop_unreported();
        }
    }

    /// Drops the differences that come after as many as are reported.
    fn drop_unreported(&mut self) {
        let mut room = self.limit;
        for (_, differences) in self.by_place.values_mut() {
            differences.truncate(room);
            differences.shrink_to_fit();
            room -= differences.len();
        }
        self.held = self.limit - room;
    }

    /// Returns the locations that differ, and adds their differences to those found before,
    /// up to the limit in all.
    pub(super) fn finish(self, found: &mut Vec<Difference>) -> Vec<LocationId> {
        let mut differing = Vec::with_capacity(self.by_place.len());
        for (id, differences) in self.by_place.into_values() {
            let room = self.limit.saturating_sub(found.len());
            found.extend(differences.into_iter().take(room));
            differing.push(id);
        }
        differing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store of which nothing was right held twenty differences of each location.
    #[test]
    fn the_differences_of_many_locations_are_held_up_to_a_limit() {
        let mut findings = Findings::new(3);
        for place in (0..10_000).rev() {
            let difference = |number: usize| Difference {
                thing: format!("{place} {number}"),
                left: String::new(),
                right: String::new(),
            };
            let id = LocationId::from(format!("L{place}"));
            findings.add(place, &id, (0..2).map(difference).collect());
            let held: usize = findings.by_place.values().map(|(_, of_it)| of_it.len()).sum();
            assert!(held <= HELD_MAX + 3, "{held}");
        }
        let mut found = Vec::new();
        let differing = findings.finish(&mut found);
        assert_eq!((differing.len(), differing[0].as_str()), (10_000, "L0"));
        let things: Vec<&str> = found.iter().map(|it| it.thing.as_str()).collect();
        assert_eq!(things, ["0 0", "0 1", "1 0"]);
    }
}
