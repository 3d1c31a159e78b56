//! The differences between two points in time.

use serde::Serialize;

use crate::api::{AssociationBody, EdgeBody, PageInfo, place_cursor};
use crate::graph::{AssociationCount, AssociationDiff, LinkDiff};
use crate::model::Seq;

/// The answer of `GET …/diff`.
#[derive(Serialize)]
pub struct DiffResponse<'a> {
    /// The last event of the earlier state.
    pub from: Seq,
    /// The last event of the later state.
    pub to: Seq,
    /// Associations that differ.
    pub associations: AssociationDiffBody<'a>,
    /// Relations that only the later state has.
    pub added: Vec<EdgeBody<'a>>,
    /// Relations that only the earlier state has.
    pub removed: Vec<EdgeBody<'a>>,
    /// Where the list of relations continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// The associations that differ.
#[derive(Serialize)]
pub struct AssociationDiffBody<'a> {
    /// Those that only the later state has.
    pub added: Vec<AssociationBody<'a>>,
    /// Those that only the earlier state has.
    pub removed: Vec<AssociationBody<'a>>,
    /// Those that are defined differently.
    pub renamed: Vec<RenamedBody<'a>>,
}

/// An association that both states have, defined differently.
#[derive(Serialize)]
pub struct RenamedBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its later key.
    pub key: &'a str,
    /// Its definition in the earlier state.
    pub before: AssociationBody<'a>,
    /// Its definition in the later state.
    pub after: AssociationBody<'a>,
}

impl<'a> DiffResponse<'a> {
    /// Returns the answer for the states as of these events.
    pub fn new(
        (from, to): (Seq, Seq),
        associations: &AssociationDiff<'a>,
        links: &LinkDiff<'a>,
    ) -> Self {
        let next = links.next.map(place_cursor);
        Self {
            from,
            to,
            associations: AssociationDiffBody::new(associations),
            added: links.added.iter().map(EdgeBody::from).collect(),
            removed: links.removed.iter().map(EdgeBody::from).collect(),
            listed: PageInfo::of(next, links.complete, to),
        }
    }
}

impl<'a> AssociationDiffBody<'a> {
    fn new(diff: &AssociationDiff<'a>) -> Self {
        let renamed =
            |(before, after): &(AssociationCount<'a>, AssociationCount<'a>)| RenamedBody {
                id: after.association.id.as_str(),
                key: &after.association.key,
                before: before.into(),
                after: after.into(),
            };
        Self {
            added: diff.added.iter().map(AssociationBody::from).collect(),
            removed: diff.removed.iter().map(AssociationBody::from).collect(),
            renamed: diff.renamed.iter().map(renamed).collect(),
        }
    }
}
