//! What differs between two moments.

use serde::Serialize;

use crate::api::{AssociationBody, EdgeBody, PageInfo, place_cursor};
use crate::graph::{AssociationCount, AssociationDiff, LinkDiff};
use crate::model::Seq;

#[derive(Serialize)]
pub struct DiffResponse<'a> {
    pub from: Seq,
    pub to: Seq,
    pub associations: AssociationDiffBody<'a>,
    pub added: Vec<EdgeBody<'a>>,
    pub removed: Vec<EdgeBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

#[derive(Serialize)]
pub struct AssociationDiffBody<'a> {
    pub added: Vec<AssociationBody<'a>>,
    pub removed: Vec<AssociationBody<'a>>,
    pub renamed: Vec<RenamedBody<'a>>,
}

/// An association that is defined anew.
#[derive(Serialize)]
pub struct RenamedBody<'a> {
    pub id: &'a str,
    pub key: &'a str,
    pub before: AssociationBody<'a>,
    pub after: AssociationBody<'a>,
}

impl<'a> DiffResponse<'a> {
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
