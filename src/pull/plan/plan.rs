//! Which records' links are read, and by which method.

use std::collections::{BTreeMap, BTreeSet};

use crate::pull::error::PullError;
use crate::pull::plan::cover::cheapest;
use crate::pull::plan::settings::{Method, ReadSettings};
use crate::pull::plan::survey::{KeySurvey, ObjectLayer};

/// Which records' links are read, and by which method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The object keys whose records' links are read, each with the method to begin with.
    pub(crate) methods: BTreeMap<String, Method>,
    /// Keys of associations that cannot be read from either end.
    pub(crate) unreachable: Vec<String>,
    /// Object keys whose records the token may not list, and why.
    pub(crate) refused: BTreeMap<String, String>,
}

/// Chooses what to list.
pub(crate) fn plan(
    settings: &ReadSettings,
    layer: &ObjectLayer,
    keys: &[KeySurvey],
) -> Result<Plan, PullError> {
    let place = |object: &str| keys.iter().position(|key| key.object.as_str() == object);
    let weights: Vec<Option<u64>> =
        keys.iter().map(|key| key.first.as_ref().map(|_| key.count.number())).collect();
    let associations: Vec<_> = layer
        .definitions
        .all()
        .filter_map(|it| {
            Some((it, (place(it.first.object.as_str())?, place(it.second.object.as_str())?)))
        })
        .collect();
    let ends: Vec<_> = associations.iter().map(|(_, ends)| *ends).collect();
    let cover = cheapest(&weights, &ends);
    let refused = keys
        .iter()
        .filter_map(|key| key.refused.clone().map(|why| (key.object.as_str().to_owned(), why)));
    let refused: BTreeMap<String, String> = refused.collect();
    let mut unreachable = Vec::new();
    for at in cover.unreachable {
        let Some((association, _)) = associations.get(at) else { continue };
        let ends = [&association.first, &association.second];
        // A better token reads them. Lists that the sender does not have are only left out.
        let refused = ends.iter().filter_map(|end| keys.get(place(end.object.as_str())?));
        let mut refused = refused.filter(|key| !key.is_missing);
        if let Some(why) = refused.find_map(|key| key.refused.clone()) {
            return Err(PullError::Refused(why));
        }
        unreachable.push(association.key.to_string());
    }
    let mut chosen = cover.chosen;
    if settings.both_ends {
        let all: BTreeSet<usize> = ends.iter().flat_map(|(a, b)| [*a, *b]).collect();
        chosen.extend(all.into_iter().filter(|at| weights.get(*at).is_some_and(Option::is_some)));
    }
    let methods = chosen.into_iter().filter_map(|at| keys.get(at)).map(|key| {
        let best = if key.embeds { Method::Embedded } else { Method::List };
        (key.object.as_str().to_owned(), settings.method.unwrap_or(best))
    });
    Ok(Plan { methods: methods.collect(), unreachable, refused })
}
