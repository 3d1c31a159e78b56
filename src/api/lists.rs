//! Links, and what there is.

use serde::{Serialize, Serializer};

use crate::api::{At, PageInfo};
use crate::graph::{AssociationCount, Counts, Link, LinkPage, ObjectCount, RecordItem};
use crate::model::Seq;
use crate::store::Erasure;

/// The cursor that goes on behind a place.
pub fn place_cursor(place: u32) -> String {
    format!("c{place:08x}")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    pub label: Option<&'a str>,
    pub own_label: Option<&'a str>,
    pub side: &'static str,
    pub association: &'a str,
    pub association_key: Option<&'a str>,
    pub association_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<&'a str>,
    pub at: Option<At>,
    pub seq: Seq,
}

impl<'a> From<&Link<'a>> for LinkBody<'a> {
    fn from(link: &Link<'a>) -> Self {
        Self {
            object: link.object,
            record: link.record,
            label: link.label,
            own_label: link.own_label,
            side: link.side.as_str(),
            association: link.association,
            association_key: link.association_key,
            association_type: link.association_type,
            relation: link.relation,
            at: link.at.map(At),
            seq: link.seq,
        }
    }
}

#[derive(Serialize)]
pub struct LinksResponse<'a> {
    #[serde(serialize_with = "each_link")]
    pub links: &'a [Link<'a>],
    /// Absent where it is not known without a scan.
    pub total: Option<u64>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// Bodies one by one: a list of them would cost more than writing them does.
fn each_link<S: Serializer>(links: &[Link<'_>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(links.iter().map(LinkBody::from))
}

impl<'a> LinksResponse<'a> {
    pub fn new(page: &'a LinkPage<'a>, seq: Seq) -> Self {
        Self {
            links: &page.links,
            total: page.total,
            listed: PageInfo::of(page.next.map(|next| next.to_string()), page.complete, seq),
        }
    }
}

#[derive(Serialize)]
pub struct RecordBody<'a> {
    pub record: &'a str,
    pub links: u64,
}

impl<'a> From<&RecordItem<'a>> for RecordBody<'a> {
    fn from(line: &RecordItem<'a>) -> Self {
        Self { record: line.record, links: line.links }
    }
}

#[derive(Serialize)]
pub struct RecordsResponse<'a> {
    pub records: Vec<RecordBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

#[derive(Serialize)]
pub struct ObjectBody<'a> {
    pub object: &'a str,
    pub associations: u64,
    pub records: u64,
}

impl<'a> From<&ObjectCount<'a>> for ObjectBody<'a> {
    fn from(count: &ObjectCount<'a>) -> Self {
        let ObjectCount { object, associations, records, .. } = *count;
        Self { object, associations, records }
    }
}

#[derive(Serialize)]
pub struct ObjectsResponse<'a> {
    pub objects: Vec<ObjectBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationBody<'a> {
    pub id: &'a str,
    pub key: &'a str,
    pub association_type: &'a str,
    pub first_object_key: &'a str,
    pub first_object_label: &'a str,
    pub second_object_key: &'a str,
    pub second_object_label: &'a str,
    pub first_object_to_second_object_cardinality: Option<&'a str>,
    pub second_object_to_first_object_cardinality: Option<&'a str>,
    pub relations: u64,
}

impl<'a> From<&AssociationCount<'a>> for AssociationBody<'a> {
    fn from(count: &AssociationCount<'a>) -> Self {
        let association = count.association;
        Self {
            id: association.id.as_str(),
            key: &association.key,
            association_type: &association.association_type,
            first_object_key: association.first.object.as_str(),
            first_object_label: &association.first.label,
            second_object_key: association.second.object.as_str(),
            second_object_label: &association.second.label,
            first_object_to_second_object_cardinality: association.first_to_second.as_deref(),
            second_object_to_first_object_cardinality: association.second_to_first.as_deref(),
            relations: count.relations,
        }
    }
}

#[derive(Serialize)]
pub struct AssociationsResponse<'a> {
    pub associations: Vec<AssociationBody<'a>>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CountsBody {
    pub objects: u64,
    pub associations: u64,
    pub records: u64,
    pub relations: u64,
    pub pending_associations: u64,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        let Counts { objects, associations, records, relations, pending_associations } = counts;
        Self { objects, associations, records, relations, pending_associations }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationBody {
    pub location_id: String,
    #[serde(flatten)]
    pub counts: CountsBody,
}

#[derive(Serialize)]
pub struct LocationsResponse {
    pub locations: Vec<LocationBody>,
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// What was there of a location that was erased.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseResponse {
    pub location_id: String,
    pub events: u64,
    pub dead_letters: u64,
    pub objects: u64,
    pub associations: u64,
    pub records: u64,
    pub relations: u64,
    pub log_emptied: bool,
}

impl EraseResponse {
    pub fn new(erased: &Erasure) -> Self {
        Self {
            location_id: erased.location.to_string(),
            events: erased.events,
            dead_letters: erased.dead_letters,
            objects: erased.counts.objects,
            associations: erased.counts.associations,
            records: erased.counts.records,
            relations: erased.counts.relations,
            log_emptied: erased.log_emptied,
        }
    }
}
