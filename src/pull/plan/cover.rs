//! Which records to list: every relation shows in the lists of both of its records, so it is
//! enough to list those of object keys that touch every association.

use std::collections::BTreeSet;

/// Most object keys for which every choice is tried; beyond it the choice is a good one.
const EXACT_KEYS: usize = 16;

/// An association between two object keys, by their places in the list of weights.
pub(crate) type Ends = (usize, usize);

/// Object keys that touch every association that can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    /// Places of the object keys.
    pub(crate) chosen: BTreeSet<usize>,
    /// Places of associations of which neither end can be listed.
    pub(crate) unreachable: Vec<usize>,
}

/// Chooses the cheapest set of object keys. `weights` are the requests that listing the records
/// of each takes, `None` if they cannot be listed.
///
/// # Performance
///
/// Costs up to 65,536 passes over the associations.
pub(crate) fn cheapest(weights: &[Option<u64>], associations: &[Ends]) -> Cover {
    let weight = |key: usize| weights.get(key).copied().flatten();
    let is_unreachable = |ends: &Ends| weight(ends.0).is_none() && weight(ends.1).is_none();
    let mut cover = Cover::default();
    let mut open: BTreeSet<Ends> = BTreeSet::new();
    for (at, ends) in associations.iter().enumerate() {
        if is_unreachable(ends) {
            cover.unreachable.push(at);
        } else if weight(ends.1).is_none() || ends.0 == ends.1 {
            cover.chosen.insert(ends.0);
        } else if weight(ends.0).is_none() {
            cover.chosen.insert(ends.1);
        } else {
            open.insert(*ends);
        }
    }
    open.retain(|(a, b)| !cover.chosen.contains(a) && !cover.chosen.contains(b));
    let keys: Vec<usize> =
        open.iter().flat_map(|(a, b)| [*a, *b]).collect::<BTreeSet<_>>().into_iter().collect();
    let cost = |key: usize| u128::from(weight(key).unwrap_or_default());
    let more =
        if keys.len() <= EXACT_KEYS { best_of_all(&keys, &open, cost) } else { greedy(open, cost) };
    cover.chosen.extend(more);
    cover
}

/// Returns the cheapest of all sets; of several, that of fewest keys.
fn best_of_all(
    keys: &[usize],
    open: &BTreeSet<Ends>,
    cost: impl Fn(usize) -> u128,
) -> BTreeSet<usize> {
    let chosen = |set: u32| {
        let of = move |(at, key): (usize, &usize)| (set & (1 << at) != 0).then_some(*key);
        keys.iter().enumerate().filter_map(of).collect::<BTreeSet<usize>>()
    };
    let place = |key: &usize| keys.binary_search(key).map_or(0, |at| 1_u32 << at);
    let needs: Vec<u32> = open.iter().map(|(a, b)| place(a) | place(b)).collect();
    let costs: Vec<u128> = keys.iter().map(|key| cost(*key)).collect();
    let price = |set: u32| -> (u128, u32) {
        let held = costs.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        (held.map(|(_, cost)| cost).sum(), set.count_ones())
    };
    let sets = 0..1_u32 << keys.len();
    let covers = sets.filter(|set| needs.iter().all(|need| set & need != 0));
    covers.min_by_key(|set| price(*set)).map(chosen).unwrap_or_default()
}

/// Takes the cheaper end of whichever association is left, the cheapest first.
fn greedy(mut open: BTreeSet<Ends>, cost: impl Fn(usize) -> u128) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    loop {
        let degree = |key: usize| open.iter().filter(|(a, b)| *a == key || *b == key).count();
        // What a key costs for each association that it covers.
        let price = |key: usize| cost(key) * 1_000 / (degree(key).max(1) as u128);
        let ends = open.iter().flat_map(|(a, b)| [*a, *b]);
        let Some(best) = ends.min_by_key(|key| (price(*key), *key)) else { return chosen };
        open.retain(|(a, b)| *a != best && *b != best);
        chosen.insert(best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(weights: &[u64], associations: &[Ends]) -> Vec<usize> {
        let weights: Vec<_> = weights.iter().copied().map(Some).collect();
        cheapest(&weights, associations).chosen.into_iter().collect()
    }

    const CONTACT: usize = 0;
    const OPPORTUNITY: usize = 1;
    const BUSINESS: usize = 2;
    const PROPERTY: usize = 3;

    #[test]
    fn the_many_are_read_from_the_few() {
        let sizes = [50_000, 10_000, 5_000, 20_000];
        let mut joins = vec![
            (CONTACT, PROPERTY),
            (OPPORTUNITY, CONTACT),
            (BUSINESS, CONTACT),
            (PROPERTY, OPPORTUNITY),
        ];
        assert_eq!(chosen(&sizes, &joins), [OPPORTUNITY, BUSINESS, PROPERTY]);
        // A link between two contacts shows in no other list.
        joins.push((CONTACT, CONTACT));
        assert_eq!(chosen(&sizes, &joins), [CONTACT, OPPORTUNITY]);
        assert_eq!(chosen(&[300_000, 2_000], &[(0, 1)]), [1]);
        assert_eq!(chosen(&[300_000], &[(0, 0)]), [0]);
        assert_eq!(chosen(&[300_000], &[]), [0; 0]);
    }

    #[test]
    fn what_cannot_be_listed_is_read_from_the_other_end_or_not_at_all() {
        let weights = [Some(1_000_000), None, None];
        let cover = cheapest(&weights, &[(1, 0), (0, 0), (1, 2), (2, 2)]);
        assert_eq!(cover.chosen.into_iter().collect::<Vec<_>>(), [0]);
        assert_eq!(cover.unreachable, [2, 3]);
    }

    /// Every choice, one after another.
    fn naive(weights: &[u64], associations: &[Ends]) -> u64 {
        let sets = 0..1_u32 << weights.len();
        let has = |set: u32, key: usize| set & (1 << key) != 0;
        let covers =
            sets.filter(|set| associations.iter().all(|(a, b)| has(*set, *a) || has(*set, *b)));
        let price = |set: u32| -> u64 {
            weights.iter().enumerate().filter(|(key, _)| has(set, *key)).map(|(_, it)| it).sum()
        };
        covers.map(price).min().unwrap()
    }

    #[test]
    fn no_set_is_cheaper() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let keys = random.usize(1..9);
            let weights: Vec<u64> = (0..keys).map(|_| random.u64(0..50)).collect();
            let associations: Vec<Ends> = (0..random.usize(0..14))
                .map(|_| (random.usize(0..keys), random.usize(0..keys)))
                .collect();
            let found = chosen(&weights, &associations);
            let price: u64 = found.iter().map(|key| weights[*key]).sum();
            assert_eq!(price, naive(&weights, &associations), "{weights:?} {associations:?}");
            for (a, b) in associations {
                assert!(found.contains(&a) || found.contains(&b));
            }
        }
    }

    #[test]
    fn many_keys_are_covered_without_trying_all() {
        let mut random = fastrand::Rng::with_seed(8);
        let weights: Vec<u64> = (0..200).map(|_| random.u64(1..1_000)).collect();
        let associations: Vec<Ends> =
            (0..900).map(|_| (random.usize(0..200), random.usize(0..200))).collect();
        let found = chosen(&weights, &associations);
        assert!(associations.iter().all(|(a, b)| found.contains(a) || found.contains(b)));
    }
}
