//! Answers about locations: counts, and what was erased.

use serde::Serialize;

use crate::api::PageInfo;
use crate::graph::Counts;
use crate::store::Erasure;

/// Counts over one location.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CountsBody {
    /// Number of object keys.
    pub objects: u64,
    /// Number of associations that are known and not deleted.
    pub associations: u64,
    /// Number of records.
    pub records: u64,
    /// Number of visible relations.
    pub relations: u64,
    /// Number of associations that relations name and no event has defined.
    pub pending_associations: u64,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        let Counts { objects, associations, records, relations, pending_associations } = counts;
        Self { objects, associations, records, relations, pending_associations }
    }
}

/// A location and its counts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationBody {
    /// Its id.
    pub location_id: String,
    /// What people call it; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its counts.
    #[serde(flatten)]
    pub counts: CountsBody,
}

/// The answer of `GET /v1/locations`.
#[derive(Serialize)]
pub struct LocationsResponse {
    /// The locations.
    pub locations: Vec<LocationBody>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// The answer of `DELETE /v1/locations/…`: what was erased.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseResponse {
    /// Id of the location.
    pub location_id: String,
    /// Number of its events.
    pub events: u64,
    /// Number of its dead letters.
    pub dead_letters: u64,
    /// Number of its object keys.
    pub objects: u64,
    /// Number of its associations.
    pub associations: u64,
    /// Number of its records.
    pub records: u64,
    /// Number of its relations.
    pub relations: u64,
    /// Whether SQLite's write-ahead log was emptied, too.
    pub log_emptied: bool,
}

impl EraseResponse {
    /// Returns the answer for this erasure.
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
